/** The saturating counters of one host's units, with a list of those that are not zero so that an epoch costs what it saw. */

const FIRST_CAPACITY = 1024

export class UnitCounters {
  touchedUnits = 0
  private readonly limit: number
  private counts: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>
  private touched = new Uint32Array(FIRST_CAPACITY)

  /** Counters stop at `limit`, at most 65535. */
  constructor(limit: number) {
    this.limit = limit
    this.counts = this.counters(FIRST_CAPACITY)
  }

  /** Room for so many units, so that it need not grow by doubling. */
  reserve(units: number): void {
    if (units > this.counts.length) this.resize(units)
  }

  /** Counts reads and writes of pages, 2^granuleShift pages to a unit. */
  add(pages: Uint32Array, reads: Uint16Array, writes: Uint16Array, granuleShift: number): void {
    const n = pages.length
    let last = 0
    for (let i = 0; i < n; i++) if (pages[i]! > last) last = pages[i]!
    // One more, for a unit that is listed already is written down and then written over.
    this.grow((last >>> granuleShift) + 1, this.touchedUnits + n + 1)
    const { counts, touched, limit } = this
    let end = this.touchedUnits
    for (let i = 0; i < n; i++) {
      const unit = pages[i]! >>> granuleShift
      const before = counts[unit]!
      const after = before + reads[i]! + writes[i]!
      touched[end] = unit
      // Without a branch: whether it is the unit's first in this epoch is as good as random to the processor.
      end += ((before - 1) >>> 31) & (-after >>> 31)
      counts[unit] = after < limit ? after : limit
    }
    this.touchedUnits = end
  }

  /** Visits the units with at least `threshold` accesses in address order and sets every counter to zero. */
  takeHot(threshold: number, visit: (unit: number, count: number) => void): void {
    const { counts, touched } = this
    let hot = 0
    for (let i = 0; i < this.touchedUnits; i++) {
      const unit = touched[i]!
      const count = counts[unit]!
      const isHot = (threshold - 1 - count) >>> 31
      touched[hot] = unit
      hot += isHot
      counts[unit] = count & -isHot
    }
    for (const unit of touched.subarray(0, hot).toSorted()) {
      visit(unit, counts[unit]!)
      counts[unit] = 0
    }
    this.touchedUnits = 0
  }

  snapshot() {
    return { ...this.peek(), counts: this.counts.slice() }
  }

  /** The counters themselves, and not copies. */
  peek() {
    return { counts: this.counts, touched: this.touched.slice(0, this.touchedUnits) }
  }

  restore(from: ReturnType<UnitCounters['snapshot']>): void {
    this.counts = from.counts.slice()
    this.touched = from.touched.slice()
    this.touchedUnits = from.touched.length
  }

  private grow(units: number, touched: number): void {
    if (units > this.counts.length) this.resize(Math.max(units, this.counts.length * 2))
    if (touched > this.touched.length) {
      const list = new Uint32Array(Math.max(touched, this.touched.length * 2))
      list.set(this.touched)
      this.touched = list
    }
  }

  private resize(units: number): void {
    const counts = this.counters(units)
    counts.set(this.counts)
    this.counts = counts
  }

  /** Counters of up to 8 bits take one byte. Filled: memory that is read before anybody wrote to it costs much more (ARCHITECTURE.md). */
  private counters(units: number): Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> {
    return (this.limit < 2 ** 8 ? new Uint8Array(units) : new Uint16Array(units)).fill(0)
  }
}
