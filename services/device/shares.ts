/**
 * Shares: how much of a pooled device's physical capacity each host may take. No product and no kernel text has them (P:
 * FACTS 7), so this says what a device could do. A share speaks of the host's *claim* (claims.ts): released bytes count until
 * they are zeroed, and reservations count, or a host that churns would live on its neighbours' room.
 *
 * A demotion can be refused, and is (`share`). Growth by writes cannot: the store has retired when the device learns that the
 * line compresses worse. It can take the bytes, drop the write (and poison the page, P: FACTS 3), hold the write back for a
 * moment by giving the host no credit for it, and interrupt the host. Of these each policy takes its own:
 *
 * - `none`: all take what is there; whoever writes when nothing is left loses the write.
 * - `hard` (limits.ts): the device is cut into parts. A host has a register, thresholds and slots of its own, as if its limit
 *   were a device; the interrupt goes to it alone. A write beyond the limit is dropped and poisons the writer's page. The limits
 *   fit the physical capacity together, so nothing that one host does changes what another is answered.
 * - `grace` (limits.ts): as hard, but writes, never demotions, may overdraw the limit by some bytes. The write that does not fit
 *   the grace either is held back, and the host is told to pause its writers, until it is within its limit again; only then is
 *   there a grace anew. Nothing is lost: the offender pays with time. S: FACTS 7, MICRO'24: overdraw → fault, 10 MB grace,
 *   the job is paused.
 * - `weighted` (weights.ts): parts bind only while the device is short, between its low and its high threshold. Then hosts at or
 *   above their part are refused and interrupted, they alone, and the others go on up to their part. At ease anybody may take
 *   what is there. A write takes what is physically there at any time: this divides the pool, it does not tame a bear.
 *
 * Pages that land without a question (the host's isolation leaks) are writes to them all: `weighted` takes them while anything is left,
 * the limits drop the first write of what does not fit and poison the page, under a grace too, for it has no slot in which to wait.
 *
 * Left out: time and bandwidth as something to be shared; slots under `weighted` (first come, first served); pages held back
 * longer than CXL would let a write wait (R: tens of milliseconds), for it is a tick's writes at most, which in truth stay in
 * the paused host's caches.
 */
import type { Capacity } from './capacity.ts'
import { Claims } from './claims.ts'
import { Limits } from './limits.ts'
import type { Pool } from './pool.ts'
import type { DeviceSpec } from './spec.ts'
import { Weights } from './weights.ts'

/** What a host is to be told: a level of pressure, 0 to 1000, or that its writers pause or go on. */
export interface Signal {
  readonly host: number
  readonly level?: number
  readonly paused?: boolean
}

export interface Shares {
  readonly claims: Claims
  /** Each host has thresholds of its own, in place of those of the device. */
  readonly divided: boolean
  /** A limit, or a part. */
  shareBytes(host: number): number
  /** The pressure that this host was told, 0 to 1000. */
  level(host: number): number
  /** What its register of remaining capacity says to this host. */
  remainingBytes(host: number): number
  /** One page more of this host is refused for its share. */
  refuses(host: number): boolean
  /** What the host has on the device would have been admitted page by page. */
  admits(host: number): boolean
  /** A page that nobody asked about: a slot, and its first write. True if that poisoned it. */
  land(host: number, page: number, sizeBytes: number): boolean
  /** True if that poisoned the page just now. */
  write(host: number, page: number, sizeBytes: number): boolean
  release(host: number, page: number): void
  /** At the end of a step: asserts what the policy promises, and tells what has changed. */
  takeStock(): Signal[]
  /** Over the whole run. */
  overdraws(host: number): number
  pauses(host: number): number
  snapshot(): unknown
  restore(from: unknown): void
}

export function sharesOf(spec: DeviceSpec, pool: Pool, capacity: Capacity): Shares | undefined {
  const { shares } = spec
  if (shares.policy === 'none') return undefined
  const claims = new Claims(pool, spec.hosts.length)
  if (shares.policy === 'weighted') return new Weights(claims, shares.weights, spec, capacity)
  return new Limits(claims, shares.limitBytes, shares.policy === 'grace' ? shares.graceBytes : undefined, spec)
}
