/**
 * Gathers single references (page, read or write) into an epoch of a trace: exact counts per page. Left out: a CPU cache, so
 * that every reference counts as one that passes it; whoever knows the misses puts them into the llc columns instead.
 */
import { PageList } from './page/page-list.ts'
import type { TraceEpoch } from './trace.ts'

const FIRST_CAPACITY = 1024

export class EpochBuilder {
  /** Reads and writes of a page side by side, so that a reference touches one cache line. */
  #counts = new Uint32Array(2 * FIRST_CAPACITY)
  readonly #touched = new PageList(FIRST_CAPACITY)

  /** `write` is 0 or 1. */
  add(page: number, write: number): void {
    const at = page * 2
    if (at >= this.#counts.length) this.#grow(at)
    const counts = this.#counts
    if ((counts[at]! | counts[at + 1]!) === 0) this.#touched.push(page)
    counts[at + write]!++
  }

  /** The epoch gathered so far, pages ascending; the next one starts empty. */
  take(): TraceEpoch {
    const counts = this.#counts
    const pages = this.#touched.take().toSorted()
    const reads = new Uint32Array(pages.length)
    const writes = new Uint32Array(pages.length)
    for (let i = 0; i < pages.length; i++) {
      const at = pages[i]! * 2
      reads[i] = counts[at]!
      writes[i] = counts[at + 1]!
      counts[at] = counts[at + 1] = 0
    }
    this.#touched.clear()
    return { pages, reads, writes, llcReads: reads, llcWritebacks: writes }
  }

  #grow(at: number): void {
    const grown = new Uint32Array(Math.max(at + 2, this.#counts.length * 2))
    grown.set(this.#counts)
    this.#counts = grown
  }
}
