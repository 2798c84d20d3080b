/**
 * A host's memory: the page table, the DRAM frames, and the LRU of each memory node, moved together so that they cannot
 * disagree. Every move of a page goes through here.
 */
import { assert } from '#shared/errors.ts'
import {
  ACCESSED,
  DEVICE_SHIFT,
  GENERATION_MASK,
  LISTED_POOLED,
  LISTED_SWAPPED,
  PAGE_BYTES,
  PageTable,
} from '#shared/page/page-table.ts'
import { DEMOTING, EVENT, LOCAL, POISONED, POOLED, PROMOTING, SWAPPED } from '#shared/page/transitions.ts'
import type { PageList } from '#shared/page/page-list.ts'
import type { RateClass } from './classes.ts'
import { DELIBERATE, DEMOTED, Origins } from './isolation/origins.ts'
import { systemPages } from './isolation/spec.ts'
import { Lru } from './lru.ts'
import type { Mapping } from './mapping.ts'
import { mappingOf } from './policy.ts'
import type { HostSpec } from './spec.ts'

/** A page whose content was never compressed has no size yet. */
export const UNSIZED = 0xffff

export class HostMemory {
  readonly table: PageTable
  readonly classes: RateClass[] = []
  readonly mapping: Mapping
  readonly frames: number
  readonly swapSlots: number
  readonly dram: Lru
  /** One a device. */
  readonly nodes: readonly Lru[]
  /** Slots held on each device: pooled, promoting and poisoned pages. */
  readonly slots: Float64Array
  /** Frames whose page is still being written to swap. */
  writeback = 0
  /** Pages in ranges; table entries beyond are unused. */
  used = 0
  /** Pages from here on are workloads'; those before are files' and the kernel's, which are on no list and of no class. */
  readonly firstPage: number
  /** Those of them in DRAM. */
  systemLocal = 0
  /** Pooled pages on no LRU list: the system's, and those that user space took on purpose. */
  unlisted = 0
  /** How pages came to the devices; undefined where demotion is the only way. */
  readonly origins: Origins | undefined

  constructor(spec: HostSpec) {
    this.firstPage = systemPages(spec.isolation)
    // What is known to come is reserved in one piece: doubling would copy it, and hold it twice.
    this.table = new PageTable(spec.start ? this.firstPage + spec.start.pages : 1024)
    this.frames = Math.floor(spec.memoryBytes / PAGE_BYTES)
    this.swapSlots = Math.floor(spec.swap.bytes / PAGE_BYTES)
    this.mapping = mappingOf(spec)
    this.dram = new Lru(spec.generations)
    this.nodes = spec.devices.map(() => new Lru(spec.generations))
    this.slots = new Float64Array(spec.devices.length)
    this.origins = spec.isolation && new Origins()
    if (this.firstPage > 0) this.reserve(this.firstPage)
  }

  get free(): number {
    const { counts } = this.table
    return this.frames - counts[LOCAL]! - counts[DEMOTING]! - counts[PROMOTING]! - this.writeback
  }

  get swapFree(): number {
    return this.swapSlots - this.table.counts[SWAPPED]!
  }

  /** Index of the workload whose page it is. */
  ownerOf(page: number): number {
    return this.classes[this.table.klass[page]!]!.owner
  }

  deviceOf(page: number): number {
    return this.table.flags[page]! >> DEVICE_SHIFT
  }

  /** Opens a range of `pages` free pages; returns its first page. */
  reserve(pages: number): number {
    const base = this.used
    this.used += pages
    this.table.grow(this.used)
    this.table.counts[0]! += pages
    return base
  }

  allocate(page: number, now: number): void {
    const { table, dram } = this
    const slot = dram.youngestSlot
    table.apply(page, EVENT.ALLOCATE)
    table.size[page] = UNSIZED
    table.flags[page] = ACCESSED | slot
    table.last[page] = now
    table.known[page] = now
    dram.counts[slot]!++
    this.#class(page).local++
  }

  /** Pages were put into DRAM, and on each device, that were there before the run (start.ts, which has listed them). */
  began(local: number, pooled: readonly number[]): void {
    const { table, slots, nodes } = this
    pooled.forEach((pages, device) => {
      table.enter(POOLED, pages)
      slots[device]! += pages
      nodes[device]!.counts[nodes[device]!.youngestSlot]! += pages
    })
    table.enter(LOCAL, local)
  }

  /** A frame for a page of the system. */
  take(page: number): void {
    this.table.apply(page, EVENT.ALLOCATE)
    this.systemLocal++
  }

