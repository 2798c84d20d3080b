/** `coldpool run`: scenario and injections are read and checked whole before anything is made or simulated. */
import { resolve } from 'node:path'
import { ColdpoolError } from '#shared/errors.ts'
import { loadScenario } from '#shared/scenario.ts'
import { logLevel } from '#shared/observe/log-level.ts'
import { parsePace } from '#simulation/cluster/pacer.ts'
import { busSettings, clusterName } from '#simulation/cluster/settings.ts'
import { type DashboardFlags, dashboardSettings } from '#simulation/dashboard/settings.ts'
import { parseInjections } from '#simulation/injections.ts'
import type { Progress } from '#simulation/progress.ts'
import { readInjectionsText, readScenarioText } from '#simulation/scenario-file.ts'
import { EXIT_INTERRUPTED, listenForInterrupt } from './interrupt.ts'
import type { Io } from './io.ts'
import { type FieldOptions, fieldOverrides } from './options.ts'
import { BEHIND_SECONDS, showProgress, showReading } from './progress.ts'
import { workersOption } from './workers.ts'

/** More is a slip. */
const WORKERS_MAX = 64

export interface RunFlags extends FieldOptions, DashboardFlags {
  readonly set?: readonly string[]
  readonly injections?: string
  readonly out: string
  readonly json?: true
  readonly quiet?: true
  readonly bus?: string
  readonly cluster?: string
  readonly processes?: true
  readonly log?: string
  readonly pace?: string
  readonly perfetto?: string
  readonly workers?: string
}

/** Gives the exit code. */
export async function run(file: string, flags: RunFlags, io: Io): Promise<number> {
  const { out, json = false, quiet = false } = flags
  if (out === '') throw new ColdpoolError('CP_OPTION', '--out', 'got ""', 'the name of a folder')
  const overrides = [...(flags.set ?? []), ...fieldOverrides(flags)]
  const { scenario, yaml } = loadScenario(readScenarioText(file), file, overrides)
  const { injections } = flags
  const script = injections === undefined ? undefined : parseInjections(readInjectionsText(injections), injections, scenario)

  const pace = parsePace(flags.pace ?? 'max', '--pace')
  const network = networkOf(flags)
  const dashboard = boardOf(flags)
  const tracePath = traceOf(file, flags)
  const workers = workersOf(flags)

  // Loaded only now, so that a slip in the scenario is told at once.
  const { renderVerdict, runScenario } = await import('#simulation/run.ts')
  using traceFile =
    tracePath === undefined ? undefined : (await import('#simulation/perfetto/trace.ts')).openTrace(tracePath, scenario)
  using interrupt = listenForInterrupt(io)
  const shown = json || quiet ? undefined : io.stderr
  using reading = showReading(shown)
  using progress = showProgress(shown)
  let behindSeconds = 0
  const input = { scenario, yaml, out, ...(script && { script }) }
  const onProgress = (now: Progress): void => {
    behindSeconds = now.behindSeconds ?? 0
    progress.show(now)
  }
  const options = { signal: interrupt.signal, onProgress, onReading: reading.show, pace }
  await using board = dashboard && new (await import('./dashboard.ts')).RunBoard(dashboard, io)
  const live = network ? undefined : await board?.live()
  const onCluster = network && board && ((cluster: string) => board.follow(network.bus, cluster, network.log, interrupt.signal))
  const result = network
    ? await (
        await import('#simulation/cluster/local-run.ts')
      ).runOverNats(input, {
        ...options,
        ...network,
        ...(onCluster && { onCluster }),
      })
    : await runScenario(input, { ...options, ...(live && { live }), ...(traceFile && { traceFile }), workers })
  progress.end()
  if (behindSeconds >= BEHIND_SECONDS) io.stderr.write(`the run fell behind its pace by ${behindSeconds.toFixed(1)} s\n`)
  const text = json ? JSON.stringify(result.verdict, null, 2) : renderVerdict(result)
  io.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
  if (interrupt.signal.aborted) return EXIT_INTERRUPTED
  // From here on it ends the page, not the run.
  interrupt[Symbol.dispose]()
  await board?.untilInterrupted()
  return 0
}

/** Undefined if no dashboard is asked for. */
function boardOf(flags: RunFlags) {
  if (flags.dashboard !== undefined) return dashboardSettings(flags)
  if (flags.dashboardHost === undefined) return undefined
  throw new ColdpoolError('CP_OPTION', '--dashboard-host', 'no dashboard is asked for', '--dashboard as well')
}

/** Where the run's trace goes; undefined if none is asked for. */
function traceOf(file: string, { perfetto, bus, injections }: RunFlags): string | undefined {
  if (perfetto === undefined) return undefined
  if (perfetto === '') throw new ColdpoolError('CP_OPTION', '--perfetto', 'got ""', 'the name of a file')
  if (bus !== undefined) throw new ColdpoolError('CP_OPTION', '--perfetto', 'mail that goes over a bus is not traced', 'no --bus')
  for (const input of [file, injections]) {
    if (input !== undefined && resolve(input) === resolve(perfetto))
      throw new ColdpoolError('CP_OPTION', '--perfetto', `got ${input}, which the run reads`, 'another file')
  }
  return perfetto
}

/** Over how many threads the actors are spread. */
function workersOf({ workers, bus, perfetto }: RunFlags): number {
  const threads = workersOption(workers, WORKERS_MAX) ?? 1
  if (threads > 1 && bus !== undefined)
    throw new ColdpoolError('CP_OPTION', '--workers', 'mail that goes over a bus has its stages in processes', 'no --bus')
  if (threads > 1 && perfetto !== undefined)
    throw new ColdpoolError('CP_OPTION', '--workers', 'mail between threads is not traced', 'no --perfetto')
  return threads
}

/** Where the run's mail goes; undefined: nowhere, it stays in this process. */
function networkOf(flags: RunFlags) {
  const { processes = false } = flags
  if (flags.bus !== undefined) {
    return { bus: busSettings(flags), cluster: clusterName(flags), processes, log: logLevel(flags.log, 'warn') }
  }
  for (const option of ['processes', 'cluster', 'log'] as const) {
    if (flags[option] !== undefined)
      throw new ColdpoolError('CP_OPTION', `--${option}`, 'no bus is named', '--bus nats://… as well')
  }
  return undefined
}
