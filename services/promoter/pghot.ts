/**
 * Hotness records as in the kernel's pghot series, default mode: one byte a page, of which 2 bits frequency, 5 bits time of the last
 * record in buckets of 128 ms, 1 bit *ready*. A record after a gap longer than the window starts at frequency 1, else the frequency
 * grows, saturating; from the threshold on the page is ready until it is taken.
 *
 * As in the kernel, time is known modulo 32 buckets (4.096 s): after a gap of 4.1 s a page looks as if just seen, and only
 * gaps whose remainder exceeds the window count as long. The source's access count is ignored: one report, one record.
 *
 * Left out: precise mode, top-N selection (the kernel has none), target nodes (home is one node).
 */
import type { Snapshot } from '#shared/actor.ts'
import { NS_PER_MS } from '#shared/time.ts'
import type { PromoterSpec } from './spec.ts'
import type { Strategy } from './strategy.ts'

/** P: FACTS 2, default mode: 2 bits of frequency, 5 of time, buckets of 128 ms. */
const FREQUENCY_MAX = 3
const TIME_SHIFT = 2
const BUCKETS_MASK = 31
const READY = 1 << 7
const BUCKET_NS = 128 * NS_PER_MS

const FIRST_CAPACITY = 1024

export class Pghot implements Strategy {
  pending = 0
  private readonly windowNs: number
  private readonly threshold: number
  private records = new Uint8Array(FIRST_CAPACITY)
  /** The ready pages as they became so. May hold pages twice, or forgotten ones: the record decides. */
  private ready = new Uint32Array(FIRST_CAPACITY)
  private readyLength = 0

  constructor({ windowNs, threshold }: Pick<PromoterSpec, 'windowNs' | 'threshold'>) {
    this.windowNs = windowNs
    this.threshold = threshold
  }

  record(page: number, nowNs: number): void {
    if (page >= this.records.length) this.grow(page)
    const before = this.records[page]!
    const bucket = Math.floor(nowNs / BUCKET_NS) & BUCKETS_MASK
    const gapNs = ((bucket - (before >> TIME_SHIFT)) & BUCKETS_MASK) * BUCKET_NS
    const frequency = gapNs > this.windowNs ? 1 : Math.min(FREQUENCY_MAX, (before & FREQUENCY_MAX) + 1)
    const ready = before & READY || (frequency >= this.threshold ? READY : 0)
    this.records[page] = ready | (bucket << TIME_SHIFT) | frequency
    if (ready !== (before & READY)) this.list(page)
  }

  take(max: number): Uint32Array {
    const taken = new Uint32Array(Math.min(max, this.pending))
    // A view: what is kept is written back into it.
    const waiting = this.ready.subarray(0, this.readyLength)
    waiting.sort()
    let count = 0
    let kept = 0
    let last = -1
    for (const page of waiting) {
      if (page === last || !(this.records[page]! & READY)) continue
      last = page
      if (count < taken.length) {
        taken[count++] = page
        this.records[page] = 0
      } else {
        waiting[kept++] = page
      }
    }
    this.readyLength = kept
    this.pending = kept
    return taken
  }

  forget(page: number): void {
    const before = this.records[page] ?? 0
    if (before & READY) this.pending--
    if (before !== 0) this.records[page] = 0
  }

  snapshot(): Snapshot {
    return { records: this.records.slice(), ready: this.ready.slice(0, this.readyLength), pending: this.pending }
  }

  restore(from: Snapshot): void {
    const state = from as unknown as { records: Uint8Array; ready: Uint32Array; pending: number }
    this.records = Uint8Array.from(state.records)
    this.ready = Uint32Array.from(state.ready)
    this.readyLength = state.ready.length
    this.pending = state.pending
  }

  private list(page: number): void {
    if (this.readyLength === this.ready.length) {
      const grown = new Uint32Array(Math.max(FIRST_CAPACITY, this.ready.length * 2))
      grown.set(this.ready)
      this.ready = grown
    }
    this.ready[this.readyLength++] = page
    this.pending++
  }

  private grow(page: number): void {
    const grown = new Uint8Array(Math.max(page + 1, this.records.length * 2))
    grown.set(this.records)
    this.records = grown
  }
}
