/** A run: scenario → actors → bus → verdict and run folder. Start here. */
import { setImmediate } from 'node:timers/promises'
import type { Bus } from '#shared/bus/bus.ts'
import { MemoryBus } from '#shared/bus/memory.ts'
import type { Scenario } from '#shared/scenario.ts'
import { Stage } from '#shared/stage.ts'
import { NS_PER_S, quantumAt } from '#shared/time.ts'
import { conduct } from '#services/conductor/grants.ts'
import { cast } from './actors.ts'
import { Chronicle } from './chronicle.ts'
import { checkConservation } from './conservation.ts'
import { RunFolder } from './folder.ts'
import { progressOf, type Progress } from './progress.ts'
import { telemetryOf, verdictOf, type Verdict } from './verdict.ts'

export type { Progress, Verdict }
export { renderVerdict } from './render.ts'

export interface RunInput {
  readonly scenario: Scenario
  /** The scenario as text, for the run folder. */
  readonly yaml: string
  /** Where the run folder is made; undefined: no folder. */
  readonly out: string | undefined
}

export interface RunOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

export interface RunResult {
  readonly verdict: Verdict
  readonly folder: string | undefined
}

/** How long the loop computes before it lets timers and signals through. */
const BREATH_MS = 50

export async function runScenario(input: RunInput, options: RunOptions = {}): Promise<RunResult> {
  const { scenario } = input
  const startedMs = performance.now()
  const { actors, conductor, nameOf } = cast(scenario)
  const folder = input.out === undefined ? undefined : new RunFolder(input.out, scenario, input.yaml)
  const bus: Bus = new MemoryBus()
  await bus.join(0, new Stage(0, actors, () => 0))
  const chronicle = new Chronicle(scenario)
  let breathedMs = startedMs
  const outcome = await conduct(bus, {
    end: quantumAt(scenario.duration, scenario.quantum),
    sampleEvery: scenario.sample / scenario.quantum,
    proceed: () => {
      if (performance.now() - breathedMs < BREATH_MS) return true
      return setImmediate().then(() => {
        breathedMs = performance.now()
        return !(options.signal?.aborted ?? false)
      })
    },
    onReports: (quantum, reports) => {
      const virtualSeconds = (quantum * scenario.quantum) / NS_PER_S
      for (const report of reports) {
        for (const event of report.events) {
          chronicle.event(event)
          folder?.event(event, nameOf)
        }
      }
      const telemetry = telemetryOf(reports)
      if (Object.keys(telemetry).length > 0) {
        chronicle.sample(virtualSeconds, telemetry)
        folder?.sample(virtualSeconds, telemetry)
        options.onProgress?.(progressOf(scenario, virtualSeconds, telemetry))
      }
      return !conductor.allLeft
    },
  })
  await bus.close()
  const telemetry = telemetryOf(outcome.final)
  checkConservation(scenario, telemetry, outcome.ended)
  chronicle.sample((outcome.ended * scenario.quantum) / NS_PER_S, telemetry)
  const wallSeconds = (performance.now() - startedMs) / 1000
  const verdict = verdictOf(scenario, { ...outcome, bus: bus.name, wallSeconds }, chronicle)
  folder?.finish(verdict, telemetry)
  return { verdict, folder: folder?.path }
}
