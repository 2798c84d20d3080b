/** `coldpool sweep`: a scenario at many settings, on all cores or on workers of a bus; it can be stopped at any time and goes on later. */
import { ColdpoolError } from '#shared/errors.ts'
import { logLevel } from '#shared/observe/log-level.ts'
import { openLog } from '#shared/observe/log.ts'
import { printable } from '#shared/scenario/problems.ts'
import { formatTime } from '#shared/units.ts'
import { connectWire } from '#simulation/cluster/connect.ts'
import { busSettings, clusterName, DEFAULT_CLUSTER } from '#simulation/cluster/settings.ts'
import { readScenarioText, readSweepText, scenarioOfSweep } from '#simulation/scenario-file.ts'
import type { Crew } from '#simulation/sweep/crew.ts'
import { checkSettings } from '#simulation/sweep/mistakes.ts'
import { carryOut, createSweep, openSweep, type SweepFolder } from '#simulation/sweep/sweep.ts'
import { parseSweep, type Sweep, sweepOf } from '#simulation/sweep/sweep-file.ts'
import { EXIT_INTERRUPTED, type Interrupt, listenForInterrupt } from './interrupt.ts'
import type { Io } from './io.ts'
import { type Gauge, showGauge } from './progress.ts'
import { RUNS_MAX, workersOption } from './workers.ts'

export interface SweepFlags {
  readonly resume?: string
  readonly workers?: string
  readonly bus?: string
  readonly cluster?: string
  readonly out: string
  readonly json?: true
  readonly quiet?: true
}

/** Gives the exit code. */
export async function sweep(file: string | undefined, flags: SweepFlags, io: Io): Promise<number> {
  const { out, json = false, quiet = false } = flags
  if (out === '') throw new ColdpoolError('CP_OPTION', '--out', 'got ""', 'the name of a folder')
  if ((file === undefined) === (flags.resume === undefined)) {
    const problem = file === undefined ? 'neither a file nor --resume is given' : 'a file and --resume are given'
    throw new ColdpoolError('CP_OPTION', 'FILE', problem, 'one of the two')
  }
  const threads = workersOption(flags.workers, RUNS_MAX)
  const network = networkOf(flags)
  using progress = showGauge(json || quiet ? undefined : io.stderr)
  using folder = file === undefined ? openSweep(flags.resume!) : begin(file, out, progress)
  using interrupt = listenForInterrupt(
    io,
    `the sweep stops now and keeps what was run; "coldpool sweep --resume ${folder.path}" goes on`,
  )
  await using crew = await crewOf(folder.sweep, threads, network, interrupt.signal, io)
  if (!(await carried(folder, crew, interrupt, progress))) return EXIT_INTERRUPTED
  progress.end()
  const { conclude } = await import('#simulation/sweep/conclusion.ts')
  const { data, text } = await conclude(folder)
  io.stdout.write(json ? `${JSON.stringify(data, null, 2)}\n` : text)
  return 0
}

/** Everything is checked before anything is made. */
function begin(file: string, out: string, progress: Gauge): SweepFolder {
  const text = readSweepText(file)
  const form = parseSweep(text, file)
  const given = sweepOf(form, readScenarioText(scenarioOfSweep(form.scenario, file)))
  const all = given.settings.length
  checkSettings(given, (checked) => progress.show(checked, all, () => `${checked} of ${all} settings checked`))
  return createSweep(out, text, given)
}

/** Whether it was carried to its end. */
async function carried(folder: SweepFolder, crew: Crew, interrupt: Interrupt, progress: Gauge): Promise<boolean> {
  const all = folder.sweep.variants.length
  const before = folder.log.outcomes.size
  const startedMs = performance.now()
  const show = (done: number): void =>
    progress.show(done, all, () => {
      const leftMs = ((performance.now() - startedMs) / (done - before)) * (all - done)
      return `${done} of ${all} variants · ${done === before ? 'begins' : `${formatTime(leftMs * 1e6)} left`}`
    })
  show(before)
  try {
    await carryOut(folder, crew, interrupt.signal, show)
    return true
  } catch (error) {
    if (interrupt.signal.aborted) return false
    throw error
  }
}

async function crewOf(
  given: Sweep,
  threads: number | undefined,
  network: { readonly bus: string; readonly cluster: string } | undefined,
  signal: AbortSignal,
  io: Io,
): Promise<Crew & AsyncDisposable> {
  if (network === undefined) {
    const { Threads } = await import('#simulation/sweep/crew.ts')
    const crew = new Threads(given, threads)
    return Object.assign(crew, { [Symbol.asyncDispose]: () => Promise.resolve() })
  }
  const [{ Dealer }, { SCENARIO_CHARACTERS_MAX }] = await Promise.all([
    import('#simulation/sweep/dealer.ts'),
    import('#simulation/sweep/bus-messages.ts'),
  ])
  const { length } = given.scenarioText
  if (length > SCENARIO_CHARACTERS_MAX) {
    const expected = `at most ${SCENARIO_CHARACTERS_MAX} to send it over a bus`
    throw new ColdpoolError('CP_SCENARIO_SIZE', printable(given.scenario), `has ${length} characters`, expected)
  }
  const log = openLog('sweep', logLevel(undefined, 'warn'))
  const wire = await connectWire(busSettings({ bus: network.bus }), 'coldpool sweep', log, { signal })
  const onNotice = (notice: string): void => void io.stderr.write(`${notice}\n`)
  const crew = new Dealer({ wire, cluster: network.cluster, sweep: given, onNotice })
  return Object.assign(crew, { [Symbol.asyncDispose]: () => wire.close() })
}

/** Undefined if the sweep runs here. */
function networkOf({ bus, cluster, workers }: SweepFlags): { readonly bus: string; readonly cluster: string } | undefined {
  if (bus === undefined && cluster !== undefined)
    throw new ColdpoolError('CP_OPTION', '--cluster', 'no bus is named', '--bus as well')
  if (bus === undefined) return undefined
  if (workers !== undefined) throw new ColdpoolError('CP_OPTION', '--workers', 'the workers on a bus have their own', 'no --bus')
  busSettings({ bus })
  return { bus, cluster: clusterName({ cluster }) ?? DEFAULT_CLUSTER }
}