  /** Allocated on a device: nobody was asked. The caller tells the device. */
  land(page: number, device: number, size: number, now: number, origin: number): void {
    const { table } = this
    table.apply(page, EVENT.LAND)
    table.size[page] = size
    table.flags[page] = ACCESSED | (device << DEVICE_SHIFT)
    table.last[page] = now
    table.known[page] = now
    this.slots[device]!++
    this.origins!.enter(page, origin)
    this.mapping.enter(size)
    if (this.isUnlisted(page)) this.unlisted++
    else this.#enter(page, this.nodes[device]!)
    if (page < this.firstPage) return
    const c = this.#class(page)
    c.pooled++
    this.#list(page, c.pooledMembers, LISTED_POOLED)
  }

  /** Of a pooled page: reclaim, promotion and hint faults do not see it. */
  isUnlisted(page: number): boolean {
    return page < this.firstPage || this.origins?.of(page) === DELIBERATE
  }

  /** Isolates the page from the LRU while the device is asked. */
  askDemotion(page: number, device: number): void {
    this.#leave(page, this.dram)
    this.table.apply(page, EVENT.DEMOTE)
    this.table.flags[page] = (this.table.flags[page]! & ((1 << DEVICE_SHIFT) - 1)) | (device << DEVICE_SHIFT)
  }

  /** The copy is done: the frame is free, the page lives on the device. */
  admit(page: number): void {
    this.table.apply(page, EVENT.ADMIT)
    const device = this.deviceOf(page)
    this.slots[device]!++
    this.origins?.enter(page, DEMOTED)
    this.mapping.enter(this.table.size[page]!)
    this.table.flags[page]! &= ~ACCESSED
    this.#enter(page, this.nodes[device]!)
    const c = this.#class(page)
    c.local--
    c.pooled++
    this.#list(page, c.pooledMembers, LISTED_POOLED)
  }

  /** Back on the DRAM list, next to be looked at after the present oldest generation. */
  refuse(page: number): void {
    this.table.apply(page, EVENT.REFUSE)
    this.#enterAt(page, this.dram, Math.min(this.dram.oldest + 1, this.dram.youngest))
  }

  startPromotion(page: number): void {
    this.#leave(page, this.nodes[this.deviceOf(page)]!)
    this.table.apply(page, EVENT.PROMOTE)
    const c = this.#class(page)
    c.pooled--
    c.local++
  }

  /** The slot is given back by the caller (mail); the page is hot by decree. */
  arrive(page: number): void {
    this.table.apply(page, EVENT.ARRIVE)
    this.#giveBack(page)
    this.#enterDram(page)
  }

  decline(page: number): void {
    this.table.apply(page, EVENT.DECLINE)
    this.#enter(page, this.nodes[this.deviceOf(page)]!)
    const c = this.#class(page)
    c.local--
    c.pooled++
    this.#list(page, c.pooledMembers, LISTED_POOLED)
  }

  /** The whole of a promotion within one fault; as in arrive(), the slot is given back by the caller. */
  faultIn(page: number, now: number): void {
    this.#leave(page, this.nodes[this.deviceOf(page)]!)
    this.table.apply(page, this.mapping.readable ? EVENT.WRITE_FAULT : EVENT.ACCESS_FAULT)
    const c = this.#class(page)
    c.pooled--
    c.local++
    this.arrive(page)
    this.table.flags[page]! |= ACCESSED
    this.table.known[page] = now
    this.table.last[page] = now
  }

  /** From DRAM: the frame stays taken until the write is done. From the device: the slot is given back by the caller. */
  swapOut(page: number): void {
    const c = this.#class(page)
    if (this.table.state[page] === LOCAL) {
      this.#leave(page, this.dram)
      this.writeback++
      c.local--
    } else {
      this.#leave(page, this.nodes[this.deviceOf(page)]!)
      this.#giveBack(page)
      c.pooled--
    }
    this.table.apply(page, EVENT.SWAP_OUT)
    this.table.flags[page]! &= ~ACCESSED
    c.swapped++
    this.#list(page, c.swappedMembers, LISTED_SWAPPED)
  }

  swapIn(page: number, now: number): void {
    this.table.apply(page, EVENT.SWAP_IN)
    this.table.flags[page]! |= ACCESSED
    this.table.known[page] = now
    this.table.last[page] = now
    this.#enterDram(page)
    const c = this.#class(page)
    c.swapped--
    c.local++
  }

  poison(page: number): void {
    if (this.table.state[page] === POOLED) this.#leaveNode(page)
    else {
      const c = this.#class(page)
      c.local--
      c.pooled++
    }
    this.table.apply(page, EVENT.POISON)
    if (page < this.firstPage) return
    const c = this.#class(page)
    this.#list(page, c.pooledMembers, LISTED_POOLED)
  }

  /** Gives the page up. Returns its device if it held a slot there, else −1. */
  release(page: number): number {
    const state = this.table.state[page]!
    const device = this.deviceOf(page)
    if (state === POOLED) this.#leaveNode(page)
    if (page < this.firstPage) {
      if (state === LOCAL) this.systemLocal--
    } else {
      const c = this.#class(page)
      if (state === LOCAL) this.#leave(page, this.dram)
      if (state === POOLED || state === POISONED) c.pooled--
      else if (state === SWAPPED) c.swapped--
      else c.local--
    }
    const held = state === POOLED || state === POISONED || state === PROMOTING
    if (held) this.#giveBack(page)
    this.table.apply(page, EVENT.FREE)
    return held ? device : -1
  }

