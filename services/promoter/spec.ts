/** What a promoter is: immutable, resolved from the scenario, units last in the names. */
import type { ActorId, Ordinal } from '#shared/actor.ts'

export interface PromoterSpec {
  readonly id: ActorId
  readonly ordinal: Ordinal
  readonly quantumNs: number
  /** The host whose pages it brings home. */
  readonly hostOrdinal: Ordinal
  /** Sources: the devices' hotlists, NUMA hint faults, and DAMON. */
  readonly chmu: boolean
  readonly hints: boolean
  readonly damon: boolean
  /** A gap between two records longer than this starts the frequency afresh. */
  readonly windowNs: number
  /** Records within the window that make a page ready, 1 to 3. */
  readonly threshold: number
  /** kmigrated looks on this grid. */
  readonly sleepNs: number
  /** Pages per promote mail: a flush size, no cap per wake. */
  readonly batch: number
  /** Budget of each second of virtual time. */
  readonly rateLimitBytesPerSecond: number
  /** A page is hot if it was touched sooner than this after the scan. */
  readonly hintLatencyNs: number
}
