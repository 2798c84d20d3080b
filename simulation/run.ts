/** A run: scenario → actors → bus → verdict and run folder. Start here. */
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { ActorId, Telemetry } from '#shared/actor.ts'
import type { Bus } from '#shared/bus/bus.ts'
import { MemoryBus } from '#shared/bus/memory.ts'
import { Script } from '#shared/command.ts'
import type { Scenario } from '#shared/scenario.ts'
import { Stage } from '#shared/stage.ts'
import { NS_PER_S, quantumAt } from '#shared/time.ts'
import { conduct } from '#services/conductor/grants.ts'
import { Cast } from './actors.ts'
import { paced, Pacer } from './cluster/pacer.ts'
import { RunFolder } from './folder.ts'
import { Ledger, type RunResult } from './ledger.ts'
import type { Progress } from './progress.ts'
import { AT_END, writeReport } from './report/report.ts'
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
  /** Hears every sample of metrics. */
  readonly onSample?: (telemetry: Readonly<Record<ActorId, Telemetry>>) => void
  /** Virtual seconds a second of wall time; default 0, as fast as possible. */
  readonly pace?: number
}

/** How long the loop computes before it lets timers and signals through. */
const BREATH_MS = 50

export async function runScenario(input: RunInput, options: RunOptions = {}): Promise<RunResult> {
  const { scenario, script = new Script() } = input
  const startedMs = performance.now()
  const cast = new Cast(scenario)
  const folder = input.out === undefined ? undefined : RunFolder.create(input.out, scenario, input.yaml)
  for (const stamped of script.commands) folder?.injection(stamped)
  const { signal, pace = 0 } = options
  const pacer = new Pacer(pace, () => performance.now())
  const ledger = new Ledger(cast, folder, paced(pacer, options.onProgress))
  const bus: Bus = new MemoryBus()
  const conductor = cast.conductor()
  const actors = cast.members.map(({ ordinal }) => (ordinal === conductor.ordinal ? conductor : cast.actor(ordinal)))
  const stage = new Stage(
    0,
    actors,
    () => 0,
    (command) => {
      const ordinal = cast.learn(command)
      return ordinal === undefined ? undefined : cast.actor(ordinal)
    },
  )
  await bus.join(0, stage)
  const end = quantumAt(scenario.duration, scenario.quantum)
  let breathedMs = startedMs
  // Cut short by an interrupt.
  const breathe = (milliseconds: number): Promise<void> =>
    milliseconds === 0 ? setImmediate() : sleep(milliseconds, undefined, signal && { signal }).catch(() => {})
  const outcome = await conduct(bus, {
    end,
    sampleEvery: scenario.sample / scenario.quantum,
    script,
    proceed: ({ quantum }) => {
      const waitMs = pacer.waitMs((quantum * scenario.quantum) / NS_PER_S)
      if (waitMs === 0 && performance.now() - breathedMs < BREATH_MS) return true
      return breathe(waitMs).then(() => {
        breathedMs = performance.now()
        return !(signal?.aborted ?? false)
      })
    },
    onReports: (quantum, reports) => {
      ledger.reports(quantum, reports)
      const telemetry = telemetryOf(reports)
      if (Object.keys(telemetry).length > 0) options.onSample?.(telemetry)
      return !conductor.allLeft || script.nextFrom(quantum + 1) < end
    },
  })
  await bus.close()
  const result = ledger.finish(outcome, bus.name, (performance.now() - startedMs) / 1000)
  if (result.folder !== undefined) await writeReport(result.folder, AT_END)
  return result
}
