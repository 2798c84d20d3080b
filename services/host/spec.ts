/** What a host is told at birth: immutable, in bytes and nanoseconds. */
import type { ActorId, Ordinal } from '#shared/actor.ts'
import type { ContentSizes } from '#shared/content.ts'
import type { IsolationSpec } from './isolation/spec.ts'
import type { StartSpec } from './start.ts'

/** A device as the host sees it: one memory node. */
export interface NodeSpec {
  readonly ordinal: Ordinal
  readonly id: ActorId
  /** What the host believes the node holds (overcommitted). */
  readonly advertisedBytes: number
  readonly chunkBytes: number
  /** Its shares may pause the host's writers. */
  readonly pauses: boolean
  /** Its hotness monitor as hosts know it, if each of its counters counts one page. */
  readonly monitor: MonitorSpec | undefined
}

/** A page is hot with so many accesses between two judgements. */
export interface MonitorSpec {
  readonly epochNs: number
  readonly threshold: number
}

export interface SwapSpec {
  readonly bytes: number
  readonly bytesPerSecond: number
  readonly latencyNs: number
}

/** Proactive reclaim by cold age: what has been idle for so long, at a rate. */
export interface ColdAgeSpec {
  readonly bytesPerSecond: number
  readonly ageNs: number
}

/** How a host heeds DevLoad (throttle.ts); each a fraction of an access's own time. */
export interface ThrottleSpec {
  readonly moderate: number
  readonly severe: number
  readonly most: number
}

/** Proactive reclaim by pressure (senpai.ts). */
export interface SenpaiSpec {
  readonly intervalNs: number
  /** Of what lies in DRAM, each interval without pressure. */
  readonly reclaimFraction: number
  /** Share of time stalled at which nothing is reclaimed. */
  readonly pressureFraction: number
}

/** How a core copies a page onto a device. */
export type DemotionStores = 'plain' | 'non-temporal'

/** How demoted pages may be read and written; mapping.ts says what each means. */
export type AccessSpec =
  | { readonly policy: 'direct' | 'read-only' | 'swap-only' }
  | (WriteBudgetSpec & { readonly policy: 'write-budget' })
  | (ZswapSpec & { readonly policy: 'fault-on-access' })

export interface WriteBudgetSpec {
  /** How often the devices are asked for their remaining capacity. */
  readonly pollNs: number
  /** The share of it that this host lets its tasks write into. */
  readonly share: number
}

export interface ZswapSpec {
  /** A page that compresses to more is not stored. */
  readonly rejectAboveBytes: number
  /** The most to store, as a share of DRAM … */
  readonly poolFraction: number
  /** … and the share of that below which a full pool accepts again. */
  readonly reacceptFraction: number
}

/** What the promoter of this host needs from it, and what "hot" means in truth. */
export interface PromotionSpec {
  readonly ordinal: Ordinal
  /** Hint-fault scanning is on. */
  readonly hints: boolean
  /** DAMON watches the pages on the devices. */
  readonly damon: boolean
  readonly scanBytes: number
  readonly scanPeriodNs: number
  /** A pooled page is truly hot when its own rate would reach the promoter's threshold within its window. */
  readonly hotAccessesPerSecond: number
}

export interface HostSpec {
  readonly id: ActorId
  readonly ordinal: Ordinal
  readonly seed: number
  readonly quantumNs: number
  readonly tickNs: number
  readonly memoryBytes: number
  readonly devices: readonly NodeSpec[]
  readonly watermarkScaleFactor: number
  readonly generations: number
  readonly demotionBatch: number
  readonly access: AccessSpec
  readonly demotionStores: DemotionStores
  readonly proactive: ColdAgeSpec | SenpaiSpec | undefined
  readonly swap: SwapSpec
  readonly throttle: ThrottleSpec | undefined
  readonly promotion: PromotionSpec | undefined
  readonly sizes: ContentSizes
  /** Who else may allocate on the devices; undefined: nobody, and no allocation beside the workloads'. */
  readonly isolation: IsolationSpec | undefined
  /** What it holds when the run begins; undefined: nothing. */
  readonly start: StartSpec | undefined
}
