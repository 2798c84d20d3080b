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

  /** A copy of the values. */
  take(): Uint32Array {
    return this.items.slice(0, this.length)
  }

  static from(values: Uint32Array): PageList {
    const list = new PageList(Math.max(16, values.length))
    list.items.set(values)
    list.length = values.length
    return list
  }
}
