/**
 * Faults on demoted pages: a task meets what the mapping forbids, and brings the page home before it goes on.
 *
 * First stores (or first touches) come as a Poisson process per page, whether the CPU cache holds the line or not: the page
 * table says no before the cache is asked. Laid end to end, one tick of every pooled page of a class is one interval; an
 * exponential step along it names the next page that faults and when in its tick. That is exact, and its cost follows the faults.
 *
 * Left out: two threads that fault on one page at once, and the order of faults of different classes within a tick.
 */
import { log } from '#shared/arithmetic.ts'
import { poisson } from '#shared/distributions.ts'
import { PageList } from '#shared/page/page-list.ts'
import { HINTED, LINES_PER_PAGE } from '#shared/page/page-table.ts'
import { POISONED, POOLED } from '#shared/page/transitions.ts'
import type { Stream } from '#shared/random.ts'
import type { Access } from './access.ts'
import { touchesPerTick, type RateClass } from './classes.ts'
import { COPY_PAGE_NS, MIGRATE_PAGE_NS, PAGE_FAULT_NS, TLB_FLUSH_NS, WALK_PAGE_NS } from './costs.ts'
import { NEVER_TOUCHED, type History } from './history.ts'
import type { Link } from './link.ts'
import type { HostMemory } from './memory.ts'
import { stall, type Resident } from './resident.ts'
import type { Tally } from './tally.ts'
import type { Truth } from './truth.ts'
import type { Watermarks } from './watermarks.ts'
import type { WriteBudget } from './write-budget.ts'

export interface FaultParts {
  readonly memory: HostMemory
  readonly history: History
  readonly links: readonly Link[]
  readonly tally: Tally
  readonly truth: Truth
  readonly marks: Watermarks
  readonly access: Access
  readonly stream: Stream
  readonly tickNs: number
}

export class Faults {
  readonly #parts: FaultParts
  /** Pages that a thread waits for, because there was no frame for them. */
  readonly #awaited = new PageList()
  /** Pages that got a token in this tick and are not mapped writable yet; empty between ticks. */
  readonly #granted = new PageList()
  /** Faults on pages that were not mapped at all; on pages that were mapped read-only, they are the tally's writeFaults. */
  accessFaults = 0
  /** Times a thread waited a tick for a frame. */
  waits = 0
  stallNs = 0

  constructor(parts: FaultParts) {
    this.#parts = parts
  }

