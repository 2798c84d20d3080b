/** `--workers`: a run over threads of this process. The conductor's thread carries a stage too, so N threads are N − 1 workers. */
import type { StageId } from '#shared/bus/bus.ts'
import { WorkersBus } from '#shared/bus/workers.ts'
import type { Scenario } from '#shared/scenario.ts'
import type { OnReading } from '../reference-file.ts'
import type { Spread } from './spread.ts'

/** What a thread needs to know beside its post. */
export interface ThreadCast {
  readonly scenario: Scenario
  readonly stageOf: readonly StageId[]
}

/** What a thread says beside its reports: how much of a file it has read. */
export type Said = Parameters<OnReading>

const THREAD = new URL('thread.ts', import.meta.url)

/** The bus with all stages hired but the first, which joins. */
export function openThreads(scenario: Scenario, spread: Spread, onReading: OnReading = () => {}): WorkersBus {
  const bus = new WorkersBus(spread.stages)
  const data: ThreadCast = { scenario, stageOf: spread.stageOf }
  for (let stage = 1; stage < spread.stages; stage++) bus.hire(stage, THREAD, data, (said) => onReading(...(said as Said)))
  return bus
}
