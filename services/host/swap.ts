/**
 * The swap device: slots, one write queue and one read queue with a bandwidth, and a latency. A frame whose page is on
 * its way out is free when its write is done. Left out: read-ahead, discard, swap-cache rescue of a page still in the queue.
 */
import { NS_PER_S } from '#shared/time.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { SWAP_BACKLOG_NS_MAX } from './costs.ts'
import type { SwapSpec } from './spec.ts'

export class SwapDevice {
  readonly #pageNs: number
  readonly #latencyNs: number
  #writeFreeAtNs = 0
  #readFreeAtNs = 0
  /** Writes under way that hold a frame, oldest first. */
  #writing: { dueNs: number; frames: number }[] = []

  constructor(spec: SwapSpec) {
    this.#pageNs = spec.bytes > 0 ? (PAGE_BYTES / spec.bytesPerSecond) * NS_PER_S : Infinity
    this.#latencyNs = spec.latencyNs
  }

  /** Reclaim waits while the queue is this long. */
  congested(nowNs: number): boolean {
    return this.#writeFreeAtNs - nowNs > SWAP_BACKLOG_NS_MAX
  }

  write(nowNs: number, holdsFrame: boolean): void {
    this.#writeFreeAtNs = Math.max(this.#writeFreeAtNs, nowNs) + this.#pageNs
    if (!holdsFrame) return
    const dueNs = this.#writeFreeAtNs + this.#latencyNs
    const last = this.#writing.at(-1)
    // Writes of one millisecond are one entry: frames come back at that grain anyway.
    if (last !== undefined && dueNs - last.dueNs < 1_000_000 && last.frames > 0 && last.dueNs > nowNs) last.frames++
    else this.#writing.push({ dueNs, frames: 1 })
  }

  /** Time until the page is there. A thread waits for its page, so `readers` of them wait for one page of each other at most. */
  read(nowNs: number, readers: number): number {
    const queuedNs = Math.max(0, this.#readFreeAtNs - nowNs)
    this.#readFreeAtNs = nowNs + queuedNs + this.#pageNs
    return Math.min(queuedNs, (readers - 1) * this.#pageNs) + this.#pageNs + this.#latencyNs
  }

  /** Frames whose writes are done by now. */
  complete(nowNs: number): number {
    let frames = 0
    while (this.#writing.length > 0 && this.#writing[0]!.dueNs <= nowNs) frames += this.#writing.shift()!.frames
    return frames
  }

  /** When the next write under way is done; Infinity if none. */
  get nextDueNs(): number {
    return this.#writing[0]?.dueNs ?? Infinity
  }

  snapshot(): Record<string, unknown> {
    return {
      writeFreeAtNs: this.#writeFreeAtNs,
      readFreeAtNs: this.#readFreeAtNs,
      writing: structuredClone(this.#writing),
    }
  }

  restore(from: Record<string, unknown>): void {
    this.#writeFreeAtNs = from['writeFreeAtNs'] as number
    this.#readFreeAtNs = from['readFreeAtNs'] as number
    this.#writing = structuredClone(from['writing'] as { dueNs: number; frames: number }[])
  }
}
