/** Which page of a workload belongs to which of its rate classes, as its profile says. */
import type { BodyOf } from '#shared/messages.ts'

/** 1/φ: multiples of it modulo 1 spread the classes evenly over the range. */
const GOLDEN = 0.6180339887498949

/** The unit interval in cells, most of which lie within one class. */
const CELLS = 4096
const SEVERAL = -1
/** Pages in one call: V8 optimises a function that is called often better, and once, than a loop that never returns. */
const BLOCK_PAGES = 4096

export class Layout {
  readonly #pages: number
  readonly #contiguous: boolean
  readonly #shift: number
  /** Where each class ends; the last of them is the sum of all shares. */
  readonly #upTo: Float64Array
  readonly #sum: number
  readonly #classOfCell = new Int16Array(CELLS)

  constructor({ pages, contiguous, shift, share }: BodyOf<'profile'>) {
    const count = Math.max(1, share.length)
    this.#pages = pages
    this.#contiguous = contiguous === 1
    this.#shift = shift
    this.#upTo = new Float64Array(count)
    let sum = 0
    for (let i = 0; i < count; i++) this.#upTo[i] = sum += share[i] ?? 1
    this.#sum = sum
    for (let cell = 0; cell < CELLS; cell++) {
      const first = this.#search((cell / CELLS) * sum)
      this.#classOfCell[cell] = first === this.#search(((cell + 1) / CELLS) * sum) ? first : SEVERAL
    }
  }

  /** The class of the i-th page. */
  classOf(i: number): number {
    const at = this.#contiguous ? i / this.#pages + this.#shift : i * GOLDEN + this.#shift
    const unit = at - Math.floor(at)
    const k = this.#classOfCell[Math.floor(unit * CELLS)]!
    return k === SEVERAL ? this.#search(unit * this.#sum) : k
  }

  /** Writes the class of each page, counted from `first`, in order. */
  writeTo(classes: Uint16Array, first: number): void {
    if (this.#upTo.length === 1) classes.fill(first)
    else for (let from = 0; from < classes.length; from += BLOCK_PAGES) this.#fillBlock(classes, first, from)
  }

  #fillBlock(classes: Uint16Array, first: number, from: number): void {
    const end = Math.min(classes.length, from + BLOCK_PAGES)
    for (let i = from; i < end; i++) classes[i] = first + this.classOf(i)
  }

  #search(x: number): number {
    const upTo = this.#upTo
    let k = 0
    while (k < upTo.length - 1 && x >= upTo[k]!) k++
    return k
  }
}
