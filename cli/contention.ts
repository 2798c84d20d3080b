/** `coldpool contention`: a scenario together and each host alone; every run is known to be sound before the first begins. */
import { join } from 'node:path'
import { ColdpoolError } from '#shared/errors.ts'
import { printable } from '#shared/scenario/problems.ts'
import { NS_PER_S } from '#shared/time.ts'
import type { RunRecord } from '#simulation/contention.ts'
import type { Progress } from '#simulation/progress.ts'
import { readScenarioText } from '#simulation/scenario-file.ts'
import { EXIT_INTERRUPTED, listenForInterrupt } from './interrupt.ts'
import type { Io } from './io.ts'
import { type FieldOptions, fieldOverrides } from './options.ts'
import { showProgress } from './progress.ts'

export interface ContentionFlags extends FieldOptions {
  readonly set?: readonly string[]
  readonly out?: string
  readonly json?: true
  readonly quiet?: true
}

/** Gives the exit code. */
export async function contention(file: string, flags: ContentionFlags, io: Io): Promise<number> {
  const { out, json = false, quiet = false } = flags
  if (out === '') throw new ColdpoolError('CP_OPTION', '--out', 'got ""', 'the name of a folder')
  const text = readScenarioText(file)
  const { Averages, compare, contenders, contentionRuns } = await import('#simulation/contention.ts')
  const runs = contentionRuns(text, file, [...(flags.set ?? []), ...fieldOverrides(flags)])
  const { scenario } = runs[0]!
  const hosts = contenders(scenario)
  if (hosts.length < 2) {
    throw new ColdpoolError(
      'CP_COMMAND',
      printable(file),
      `got workloads on ${hosts.join()} alone`,
      'workloads on two hosts at least',
    )
  }

  const [{ runScenario }, { renderContention }] = await Promise.all([
    import('#simulation/run.ts'),
    import('#simulation/contention-table.ts'),
  ])
  using interrupt = listenForInterrupt(io)
  using progress = showProgress(json || quiet ? undefined : io.stderr)
  const totalSeconds = scenario.duration / NS_PER_S
  const startedMs = performance.now()
  const records = new Map<string, RunRecord>()
  for (const [i, { name, ...input }] of runs.entries()) {
    const samples = new Averages(input.scenario)
    const onProgress = (now: Progress): void =>
      progress.show({
        ...now,
        label: `${name}, run ${i + 1} of ${runs.length}`,
        virtualSeconds: i * totalSeconds + now.virtualSeconds,
        totalSeconds: runs.length * totalSeconds,
      })
    const result = await runScenario(
      { ...input, out: out === undefined ? undefined : join(out, name) },
      { signal: interrupt.signal, onProgress, onSample: (telemetry) => samples.add(telemetry) },
    )
    if (interrupt.signal.aborted) {
      progress.end()
      io.stderr.write(`${i} of ${runs.length} runs were done, too few to compare\n`)
      return EXIT_INTERRUPTED
    }
    records.set(name, { ...result, samples })
  }
  progress.end()
  const result = compare(scenario, records, (performance.now() - startedMs) / 1000)
  io.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : renderContention(result))
  return 0
}
