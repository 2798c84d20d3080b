/**
 * Pages that are not mapped while they are compressed, as in zswap: every first access faults and brings the page home. The
 * host looks at what a page compresses to before it asks, and bounds what it stores: above the limit nothing is accepted
 * until the pool has shrunk to a share of it. Left out: write-back of the coldest pages to swap at the limit (reclaim
 * of the device's node does that under pressure), same-filled pages, and the processor's time to compress: the device does it.
 */
import type { Telemetry } from '#shared/actor.ts'
import { Mapping } from './mapping.ts'
import type { ZswapSpec } from './spec.ts'

export class Zswap extends Mapping {
  override readonly direct = false
  override readonly readable = false
  readonly #rejectAboveBytes: number
  readonly #limitBytes: number
  readonly #reacceptBytes: number
  /** Compressed bytes of the pages that hold a slot. */
  #storedBytes = 0
  #full = false
  #rejectedBySize = 0
  #rejectedByLimit = 0

  constructor(spec: ZswapSpec, memoryBytes: number) {
    super()
    this.#rejectAboveBytes = spec.rejectAboveBytes
    this.#limitBytes = memoryBytes * spec.poolFraction
    this.#reacceptBytes = this.#limitBytes * spec.reacceptFraction
  }

  override writable(): boolean {
    return false
  }

  override fits(bytes: number): boolean {
    if (bytes <= this.#rejectAboveBytes) return true
    this.#rejectedBySize++
    return false
  }

  /** What is under way is counted at the most that it can come to, so that the limit holds. */
  override hasRoom(asked: number): boolean {
    const bytes = this.#storedBytes + asked * this.#rejectAboveBytes
    if (this.#full) this.#full = bytes >= this.#reacceptBytes
    else this.#full = bytes + this.#rejectAboveBytes > this.#limitBytes
    if (this.#full) this.#rejectedByLimit++
    return !this.#full
  }

  override enter(bytes: number): void {
    this.#storedBytes += bytes
  }

  override leave(_page: number, bytes: number): void {
    this.#storedBytes -= bytes
  }

  override snapshot(): Record<string, unknown> {
    return {
      storedBytes: this.#storedBytes,
      full: this.#full,
      rejectedBySize: this.#rejectedBySize,
      rejectedByLimit: this.#rejectedByLimit,
    }
  }

  override restore(from: Record<string, unknown>): void {
    this.#storedBytes = from['storedBytes'] as number
    this.#full = from['full'] as boolean
    this.#rejectedBySize = from['rejectedBySize'] as number
    this.#rejectedByLimit = from['rejectedByLimit'] as number
  }

  override observe(): Telemetry {
    return {
      zswapBytes: this.#storedBytes,
      'rejected.size': this.#rejectedBySize,
      'rejected.limit': this.#rejectedByLimit,
    }
  }
}
