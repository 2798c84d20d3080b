/** `coldpool contention`: a scenario together and each host alone; every run is known to be sound before the first begins. */
import { join } from 'node:path'
import { ColdpoolError } from '#shared/errors.ts'
import { printable } from '#shared/scenario/problems.ts'
import { NS_PER_S } from '#shared/time.ts'
import { readScenarioText } from '#simulation/scenario-file.ts'
import { EXIT_INTERRUPTED, listenForInterrupt } from './interrupt.ts'
import type { Io } from './io.ts'
import { type FieldOptions, fieldOverrides } from './options.ts'
import { showGauge } from './progress.ts'
import { RUNS_MAX, workersOption } from './workers.ts'

export interface ContentionFlags extends FieldOptions {
  readonly set?: readonly string[]
  readonly out?: string
  readonly workers?: string
  readonly json?: true
  readonly quiet?: true
}

/** Gives the exit code. */
export async function contention(file: string, flags: ContentionFlags, io: Io): Promise<number> {
  const { out, json = false, quiet = false } = flags
  if (out === '') throw new ColdpoolError('CP_OPTION', '--out', 'got ""', 'the name of a folder')
  const workers = workersOption(flags.workers, RUNS_MAX)
  const text = readScenarioText(file)
  const { compare, contentionRuns, present } = await import('#simulation/contention.ts')
  const runs = contentionRuns(text, file, [...(flags.set ?? []), ...fieldOverrides(flags)])
  const { scenario } = runs[0]!
  const hosts = present(scenario)
  if (hosts.length < 2) {
    throw new ColdpoolError(
      'CP_COMMAND',
      printable(file),
      `got workloads, files or kernel memory on ${hosts.join()} alone`,
      'some on two hosts at least',
    )
  }

  const [{ runVariants }, { renderContention }] = await Promise.all([
    import('#simulation/variants.ts'),
    import('#simulation/contention-table.ts'),
  ])
  using interrupt = listenForInterrupt(io)
  using progress = showGauge(json || quiet ? undefined : io.stderr)
  const totalSeconds = (runs.length * scenario.duration) / NS_PER_S
  const startedMs = performance.now()
  const seconds = runs.map(() => 0)
  let done = 0
  try {
    const outcomes = await runVariants(
      runs.map(({ name, yaml }) => ({ text: yaml, overrides: [], ...(out !== undefined && { out: join(out, name) }) })),
      {
        ...(workers !== undefined && { workers }),
        signal: interrupt.signal,
        onDone: () => done++,
        onProgress: (index, { virtualSeconds }) => {
          seconds[index] = virtualSeconds
          const soFar = seconds.reduce((x, y) => x + y)
          progress.show(soFar, totalSeconds, () => `${done} of ${runs.length} runs · ${soFar.toFixed(1)} of ${totalSeconds} s`)
        },
      },
    )
    progress.end()
    const records = new Map(outcomes.map((outcome, i) => [runs[i]!.name, outcome]))
    const result = compare(scenario, records, (performance.now() - startedMs) / 1000)
    io.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : renderContention(result))
    return 0
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
    progress.end()
    io.stderr.write(`${done} of ${runs.length} runs were done, too few to compare\n`)
    return EXIT_INTERRUPTED
  }
}
