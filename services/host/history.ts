/**
 * The access history of pages whose workload states rates, revealed lazily and only forward. Nobody enumerates
 * accesses: a page keeps when it was last touched and up to when that is known; a question at work time t draws for
 * (known, t] alone and stores the outcome. Touches are a Poisson process, so by memorylessness this is exact, and every
 * observer (accessed bit, hint fault, hotness monitor) sees one and the same history.
 *
 * Where a page lies decides what is drawn here. In DRAM: every touch. On the device: only touches that the CPU cache
 * serves; those that reach the device are an independent process (a thinned Poisson process), drawn per class by
 * access.ts and noted here as they happen; stores that the mapping forbids are neither, for they are faults (faults.ts).
 * Swapped: nothing, for there every touch is a fault that access.ts draws.
 *
 * Resolution: one work tick (10 µs) for lazy touches, one accounting tick for those that reach a device.
 */
import { exp, log } from '#shared/arithmetic.ts'
import { firstEventTicks } from '#shared/distributions.ts'
import { ACCESSED, HINTED, type PageTable } from '#shared/page/page-table.ts'
import { POISONED, POOLED, SWAPPED } from '#shared/page/transitions.ts'
import { hashUnit, type Key } from '#shared/random.ts'
import { missesPerTick, touchesPerTick, type RateClass } from './classes.ts'
import type { Mapping } from './mapping.ts'

/** A first touch that will not come while 32 bits of work ticks last. */
export const NEVER_TOUCHED = 0xffffffff

export class History {
  readonly #table: PageTable
  readonly #classes: readonly RateClass[]
  readonly #mapping: Mapping
  readonly #direct: boolean
  readonly #touchKey: Key
  readonly #hintKey: Key
  /** By class. */
  #flooded = new Uint8Array(64)
  /** exp(−rate·span) of the last question per class and place: pages of a class are mostly asked with one span. */
  #cachedSpan = new Float64Array(64)
  #cachedRate = new Float64Array(64)
  #cachedUntouched = new Float64Array(64)

  constructor(table: PageTable, classes: readonly RateClass[], mapping: Mapping, touchKey: Key, hintKey: Key) {
    this.#table = table
    this.#classes = classes
    this.#mapping = mapping
    this.#direct = mapping.direct
    this.#touchKey = touchKey
    this.#hintKey = hintKey
  }

  /** Draws what happened to the page in (known, now]; sets its accessed bit and last touch if it was touched. */
  reveal(page: number, now: number): void {
    const table = this.#table
    // A class that nobody touches, such as a trace's, has no history; `known` is set when it gets rates (tenancy.ts).
    if (touchesPerTick(this.#classes[table.klass[page]!]!) === 0) return
    const flags = table.flags[page]!
    // A hinted page is known to be untouched until its first touch, and that is handled when its time comes.
    if ((flags & HINTED) !== 0) return
    const known = table.known[page]!
    if (known >= now) return
    table.known[page] = now
    const rate = this.lazyRate(page)
    if (rate === 0) return
    const unit = hashUnit(this.#touchKey, page, known)
    if (unit < this.#untouched(page, rate, now - known)) return
    table.flags[page] = flags | ACCESSED
    // The time back to the last touch is exponential too: the same number says whether and when.
    const last = Math.max(known + 1, now - Math.floor(-log(unit) / rate))
    if (last > table.last[page]!) table.last[page] = last
  }

  /** As reveal() for the first `count` of these pages. */
  revealAll(pages: Uint32Array, count: number, now: number): void {
    const { klass } = this.#table
    const classes = this.#classes
    for (let i = 0; i < count; i++) {
      const page = pages[i]!
      if (touchesPerTick(classes[klass[page]!]!) > 0) this.reveal(page, now)
    }
  }

  /** A touch that is known to happen now (it reached a device, faulted, or was recorded in a trace). */
  touch(page: number, now: number): void {
    this.#table.flags[page]! |= ACCESSED
    this.#table.last[page] = now
  }

  /** Marks the page for a hint fault and draws its first touch from now on. Returns that time, or NEVER_TOUCHED. */
  hint(page: number, now: number): number {
    this.reveal(page, now)
    const first = now + firstEventTicks(hashUnit(this.#hintKey, page, now), this.lazyRate(page))
    const time = Math.min(first, NEVER_TOUCHED)
    this.#table.flags[page]! |= HINTED
    this.#table.known[page] = time
    return time
  }

  /** Takes a hint mark away before its first touch came: nothing touched the page up to now. */
  unhint(page: number, now: number): void {
    if ((this.#table.flags[page]! & HINTED) === 0) return
    this.#table.flags[page]! &= ~HINTED
    this.#table.known[page] = now
  }

  /** The rate per work tick of the touches that are drawn here for a page in its present place. */
  lazyRate(page: number): number {
    const c = this.#classes[this.#table.klass[page]!]!
    const state = this.#table.state[page]!
    if (state === SWAPPED) return 0
    if (state === POOLED || state === POISONED) {
      // What reaches a device in a flood is drawn for the class alone (flood.ts), and so here for a page.
      if (this.#direct && this.flooded(this.#table.klass[page]!)) return touchesPerTick(c)
      if (this.#direct || this.#mapping.writable(page)) return touchesPerTick(c) - missesPerTick(c)
      return this.#mapping.readable ? c.readsPerTick * (1 - c.miss) : 0
    }
    return touchesPerTick(c)
  }

  flooded(klass: number): boolean {
    return this.#flooded[klass] === 1
  }

  /** The caller has revealed the class's pages on the devices up to now. */
  flood(klass: number, flooded: boolean): void {
    if (klass >= this.#flooded.length) {
      const grown = new Uint8Array(Math.max(klass + 1, this.#flooded.length * 2))
      grown.set(this.#flooded)
      this.#flooded = grown
    }
    this.#flooded[klass] = flooded ? 1 : 0
  }

  /** The classes in flood. */
  snapshot(): number[] {
    return [...this.#flooded.keys()].filter((klass) => this.#flooded[klass] === 1)
  }

  restore(flooded: readonly number[]): void {
    this.#flooded.fill(0)
    for (const klass of flooded) this.flood(klass, true)
  }

  #untouched(page: number, rate: number, span: number): number {
    const klass = this.#table.klass[page]!
    const entry = klass * 2 + (this.#table.state[page] === POOLED ? 1 : 0)
    if (entry >= this.#cachedSpan.length) this.#growCache(entry)
    if (this.#cachedSpan[entry] !== span || this.#cachedRate[entry] !== rate) {
      this.#cachedSpan[entry] = span
      this.#cachedRate[entry] = rate
      this.#cachedUntouched[entry] = exp(-rate * span)
    }
    return this.#cachedUntouched[entry]!
  }

  #growCache(entry: number): void {
    const size = Math.max(entry + 1, this.#cachedSpan.length * 2)
    this.#cachedSpan = new Float64Array(size)
    this.#cachedRate = new Float64Array(size)
    this.#cachedUntouched = new Float64Array(size)
  }
}
