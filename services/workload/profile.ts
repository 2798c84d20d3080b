/** From what a kind says about its pages to the `profile` mail. */
import type { BodyOf } from '#shared/messages.ts'
import { missShares } from './cache.ts'

/** What all kinds of workload have in common. */
export interface Footprint {
  readonly pages: number
  /** How many of its accesses can stall at a time. */
  readonly threads: number
  readonly allocateBytesPerSecond: number
  /** The last-level cache before it (its share of the host's). */
  readonly cacheBytes: number
  /** Share of all accesses that miss it, whatever they touch; undefined: what cache.ts says for each class. */
  readonly missFraction: number | undefined
  /** Canonical content texts (shared/content.ts): what its pages hold at first, and what it writes. */
  readonly stored: string
  readonly written: string
}

/** Pages that are touched alike. */
export interface RateClass {
  /** Share of the pages. */
  readonly share: number
  /** Accesses per second of work to all of them together. */
  readonly accessesPerSecond: number
}

export interface Sweep {
  readonly bytesPerSecond: number
  /** Overwrites whole pages instead of reading them. */
  readonly writes: boolean
  /** Passes over pages that are not on a device. */
  readonly pooledOnly: boolean
  /** 0: without end. */
  readonly passes: number
}

const NO_SWEEP: Sweep = { bytesPerSecond: 0, writes: false, pooledOnly: false, passes: 0 }

/** Pages of a class lie scattered over the range; `shift` in [0, 1) moves which pages they are. */
export function profileOfClasses(
  footprint: Footprint,
  classes: readonly RateClass[],
  writeShare: number,
  shift = 0,
): BodyOf<'profile'> {
  const { pages } = footprint
  const perPage = classes.map(({ share, accessesPerSecond }) => accessesPerSecond / (share * pages))
  const cached = classes.map(({ share }, i) => ({ pages: share * pages, accessesPerPage: perPage[i]! }))
  const { missFraction, cacheBytes } = footprint
  const miss = missFraction === undefined ? missShares(cached, cacheBytes) : classes.map(() => missFraction)
  return {
    ...profileOfSweep(footprint, NO_SWEEP),
    shift,
    share: Float64Array.from(classes, ({ share }) => share),
    reads: Float64Array.from(perPage, (rate) => rate * (1 - writeShare)),
    writes: Float64Array.from(perPage, (rate) => rate * writeShare),
    miss: Float64Array.from(miss),
    stored: classes.map(() => footprint.stored),
    written: classes.map(() => footprint.written),
  }
}

/** One class that nobody touches but the sweep. */
export function profileOfSweep(footprint: Footprint, sweep: Sweep): BodyOf<'profile'> {
  return {
    pages: footprint.pages,
    allocateBytesPerSecond: footprint.allocateBytesPerSecond,
    threads: footprint.threads,
    contiguous: 0,
    shift: 0,
    share: Float64Array.of(1),
    reads: Float64Array.of(0),
    writes: Float64Array.of(0),
    miss: Float64Array.of(1),
    stored: [footprint.stored],
    written: [footprint.written],
    sweepBytesPerSecond: sweep.bytesPerSecond,
    sweepWrites: Number(sweep.writes),
    sweepPooledOnly: Number(sweep.pooledOnly),
    sweepPasses: sweep.passes,
    sweepContent: footprint.written,
  }
}

/** Allocates its pages and lets them lie. */
export function idleProfile(footprint: Footprint): BodyOf<'profile'> {
  return profileOfSweep(footprint, NO_SWEEP)
}
