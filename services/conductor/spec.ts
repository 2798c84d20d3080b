/** What a conductor is told at birth. */
import type { ActorId, Ordinal } from '#shared/actor.ts'

export interface ConductorSpec {
  readonly id: ActorId
  readonly ordinal: Ordinal
  /** Workloads of the scenario; when all have left, and those that commands brought, the run is over. */
  readonly workloads: number
  /** Also of those that commands have brought so far. */
  readonly ordinalOf: (id: ActorId) => Ordinal | undefined
}
