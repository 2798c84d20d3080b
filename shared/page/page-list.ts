/** A growable list of page numbers (or other unsigned 32-bit values) that allocates only when it doubles. */
export class PageList {
  items: Uint32Array
  length = 0

  constructor(capacity = 16) {
    this.items = new Uint32Array(capacity)
  }

  push(value: number): void {
    if (this.length === this.items.length) this.reserve(1)
    this.items[this.length++] = value
  }

  /** Makes room for `more` values, for a loop that writes `items` itself. */
  reserve(more: number): void {
    if (this.length + more <= this.items.length) return
    const grown = new Uint32Array(Math.max(this.length + more, this.items.length * 2))
    grown.set(this.items)
    this.items = grown
  }

  clear(): void {
    this.length = 0
  }

  /** The values themselves, until the list changes. */
  get values(): Uint32Array {
    return this.items.subarray(0, this.length)
  }

  /** A copy of the values. */
  take(): Uint32Array {
    return this.items.slice(0, this.length)
  }

  /** A copy of values that are known to fit in 16 bits. */
  take16(): Uint16Array {
    return new Uint16Array(this.values)
  }

  /** Holds these values and no others. */
  refill(values: Uint32Array): void {
    this.length = 0
    this.reserve(values.length)
    this.items.set(values)
    this.length = values.length
  }

  static from(values: Uint32Array): PageList {
    const list = new PageList()
    list.refill(values)
    return list
  }
}
