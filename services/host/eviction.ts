/**
 * Whom reclaim takes: the aging walk that finds accessed pages, and the hand that takes pages of the oldest generation.
 * One for the DRAM node and one for each device's node. Left out: the rmap walk's look-around, scan priorities.
 */
import { ACCESSED, DEVICE_SHIFT, GENERATION_MASK } from '#shared/page/page-table.ts'
import { findState } from '#shared/page/state-search.ts'
import type { History } from './history.ts'
import type { Lru } from './lru.ts'
import type { HostMemory } from './memory.ts'
import type { Resident } from './resident.ts'

/** Pages of the node are looked for among so many at a time; their numbers stay in a core's own cache. */
const BLOCK = 2048

/** What a walk changes of a page's flags. */
const MOVED_MASK = ACCESSED | GENERATION_MASK

export class Eviction {
  /** Pages of the node in the block that a walk is in; empty between blocks. */
  readonly #walked = new Uint32Array(BLOCK + 1)
  /** By what a page's flags are before a walk: its generation after it, and pages that were so. Hold nothing between blocks. */
  readonly #after = new Uint8Array(MOVED_MASK + 1)
  readonly #moved = new Uint32Array(MOVED_MASK + 1)
  /** Pages of the node in the block that the hand is in, from where it came to it; the next one to be looked at. */
  readonly #ahead = new Uint32Array(BLOCK + 1)
  #aheadEnd = 0
  #aheadCount = 0
  #aheadNext = 0
  /** Pages that next() has looked at; who pays for them sets it to zero. */
  looked = 0
  readonly #memory: HostMemory
  readonly #history: History
  readonly #residents: readonly Resident[]
  readonly lru: Lru
  /** Pages of this node are in this state (local or pooled) … */
  readonly #state: number
  /** … and, if pooled, on this device; −1 for DRAM. */
  readonly #device: number

  constructor(memory: HostMemory, history: History, residents: readonly Resident[], lru: Lru, state: number, device: number) {
    this.#memory = memory
    this.#history = history
    this.#residents = residents
    this.lru = lru
    this.#state = state
    this.#device = device
  }

  /** Before reclaim begins anew: other pages may have come to the node in the meantime. While it goes on, none come before its hand. */
  begin(): void {
    this.#aheadEnd = 0
  }

  /** The next page of the oldest generation that was not accessed, or −1. Accessed ones on the way are made young. */
  next(): number {
    const { table, used } = this.#memory
    while (this.lru.evictable) {
      const slot = this.lru.oldestSlot
      const page = this.#seek(slot, used)
      if (page < 0) return -1
      this.looked++
      this.#history.reveal(page, this.#residents[this.#memory.ownerOf(page)]!.work)
      if ((table.flags[page]! & ACCESSED) === 0) return page
      this.#memory.rejuvenate(page, this.lru)
    }
    return -1
  }

  /** Walks all pages of the node: accessed ones enter a new youngest generation, bits cleared. Returns pages walked. */
  age(): number {
    const folded = this.lru.age()
    let walked = 0
    for (const resident of this.#residents) {
      if (!resident.alive) continue
      const end = resident.base + resident.pages
      for (let from = resident.base; from < end; from += BLOCK) {
        const found = this.#find(from, Math.min(from + BLOCK, end), this.#walked)
        this.#rejuvenate(found, resident.work, folded)
        walked += found
      }
    }
    return walked
  }

  /** Pages of the node in [from, end). */
  #find(from: number, end: number, found: Uint32Array): number {
    const { state, flags } = this.#memory.table
    const count = findState(state, this.#state, from, end, found)
    if (this.#device < 0) return count
    let kept = 0
    for (let i = 0; i < count; i++) {
      const page = found[i]!
      found[kept] = page
      if (flags[page]! >> DEVICE_SHIFT === this.#device && !this.#memory.isUnlisted(page)) kept++
    }
    return kept
  }

  #rejuvenate(count: number, work: number, folded: number): void {
    const { flags } = this.#memory.table
    const found = this.#walked
    const { counts, oldestSlot, youngestSlot } = this.lru
    this.#history.revealAll(found, count, work)
    const after = this.#after
    for (let bits = 0; bits <= MOVED_MASK; bits++) {
      const generation = bits & GENERATION_MASK
      after[bits] = (bits & ACCESSED) !== 0 ? youngestSlot : generation === folded ? oldestSlot : generation
    }
    const moved = this.#moved.fill(0)
    for (let i = 0; i < count; i++) {
      const page = found[i]!
      const bits = flags[page]!
      const before = bits & MOVED_MASK
      moved[before]!++
      flags[page] = (bits & ~MOVED_MASK) | after[before]!
    }
    for (let bits = ACCESSED; bits <= MOVED_MASK; bits++) {
      const generation = bits & GENERATION_MASK
      counts[generation === folded ? oldestSlot : generation]! -= moved[bits]!
      counts[youngestSlot]! += moved[bits]!
    }
  }

  /** The hand moves on to the next page of the generation; −1 after a whole turn without one. */
  #seek(slot: number, used: number): number {
    const { state, flags } = this.#memory.table
    const wanted = this.#state
    const first = this.#memory.firstPage
    const ahead = this.#ahead
    let page = Math.max(this.lru.hand, first)
    for (let left = used - first; left > 0;) {
      if (this.#aheadEnd === 0) {
        if (page >= used) page = first
        this.#aheadEnd = Math.min(page + BLOCK, used)
        this.#aheadCount = this.#find(page, this.#aheadEnd, ahead)
        this.#aheadNext = 0
      }
      while (this.#aheadNext < this.#aheadCount) {
        const found = ahead[this.#aheadNext++]!
        if ((flags[found]! & GENERATION_MASK) !== slot || state[found] !== wanted) continue
        this.lru.hand = found + 1
        return found
      }
      left -= this.#aheadEnd - page
      page = this.#aheadEnd
      this.#aheadEnd = 0
    }
    return -1
  }
}
