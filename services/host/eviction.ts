/**
 * Whom reclaim takes: the aging walk that finds accessed pages, and the hand that takes pages of the oldest generation.
 * One for the DRAM node and one for each device's node. Left out: the rmap walk's look-around, scan priorities.
 */
import { ACCESSED, DEVICE_SHIFT, GENERATION_MASK } from '#shared/page/page-table.ts'
import type { History } from './history.ts'
import type { Lru } from './lru.ts'
import type { HostMemory } from './memory.ts'
import type { Resident } from './resident.ts'

export class Eviction {
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

  /** The next page of the oldest generation that was not accessed, or −1. Accessed ones on the way are made young. `spend` is charged a page looked at. */
  next(spend: (pages: number) => void): number {
    const { table, used } = this.#memory
    while (this.lru.evictable) {
      const slot = this.lru.oldestSlot
      const page = this.#seek(slot, used)
      if (page < 0) return -1
      spend(1)
      this.#history.reveal(page, this.#residents[this.#memory.ownerOf(page)]!.work)
      if ((table.flags[page]! & ACCESSED) === 0) return page
      this.#memory.rejuvenate(page, this.lru)
    }
    return -1
  }

  /** Walks all pages of the node: accessed ones enter a new youngest generation, bits cleared. Returns pages walked. */
  age(): number {
    const folded = this.lru.age()
    const { state, flags } = this.#memory.table
    const wanted = this.#state
    const device = this.#device
    const young = this.lru.youngestSlot
    const { counts } = this.lru
    let walked = 0
    for (const resident of this.#residents) {
      if (!resident.alive) continue
      const { base, pages, work } = resident
      for (let page = base; page < base + pages; page++) {
        if (state[page] !== wanted) continue
        if (device >= 0 && (flags[page]! >> DEVICE_SHIFT !== device || this.#memory.isUnlisted(page))) continue
        walked++
        this.#history.reveal(page, work)
        let slot = flags[page]! & GENERATION_MASK
        if (slot === folded) {
          slot = this.lru.oldestSlot
          flags[page] = (flags[page]! & ~GENERATION_MASK) | slot
        }
        if ((flags[page]! & ACCESSED) === 0) continue
        counts[slot]!--
        counts[young]!++
        flags[page] = (flags[page]! & ~(GENERATION_MASK | ACCESSED)) | young
      }
    }
    return walked
  }

  /** The hand moves on to the next page of the generation; −1 after a whole turn without one. */
  #seek(slot: number, used: number): number {
    const { state, flags } = this.#memory.table
    const wanted = this.#state
    const device = this.#device
    const first = this.#memory.firstPage
    let page = Math.max(this.lru.hand, first)
    for (let looked = first; looked < used; looked++, page++) {
      if (page >= used) page = first
      if (state[page] !== wanted) continue
      const bits = flags[page]!
      if ((bits & GENERATION_MASK) !== slot) continue
      if (device >= 0 && (bits >> DEVICE_SHIFT !== device || this.#memory.isUnlisted(page))) continue
      this.lru.hand = page + 1
      return page
    }
    return -1
  }
}
