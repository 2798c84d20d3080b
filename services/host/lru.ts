/**
 * The multi-generational LRU of one memory node: generation numbers and how many pages each holds. A page's own
 * generation is its sequence modulo four, in the page table's flags. Order within a generation is not kept: eviction
 * walks the table with a hand. Left out: tiers, the split by anonymous and file pages, memcg.
 */

/** P: MAX_NR_GENS. */
const SLOTS = 4

export class Lru {
  /** Sequence of the oldest and of the youngest generation. */
  oldest = 0
  youngest: number
  readonly counts = new Float64Array(SLOTS)
  /** Where eviction goes on. */
  hand = 0
  /** Generations that eviction must leave: two, as in the kernel (MIN_NR_GENS), one where only two exist. */
  readonly #keep: number
  readonly #limit: number

  constructor(generations: number) {
    this.#limit = generations
    this.#keep = Math.min(2, generations - 1)
    this.youngest = this.#keep
  }

  get oldestSlot(): number {
    return this.oldest % SLOTS
  }

  get youngestSlot(): number {
    return this.youngest % SLOTS
  }

  get pages(): number {
    return this.counts[0]! + this.counts[1]! + this.counts[2]! + this.counts[3]!
  }

  /** Pages of the two youngest generations: what the kernel counts as active (lru_gen_is_active). */
  get active(): number {
    const before = this.youngest > this.oldest ? this.counts[(this.youngest - 1) % SLOTS]! : 0
    return this.counts[this.youngestSlot]! + before
  }

  /** True while eviction may take from the oldest generation; drops generations that have run empty. */
  get evictable(): boolean {
    while (this.counts[this.oldestSlot] === 0 && this.youngest - this.oldest >= this.#keep) {
      if (this.youngest === this.oldest) break
      this.oldest++
    }
    return this.youngest - this.oldest >= this.#keep && this.counts[this.oldestSlot]! > 0
  }

  /**
   * Opens a new youngest generation. Returns the slot of a generation that must first be folded into the next older
   * one (all slots were in use), or −1.
   */
  age(): number {
    let folded = -1
    if (this.youngest - this.oldest + 1 >= this.#limit) {
      folded = this.oldestSlot
      this.oldest++
      this.counts[this.oldestSlot]! += this.counts[folded]!
      this.counts[folded] = 0
    }
    this.youngest++
    return folded
  }

  snapshot(): Record<string, unknown> {
    return { oldest: this.oldest, youngest: this.youngest, counts: this.counts.slice(), hand: this.hand }
  }

  restore(from: Record<string, unknown>): void {
    const { counts, ...scalars } = from as unknown as Pick<Lru, 'counts' | 'oldest' | 'youngest' | 'hand'>
    Object.assign(this, scalars)
    this.counts.set(counts)
  }
}
