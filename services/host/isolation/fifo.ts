/** A queue of page numbers in a ring of fixed room. */
import { assert } from '#shared/errors.ts'

export class Fifo {
  readonly #ring: Uint32Array
  #head = 0
  length = 0

  constructor(room: number) {
    this.#ring = new Uint32Array(room)
  }

  push(value: number): void {
    assert(this.length < this.#ring.length, 'a queue holds no page twice')
    this.#ring[(this.#head + this.length++) % this.#ring.length] = value
  }

  /** The oldest; −1 if it is empty. */
  shift(): number {
    if (this.length === 0) return -1
    const value = this.#ring[this.#head]!
    this.#head = (this.#head + 1) % this.#ring.length
    this.length--
    return value
  }

  /** The values, oldest first. */
  take(): Uint32Array {
    return Uint32Array.from({ length: this.length }, (_, i) => this.#ring[(this.#head + i) % this.#ring.length]!)
  }

  refill(values: Uint32Array): void {
    this.#ring.set(values)
    this.#head = 0
    this.length = values.length
  }
}