  /** Moves a page that was found accessed to the youngest generation of its node. */
  rejuvenate(page: number, lru: Lru): void {
    this.#leave(page, lru)
    this.table.flags[page]! &= ~ACCESSED
    this.#enter(page, lru)
  }

  /** Every page belongs to one state, one class and, if evictable, one generation. */
  check(where: string): void {
    const { counts } = this.table
    const sum = counts.reduce((x, y) => x + y, 0)
    assert(sum === this.used, `${where}: pages over all states (${sum}) are the pages of all ranges (${this.used})`)
    assert(this.free >= 0, `${where}: free frames ${this.free} are not negative`)
    assert(this.swapFree >= 0, `${where}: free swap slots ${this.swapFree} are not negative`)
    const inDram = counts[LOCAL]! - this.systemLocal
    assert(this.dram.pages === inDram, `${where}: the DRAM lists hold the workloads' local pages`)
    const listed = this.nodes.reduce((n, lru) => n + lru.pages, this.unlisted)
    assert(listed === counts[POOLED], `${where}: the device lists (${listed}) hold the pooled pages (${counts[POOLED]})`)
    const held = this.slots.reduce((x, y) => x + y, 0)
    assert(held === counts[POOLED] + counts[PROMOTING]! + counts[POISONED]!, `${where}: each slot holds one page`)
    let local = 0
    let pooled = 0
    let swapped = 0
    for (const c of this.classes) {
      assert(c.local >= 0 && c.pooled >= 0 && c.swapped >= 0, `${where}: a class holds no negative number of pages`)
      local += c.local
      pooled += c.pooled
      swapped += c.swapped
    }
    assert(local === inDram + counts[DEMOTING]! + counts[PROMOTING]!, `${where}: classes and states agree on DRAM`)
    const system = this.origins?.system ?? 0
    assert(pooled === counts[POOLED] + counts[POISONED]! - system, `${where}: classes and states agree on the pool`)
    assert(this.origins === undefined || this.origins.total === held, `${where}: each slot was come by in one way`)
    assert(swapped === counts[SWAPPED], `${where}: classes and states agree on swap`)
  }

  /** A page leaves its slot. */
  #giveBack(page: number): void {
    this.slots[this.deviceOf(page)]!--
    this.origins?.leave(page)
    this.mapping.leave(page, this.table.size[page]!)
  }

  #leaveNode(page: number): void {
    if (this.isUnlisted(page)) this.unlisted--
    else this.#leave(page, this.nodes[this.deviceOf(page)]!)
  }

  #class(page: number): RateClass {
    return this.classes[this.table.klass[page]!]!
  }

  #enterDram(page: number): void {
    this.#enter(page, this.dram)
  }

  #enter(page: number, lru: Lru): void {
    this.#enterAt(page, lru, lru.youngest)
  }

  #enterAt(page: number, lru: Lru, sequence: number): void {
    const slot = sequence & GENERATION_MASK
    this.table.flags[page] = (this.table.flags[page]! & ~GENERATION_MASK) | slot
    lru.counts[slot]!++
  }

  #leave(page: number, lru: Lru): void {
    lru.counts[this.table.flags[page]! & GENERATION_MASK]!--
  }

  #list(page: number, members: PageList, listed: number): void {
    if ((this.table.flags[page]! & listed) !== 0) return
    this.table.flags[page]! |= listed
    members.push(page)
  }

  /** `table` is its table's, a copy or not. */
  snapshot(table = this.table.snapshot()): Record<string, unknown> {
    return {
      table,
      dram: this.dram.snapshot(),
      nodes: this.nodes.map((lru) => lru.snapshot()),
      slots: this.slots.slice(),
      writeback: this.writeback,
      used: this.used,
      ...(this.origins && { origins: this.origins.snapshot(), systemLocal: this.systemLocal, unlisted: this.unlisted }),
    }
  }

  restore(from: Record<string, unknown>): void {
    this.table.restore(from['table'] as Record<string, unknown>)
    this.dram.restore(from['dram'] as Record<string, unknown>)
    this.nodes.forEach((lru, i) => lru.restore((from['nodes'] as Record<string, unknown>[])[i]!))
    this.slots.set(from['slots'] as Float64Array)
    this.writeback = from['writeback'] as number
    this.used = from['used'] as number
    if (this.origins === undefined) return
    this.origins.restore(from['origins'] as Record<string, unknown>)
    this.systemLocal = from['systemLocal'] as number
    this.unlisted = from['unlisted'] as number
  }
}
