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
/** Pages whose records lie together. A promoter hears of few pages out of a host's millions: there is room for those blocks alone. */
const BLOCK_SHIFT = 14
const BLOCK_PAGES = 1 << BLOCK_SHIFT
const BLOCK_MASK = BLOCK_PAGES - 1

export class Pghot implements Strategy {
  pending = 0
  private readonly windowNs: number
  private readonly threshold: number
  /** By block of pages; those that nothing was recorded of have none. */
  private blocks: (Uint8Array | undefined)[] = []
  /** The ready pages as they became so. May hold pages twice, or forgotten ones: the record decides. */
  private ready = new Uint32Array(FIRST_CAPACITY)
  private readyLength = 0

  constructor({ windowNs, threshold }: Pick<PromoterSpec, 'windowNs' | 'threshold'>) {
    this.windowNs = windowNs
    this.threshold = threshold
  }

  record(page: number, nowNs: number): void {
    const block = this.blockOf(page)
    const before = block[page & BLOCK_MASK]!
    const bucket = Math.floor(nowNs / BUCKET_NS) & BUCKETS_MASK
    const gapNs = ((bucket - (before >> TIME_SHIFT)) & BUCKETS_MASK) * BUCKET_NS
    const frequency = gapNs > this.windowNs ? 1 : Math.min(FREQUENCY_MAX, (before & FREQUENCY_MAX) + 1)
    const ready = before & READY || (frequency >= this.threshold ? READY : 0)
    block[page & BLOCK_MASK] = ready | (bucket << TIME_SHIFT) | frequency
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
      if (page === last || !(this.recordOf(page) & READY)) continue
      last = page
      if (count < taken.length) {
        taken[count++] = page
        this.clear(page)
      } else {
        waiting[kept++] = page
      }
    }
    this.readyLength = kept
    this.pending = kept
    return taken
  }

  forget(page: number): void {
    const before = this.recordOf(page)
    if (before & READY) this.pending--
    if (before !== 0) this.clear(page)
  }

  snapshot(): Snapshot {
    return this.state((block) => block.slice())
  }

  peek(): Snapshot {
    return this.state((block) => block)
  }

  restore(from: Snapshot): void {
    const state = from as unknown as { blocks: Map<number, Uint8Array>; ready: Uint32Array; pending: number }
    this.blocks = []
    for (const [index, records] of state.blocks) this.blockOf(index * BLOCK_PAGES).set(records)
    this.ready = Uint32Array.from(state.ready)
    this.readyLength = state.ready.length
    this.pending = state.pending
  }

  private state(taken: (block: Uint8Array) => Uint8Array): Snapshot {
    const blocks = new Map<number, Uint8Array>()
    this.blocks.forEach((block, index) => block && blocks.set(index, taken(block)))
    return { blocks, ready: this.ready.slice(0, this.readyLength), pending: this.pending }
  }

  private recordOf(page: number): number {
    return this.blocks[page >>> BLOCK_SHIFT]?.[page & BLOCK_MASK] ?? 0
  }

  private clear(page: number): void {
    this.blocks[page >>> BLOCK_SHIFT]![page & BLOCK_MASK] = 0
  }

  private blockOf(page: number): Uint8Array {
    const index = page >>> BLOCK_SHIFT
    const there = this.blocks[index]
    if (there) return there
    while (this.blocks.length < index) this.blocks.push(undefined)
    return (this.blocks[index] = new Uint8Array(BLOCK_PAGES))
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
}
