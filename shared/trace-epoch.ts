/**
 * Gathers single references into an epoch of a trace: exact counts per page. Left out: a CPU cache, so the epoch has no rows
 * of what passes one, which means that every reference does.
 *
 * References fall all over the pages, so what a count costs is the cache miss: a byte each keeps four times as many counts
 * near as four bytes would. What a byte cannot hold is carried into a list, in portions, by the few pages that are so hot.
 */
import { PageList } from './page/page-list.ts'
import type { TraceEpoch } from './trace.ts'

const BYTE_MAX = 255
/** What a full byte passes on; it keeps as much, so that a page that was touched never looks untouched. */
const CARRY = 128

const NO_ROWS = new Uint32Array(0)

export class EpochBuilder {
  /** Reads and writes of a page side by side: a record (references.ts) is the index of what it counts. */
  readonly #counts: Uint8Array
  /** The same, a page at a time: reads in the low byte … */
  readonly #pairs: Uint16Array
  /** … and two pages at a time. */
  readonly #fours: Uint32Array
  /** A record for each portion of CARRY references. */
  readonly #carries = new PageList()
  /** Room for the pages of an epoch; it holds nothing between epochs. */
  readonly #touched: Uint32Array

  /** For `pages` pages and epochs of at most `references` references. */
  constructor(pages: number, references: number) {
    this.#counts = new Uint8Array(4 * Math.ceil(pages / 2))
    this.#pairs = new Uint16Array(this.#counts.buffer)
    this.#fours = new Uint32Array(this.#counts.buffer)
    // The page after the last is written before it is known to be none.
    this.#touched = new Uint32Array(Math.min(pages, references) + 1)
  }

  /** Counts records, each of a page that there is. */
  add(records: Uint32Array): void {
    const counts = this.#counts
    const carries = this.#carries
    carries.reserve(records.length)
    const { items } = carries
    let { length } = carries
    for (let i = 0; i < records.length; i++) {
      const record = records[i]!
      const count = counts[record]!
      if (count < BYTE_MAX) counts[record] = count + 1
      else {
        counts[record] = CARRY
        items[length++] = record
      }
    }
    carries.length = length
  }

  /** The epoch gathered so far, pages ascending; the next one starts empty. */
  take(): TraceEpoch {
    const pairs = this.#pairs
    const fours = this.#fours
    const touched = this.#touched
    let rows = 0
    for (let i = 0; i < fours.length; i++) {
      // One more if a page was touched; a branch would be as good as random.
      touched[rows] = 2 * i
      rows += -(fours[i]! & 0xffff) >>> 31
      touched[rows] = 2 * i + 1
      rows += -(fours[i]! >>> 16) >>> 31
    }
    const pages = touched.slice(0, rows)
    const reads = new Uint32Array(rows)
    const writes = new Uint32Array(rows)
    for (let row = 0; row < rows; row++) {
      const pair = pairs[pages[row]!]!
      reads[row] = pair & BYTE_MAX
      writes[row] = pair >>> 8
    }
    const carries = this.#carries.take().toSorted()
    for (let i = 0, row = 0; i < carries.length; i++) {
      const record = carries[i]!
      while (pages[row]! < record >>> 1) row++
      const column = (record & 1) === 0 ? reads : writes
      column[row]! += CARRY
    }
    this.#carries.clear()
    this.#counts.fill(0)
    return { pages, reads, writes, llcReads: NO_ROWS, llcWritebacks: NO_ROWS }
  }
}
