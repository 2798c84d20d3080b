/**
 * A host's pages as a struct of arrays: 16 bytes a page, so 1 TiB of 4 KiB pages fits in 4 GiB. Every column is indexed
 * by the host's page number. The table grows by an eighth at least when a workload's
 * range does not fit: ranges are large, and twice of it would mostly lie idle.
 */
import { assert } from '../errors.ts'
import { PAGE_STATES } from './lifecycle.ts'
import { FREE, next } from './transitions.ts'

export const PAGE_BYTES = 4096
/** A cache line, the grain of every access. */
export const LINE_BYTES = 64
export const LINES_PER_PAGE = PAGE_BYTES / LINE_BYTES
export const BYTES_PER_PAGE_ENTRY = 16

/** Bits of `flags`. */
export const GENERATION_MASK = 0b11
/** The accessed bit of the page-table entry, as far as known. */
export const ACCESSED = 1 << 2
/** Marked by a hint-fault scan and not touched since; `known` then holds the time of the first touch. */
export const HINTED = 1 << 3
/** Listed among the pooled (swapped) pages of its class; an entry may be stale. */
export const LISTED_POOLED = 1 << 4
export const LISTED_SWAPPED = 1 << 5
/** Which of the host's devices holds the page (up to four). */
export const DEVICE_SHIFT = 6

export class PageTable {
  /** PAGE_STATES index. */
  state: Uint8Array
  flags: Uint8Array
  /** Rate class. */
  klass: Uint16Array
  /** Compressed size in bytes of the content, 0 for an all-zero page; valid from the first demotion on. */
  size: Uint16Array
  /** Last known touch, in work ticks of its workload. */
  last: Uint32Array
  /** The history is known up to here, in work ticks; see HINTED. */
  known: Uint32Array
  /** Virtual time of the hint-fault scan in units of 10 ms, modulo 65536 (11 minutes). Empty on a host that has never scanned. */
  hintedAt: Uint16Array = new Uint16Array(0)
  /** Pages in each state, over all that belong to a range. */
  readonly counts: Float64Array = new Float64Array(PAGE_STATES.length)
  /** Lifecycle transitions so far. */
  transitions = 0

  constructor(capacity: number) {
    this.state = new Uint8Array(capacity)
    this.flags = new Uint8Array(capacity)
    this.klass = new Uint16Array(capacity)
    this.size = new Uint16Array(capacity)
    this.last = new Uint32Array(capacity)
    this.known = new Uint32Array(capacity)
  }

  get capacity(): number {
    return this.state.length
  }

  /** Moves one page along its lifecycle and keeps the counts. */
  apply(page: number, event: number): void {
    const before = this.state[page]!
    const after = next(before, event)
    this.state[page] = after
    this.counts[before]!--
    this.counts[after]!++
    this.transitions++
  }

  /** A scan has marked a page. */
  hint(page: number, time: number): void {
    if (this.hintedAt.length === 0) this.hintedAt = new Uint16Array(this.capacity)
    this.hintedAt[page] = time
  }

  /** So many free pages have entered a state; the caller writes their columns. */
  enter(state: number, pages: number): void {
    this.counts[FREE]! -= pages
    this.counts[state]! += pages
    this.transitions += pages
    assert(this.counts[FREE]! >= 0, `${pages} free pages enter a state`)
  }

  grow(capacity: number): void {
    if (capacity <= this.capacity) return
    const size = Math.max(capacity, this.capacity + (this.capacity >>> 3))
    this.state = extended(this.state, new Uint8Array(size))
    this.flags = extended(this.flags, new Uint8Array(size))
    this.klass = extended(this.klass, new Uint16Array(size))
    this.size = extended(this.size, new Uint16Array(size))
    this.last = extended(this.last, new Uint32Array(size))
    this.known = extended(this.known, new Uint32Array(size))
    if (this.hintedAt.length > 0) this.hintedAt = extended(this.hintedAt, new Uint16Array(size))
  }

  snapshot(): Record<string, unknown> {
    return structuredClone(this.peek())
  }

  /** The columns themselves, and not copies. */
  peek(): Record<string, unknown> {
    const { state, flags, klass, size, last, known, hintedAt, counts, transitions } = this
    return { state, flags, klass, size, last, known, hintedAt, counts, transitions }
  }

  restore(from: ReturnType<PageTable['snapshot']>): void {
    const { counts, ...columns } = structuredClone(from) as unknown as Pick<PageTable, 'counts' | 'state'>
    assert(columns.state.length > 0, 'a page table snapshot has columns')
    Object.assign(this, columns)
    this.counts.set(counts)
  }
}

function extended<T extends Uint8Array | Uint16Array | Uint32Array>(from: T, to: T): T {
  to.set(from)
  return to
}
