/** What a conductor is told at birth. */
import type { ActorId, Ordinal } from '#shared/actor.ts'

export interface ConductorSpec {
  readonly id: ActorId
  readonly ordinal: Ordinal
  /** Workloads of the scenario; when all have left, the run is over. */
  readonly workloads: number
}