  /** Those who waited for a frame try again; call once a tick, before anything is drawn. */
  retry(resident: Resident): void {
    const { memory } = this.#parts
    const awaited = this.#awaited
    if (awaited.length === 0) return
    const pages = awaited.take()
    awaited.clear()
    for (const page of pages) {
      // Another thread has brought it home, or it has left.
      if (!this.#forbidden(page, true)) continue
      const mine = memory.ownerOf(page) === resident.index
      if (!mine || (!this.#grant(resident, page) && !this.#fault(resident, page))) awaited.push(page)
      this.settle()
    }
  }

  /** The faults of a tick on pooled pages of a class: first stores, or first touches where they may not be read either. */
  draw(resident: Resident, c: RateClass, ticks: number): void {
    const { memory, access, stream } = this.#parts
    const { items, length } = c.pooledMembers
    const { readable } = memory.mapping
    const rate = (readable ? c.writesPerTick : touchesPerTick(c)) * ticks
    if (rate === 0) return
    for (let at = -log(stream.unit()) / rate; at < length && this.#waiting(resident) < resident.threads;) {
      const index = Math.floor(at)
      const page = items[index]!
      if (this.#forbidden(page, true)) {
        const before = (at - index) * ticks
        if (this.#grant(resident, page)) this.#storeInPlace(resident, c, page, ticks - before)
        else {
          const reads = readable ? poisson(stream, c.readsPerTick * c.miss * before) : 0
          if (reads > 0) access.touchPooled(resident, page, reads, 0)
          if (this.#fault(resident, page)) access.localReads += c.readsPerTick * c.miss * (ticks - before)
          else this.#awaited.push(page)
        }
      }
      at = index + 1 - log(stream.unit()) / rate
    }
  }

  /** Maps what got a token writable; call when the tick's own draws of the class are done, for they are of what was mapped before. */
  settle(): void {
    const { mapping } = this.#parts.memory
    for (let i = 0; i < this.#granted.length; i++) {
      const page = this.#granted.items[i]!
      mapping.open(page, this.#parts.memory.deviceOf(page))
    }
    this.#granted.clear()
  }

  /** Makes a page read-only again: what was drawn ahead while it was writable is drawn anew. Returns kernel time. */
  protect(page: number, owner: Resident, budget: WriteBudget): number {
    const { memory, history, access } = this.#parts
    const hinted = (memory.table.flags[page]! & HINTED) !== 0
    if (hinted) history.unhint(page, owner.work)
    else history.reveal(page, owner.work)
    budget.close(page)
    if (!hinted) return WALK_PAGE_NS
    const time = history.hint(page, owner.work)
    if (time < NEVER_TOUCHED) access.calendars[owner.index]!.add(page, time)
    return WALK_PAGE_NS
  }

  /** A sweep or a trace touches a page. False if it has to wait for a frame, and then to try again in the next tick. */
  meet(resident: Resident, page: number, writes: boolean): boolean {
    if (!this.#forbidden(page, writes)) return true
    if (!this.#grant(resident, page)) return this.#fault(resident, page)
    this.settle()
    return true
  }

  #forbidden(page: number, writes: boolean): boolean {
    const { table, mapping } = this.#parts.memory
    const state = table.state[page]
    if (state !== POOLED && state !== POISONED) return false
    return !mapping.readable || (writes && !mapping.writable(page))
  }

  /** A store to a read-only page takes a token, if there is one: the page stays, and only the permission changes. */
  #grant(resident: Resident, page: number): boolean {
    const { memory, access, tally } = this.#parts
    if (memory.table.state[page] !== POOLED || !memory.mapping.take(memory.deviceOf(page))) return false
    this.#granted.push(page)
    access.touch(resident, page)
    memory.table.known[page] = resident.work
    // No flush: a translation that forbids too much is refetched when it faults.
    tally.writeFaults++
    tally.kernelNs += PAGE_FAULT_NS
    this.stallNs += PAGE_FAULT_NS
    stall(resident, PAGE_FAULT_NS)
    return true
  }

  /** The store that took the token, if it misses, and those that follow in the rest of the tick. */
  #storeInPlace(resident: Resident, c: RateClass, page: number, ticks: number): void {
    const { access, stream } = this.#parts
    const first = stream.unit() < c.miss ? 1 : 0
    const stores = first + poisson(stream, c.writesPerTick * c.miss * ticks)
    for (let i = 0; i < stores; i++) {
      access.touchPooled(resident, page, 1, 1)
      access.rewrite(page, 1)
    }
  }

  /** False if the thread waits for the rest of the tick. */
  #fault(resident: Resident, page: number): boolean {
    const { memory, tally, tickNs } = this.#parts
    if (memory.table.state[page] === POISONED) {
      // The copy home is what reads it.
      tally.poisonHits++
      resident.doom = 'sigbus'
    } else if (!this.#home(resident, page)) {
      this.waits++
      this.stallNs += tickNs
      stall(resident, tickNs)
      return false
    }
    if (memory.mapping.readable) tally.writeFaults++
    else this.accessFaults++
    return true
  }

  /** Promotes the page within the fault. Short of memory, the task reclaims first; false if there is no frame at all. */
  #home(resident: Resident, page: number): boolean {
    const { memory, links, tally, truth, marks, access } = this.#parts
    if (memory.free <= marks.min) access.directReclaim(resident)
    if (memory.free <= 0) {
      access.starved = true
      return false
    }
    access.touch(resident, page)
    truth.end(page)
    const device = memory.deviceOf(page)
    const link = links[device]!
    const size = memory.table.size[page]!
    link.copyOut(size)
    link.release(page)
    memory.faultIn(page, resident.work)
    resident.accesses[device]! += LINES_PER_PAGE
    // The first line comes after the device's latency under its present load, the rest streams.
    const copyNs = PAGE_FAULT_NS + MIGRATE_PAGE_NS + COPY_PAGE_NS
    // What was not mapped is in nobody's TLB.
    const kernelNs = memory.mapping.readable ? copyNs + TLB_FLUSH_NS : copyNs
    const ns = kernelNs + link.readNs(link.kindOf(size))
    tally.kernelNs += kernelNs
    this.stallNs += ns
    access.latency.add(ns, 1)
    stall(resident, ns)
    return true
  }

  #waiting(resident: Resident): number {
    const { memory } = this.#parts
    let threads = 0
    for (let i = 0; i < this.#awaited.length; i++) if (memory.ownerOf(this.#awaited.items[i]!) === resident.index) threads++
    return threads
  }

  snapshot(): Record<string, unknown> {
    const { accessFaults, waits, stallNs } = this
    return { awaited: this.#awaited.take(), accessFaults, waits, stallNs, stream: this.#parts.stream.counter }
  }

  restore(from: Record<string, unknown>): void {
    this.#awaited.refill(from['awaited'] as Uint32Array)
    this.accessFaults = from['accessFaults'] as number
    this.waits = from['waits'] as number
    this.stallNs = from['stallNs'] as number
    this.#parts.stream.counter = from['stream'] as number
  }
}
