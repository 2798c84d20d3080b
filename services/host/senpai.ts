/**
 * How much proactive reclaim takes when pressure steers it, as TMO's Senpai does: once an interval a share of what lies in DRAM,
 * scaled down the nearer the share of time in which tasks stalled for want of memory comes to its target, and nothing beyond.
 * S: FACTS 8 (TMO is driven by PSI, not by rate); the formula reclaim = memory · ratio · max(0, 1 − pressure / target): R.
 *
 * Pressure is the time of all stalls (direct reclaim, major faults, faults on demoted pages) over the interval, one at most: as if
 * no two tasks ever stalled at once (D: an upper bound of PSI "some"). Left out: IO pressure, and cgroups (one for the whole host).
 */
import type { SenpaiSpec } from './spec.ts'

export class Senpai {
  readonly #spec: SenpaiSpec
  #lastNs = 0
  #nextNs: number
  /** Stalls of the whole run, up to the last interval. */
  #seenNs = 0
  /** The part of a page that was not reclaimed yet. */
  #carry = 0

  constructor(spec: SenpaiSpec) {
    this.#spec = spec
    this.#nextNs = spec.intervalNs
  }

  /** Pages to reclaim now, of so many in DRAM; `stalledNs` counts from the start of the run. */
  due(nowNs: number, stalledNs: number, pages: number): number {
    if (nowNs < this.#nextNs) return 0
    const { intervalNs, reclaimFraction, pressureFraction } = this.#spec
    const pressure = Math.min(1, (stalledNs - this.#seenNs) / (nowNs - this.#lastNs))
    this.#lastNs = nowNs
    this.#nextNs = (Math.floor(nowNs / intervalNs) + 1) * intervalNs
    this.#seenNs = stalledNs
    const wanted = this.#carry + pages * reclaimFraction * Math.max(0, 1 - pressure / pressureFraction)
    this.#carry = wanted % 1
    return Math.floor(wanted)
  }

  snapshot(): Record<string, unknown> {
    return { lastNs: this.#lastNs, nextNs: this.#nextNs, seenNs: this.#seenNs, carry: this.#carry }
  }

  restore(from: Record<string, unknown>): void {
    this.#lastNs = from['lastNs'] as number
    this.#nextNs = from['nextNs'] as number
    this.#seenNs = from['seenNs'] as number
    this.#carry = from['carry'] as number
  }
}
