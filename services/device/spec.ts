/** What a device is: immutable, resolved from the scenario, units last in the names. State lives elsewhere. */
import type { ActorId, Ordinal } from '#shared/actor.ts'

export interface DeviceSpec {
  readonly id: ActorId
  readonly ordinal: Ordinal
  readonly quantumNs: number
  /** Grid of the load accounting. */
  readonly tickNs: number
  readonly physicalBytes: number
  /** What the hosts see; at least the physical capacity. */
  readonly advertisedBytes: number
  /** Allocation unit, a power of two from 64 B to 4 KiB. */
  readonly chunkBytes: number
  /** Cost of every stored page beside its chunks; all that a zero page costs. */
  readonly metadataBytes: number
  readonly decompressNs: number
  readonly compressNs: number
  readonly decompressBytesPerSecond: number
  readonly compressBytesPerSecond: number
  /** Mean cost of the metadata lookup, hits and misses of its cache together. */
  readonly metadataNs: number
  /** The interrupt is raised when less than this fraction of the physical capacity remains … */
  readonly lowFraction: number
  /** … and taken back when more than this remains. */
  readonly highFraction: number
  /** Released space returns on this grid. */
  readonly flushNs: number
  /** Memory channels: they scale the bandwidth axis of the latency curve. */
  readonly channels: number
  /** A switch or the like. */
  readonly extraLatencyNs: number
  /** Pages that compress to more are refused; Infinity: off. */
  readonly rejectAboveBytes: number
  /** Windows [from, to) in which every demotion is refused. */
  readonly offline: readonly { readonly fromNs: number; readonly toNs: number }[]
  readonly hotness: HotnessSpec
  readonly shares: SharesSpec
  /** The hosts that share the device, by ascending ordinal. */
  readonly hosts: readonly DeviceHostSpec[]
}

interface DeviceHostSpec {
  readonly ordinal: Ordinal
  readonly id: ActorId
  /** Who gets this host's hotlist; without one it is drained and thrown away. */
  readonly promoterOrdinal?: Ordinal
}

export interface HotnessSpec {
  /** A power of two, at least a page. */
  readonly granuleBytes: number
  readonly epochNs: number
  /** Accesses an epoch from which on a unit is hot. */
  readonly threshold: number
  /** Entries of the ring. */
  readonly hotlist: number
  /** Width of the saturating counters, at most 16. */
  readonly counterBits: number
  /** One instance and ring for all hosts instead of one each. */
  readonly shared: boolean
}

/** How much of the device each host may take (shares.ts); lists are in the order of `hosts`. */
export type SharesSpec =
  | { readonly policy: 'none' }
  | { readonly policy: 'hard'; readonly limitBytes: readonly number[] }
  | { readonly policy: 'weighted'; readonly weights: readonly number[] }
  | { readonly policy: 'grace'; readonly limitBytes: readonly number[]; readonly graceBytes: number }
