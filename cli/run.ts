/** `coldpool run`: scenario and injections are read and checked whole before anything is made or simulated. */
import { ColdpoolError } from '#shared/errors.ts'
import { loadScenario } from '#shared/scenario.ts'
import { parseInjections } from '#simulation/injections.ts'
import { readInjectionsText, readScenarioText } from '#simulation/scenario-file.ts'
import { EXIT_INTERRUPTED, listenForInterrupt } from './interrupt.ts'
import type { Io } from './io.ts'
import { type FieldOptions, fieldOverrides } from './options.ts'
import { showProgress } from './progress.ts'

export interface RunFlags extends FieldOptions {
  readonly set?: readonly string[]
  readonly injections?: string
  readonly out: string
  readonly json?: true
  readonly quiet?: true
}

/** Gives the exit code. */
export async function run(file: string, flags: RunFlags, io: Io): Promise<number> {
  const { out, json = false, quiet = false } = flags
  if (out === '') throw new ColdpoolError('CP_OPTION', '--out', 'got ""', 'the name of a folder')
  const overrides = [...(flags.set ?? []), ...fieldOverrides(flags)]
  const { scenario, yaml } = loadScenario(readScenarioText(file), file, overrides)
  const { injections } = flags
  const script = injections === undefined ? undefined : parseInjections(readInjectionsText(injections), injections, scenario)

  // Loaded only now, so that a slip in the scenario is told at once.
  const { renderVerdict, runScenario } = await import('#simulation/run.ts')
  using interrupt = listenForInterrupt(io)
  using progress = showProgress(json || quiet ? undefined : io.stderr)
  const result = await runScenario(
    { scenario, yaml, out, ...(script && { script }) },
    { signal: interrupt.signal, onProgress: progress.show },
  )
  progress.end()
  const text = json ? JSON.stringify(result.verdict, null, 2) : renderVerdict(result)
  io.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
  return interrupt.signal.aborted ? EXIT_INTERRUPTED : 0
}
