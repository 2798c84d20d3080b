/** A run: scenario → actors → bus → verdict and run folder. Start here. */
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { ActorId, Telemetry } from '#shared/actor.ts'
import type { Bus } from '#shared/bus/bus.ts'
import { MemoryBus } from '#shared/bus/memory.ts'
import { Script } from '#shared/command.ts'
import type { Scenario } from '#shared/scenario.ts'
import { NS_PER_S, quantumAt } from '#shared/time.ts'
import { conduct, type GrantState } from '#services/conductor/grants.ts'
import { Cast } from './actors.ts'
import { paced, Pacer } from './cluster/pacer.ts'
import type { LiveRun } from './dashboard/live-run.ts'
import { RunFolder } from './folder.ts'
import { Ledger, type RunResult } from './ledger.ts'
import type { RunTrace } from './perfetto/trace.ts'
import type { TraceFile } from './perfetto/trace-file.ts'
import type { Progress } from './progress.ts'
import type { OnReading } from './reference-file.ts'
import { lookEvery, quantaASecond } from './telling.ts'
import { Spread } from './threads/spread.ts'
import { stageFrom } from './threads/stage-from.ts'
import { telemetryOf, type Verdict } from './verdict.ts'

export type { Progress, RunResult, Verdict }
export { renderVerdict } from './render.ts'

export interface RunInput {
  readonly scenario: Scenario
  /** The scenario as text, for the run folder. */
  readonly yaml: string
  /** Where the run folder is made; undefined: no folder. */
  readonly out: string | undefined
  /** What operators ask for on the way (injections.ts); default: nothing. */
  readonly script?: Script
}

export interface RunOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
  /** Hears of the files that are read before the run begins. */
  readonly onReading?: OnReading
  /** Hears every sample of metrics. */
  readonly onSample?: (telemetry: Readonly<Record<ActorId, Telemetry>>) => void
  /** Virtual seconds a second of wall time; default 0, as fast as possible. */
  readonly pace?: number
  /** Who watches, and may act. */
  readonly live?: LiveRun
  /** Gets the run as a trace (perfetto/trace.ts). */
  readonly traceFile?: TraceFile
  /** Threads over which the actors are spread, at most; default: this one alone. Not with a trace. */
  readonly workers?: number
}

/** How long the loop computes before it lets timers and signals through. */
const BREATH_MS = 50
/** So often a run that waits looks whether somebody has asked for something. */
const LOOK_MS = 20

export async function runScenario(input: RunInput, options: RunOptions = {}): Promise<RunResult> {
  const { scenario, script = new Script() } = input
  const startedMs = performance.now()
  const cast = new Cast(scenario, options.onReading)
  const conductor = cast.conductor()
  const spread = Spread.over(options.workers ?? 1, cast)
  const { signal, pace = 0, live, traceFile } = options
  const trace = traceFile && new (await import('./perfetto/trace.ts')).RunTrace(traceFile, cast)
  // First, for other threads make their stages while this one makes its own.
  await using bus = await busFor(scenario, spread, trace, options.onReading)
  // Before there is a folder, for a file that an actor reads may be wrong.
  const stage = stageFrom(cast, 0, spread, (ordinal) => (ordinal === conductor.ordinal ? conductor : cast.actor(ordinal)))
  const folder = input.out === undefined ? undefined : RunFolder.create(input.out, scenario, input.yaml)
  for (const stamped of script.added) folder?.injection(stamped)
  const pacer = new Pacer(pace, () => performance.now())
  const ledger = new Ledger(cast, folder, paced(pacer, options.onProgress))
  await bus.join(0, stage)
  live?.begin({ cast, conductor, pacer, script, folder })
  // All at once, for one that comes first need not be the one that was admitted first.
  for (const { command } of script.added) cast.learn(command)
  const end = quantumAt(scenario.duration, scenario.quantum)
  let breathedMs = startedMs
  // Cut short by an interrupt.
  const breathe = (milliseconds: number): Promise<void> =>
    milliseconds === 0 ? setImmediate() : sleep(milliseconds, undefined, signal && { signal }).catch(() => {})
  /** Until the next quantum may come. */
  const waitMsOf = ({ quantum, last }: GrantState): number =>
    pacer.waitMs((Math.min(quantum, script.nextFrom(last + 1)) * scenario.quantum) / NS_PER_S)
  const attend = async (state: GrantState): Promise<boolean> => {
    for (;;) {
      await live?.attend(state)
      const waitMs = waitMsOf(state)
      await breathe(live ? Math.min(waitMs, LOOK_MS) : waitMs)
      breathedMs = performance.now()
      if (signal?.aborted === true || live?.ending === true) return false
      if (waitMsOf(state) === 0 && live?.waiting !== true) return true
    }
  }
  const outcome = await conduct(bus, {
    end,
    sampleEvery: scenario.sample / scenario.quantum,
    ...(live && { lookEvery: lookEvery(scenario), attentive: quantaASecond(scenario) }),
    script,
    ...(spread.apart && script.added.length === 0 && !live && pace === 0 && { mayStepAhead: () => !conductor.anyLeft }),
    proceed: (state) => {
      const quiet = waitMsOf(state) === 0 && live?.waiting !== true
      return (quiet && performance.now() - breathedMs < BREATH_MS) || attend(state)
    },
    onReports: (quantum, reports, sample) => {
      const told = ledger.reports(quantum, reports, sample)
      trace?.reports(quantum, told, sample)
      live?.reports(quantum, told)
      if (sample) options.onSample?.(telemetryOf(reports))
      return !conductor.allLeft || script.nextFrom(quantum + 1) < end
    },
  })
  trace?.finish(outcome.ended, outcome.final)
  // The end is a sample too, where one is due then.
  if (outcome.ended === end && end % (scenario.sample / scenario.quantum) === 0) options.onSample?.(telemetryOf(outcome.final))
  const result = ledger.finish(outcome, bus.name, (performance.now() - startedMs) / 1000)
  live?.reports(outcome.ended, outcome.final)
  live?.end(outcome.ended)
  if (result.folder !== undefined) {
    const { AT_END, writeReport } = await import('./report/report.ts')
    await writeReport(result.folder, AT_END)
  }
  return result
}

type ClosingBus = Bus & AsyncDisposable

/** Threads are loaded and started only where there is more than one. It closes itself, also when the run fails. */
async function busFor(
  scenario: Scenario,
  spread: Spread,
  trace: RunTrace | undefined,
  onReading: OnReading | undefined,
): Promise<ClosingBus> {
  const bus =
    spread.stages > 1
      ? (await import('./threads/threads.ts')).openThreads(scenario, spread, onReading)
      : new MemoryBus(trace && ((bag) => trace.carry(bag)))
  return Object.assign(bus, { [Symbol.asyncDispose]: () => bus.close() })
}
