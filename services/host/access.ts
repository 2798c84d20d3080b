/**
 * What one accounting tick of a workload does to its pages: misses that reach a device, faults on swapped pages, hint
 * faults that fall due, the sweep, the trace, and what all of them cost. Behind the CPU cache: a read miss is a line
 * fill; a write miss is a fill and, later, a write-back. Left out: prefetching, and the order of accesses within a tick.
 */
import { poisson } from '#shared/distributions.ts'
import { PageList } from '#shared/page/page-list.ts'
import { HINTED, LISTED_POOLED, LISTED_SWAPPED } from '#shared/page/page-table.ts'
import { FREE, POISONED, POOLED, SWAPPED } from '#shared/page/transitions.ts'
import type { Stream } from '#shared/random.ts'
import { missesPerTick, touchesPerTick, type RateClass } from './classes.ts'
import { DRAM_READ_NS, HINT_FAULT_NS, LINES_PER_PAGE, MAJOR_FAULT_NS, SWAP_OUT_PAGE_NS } from './costs.ts'
import { HintCalendar, sinceHint } from './hint-calendar.ts'
import type { History } from './history.ts'
import { LatencyHistogram } from './latency.ts'
import type { Link } from './link.ts'
import type { HostMemory } from './memory.ts'
import { stall, type Resident } from './resident.ts'
import type { SwapDevice } from './swap.ts'
import type { Tally } from './tally.ts'
import type { Watermarks } from './watermarks.ts'

/** Pages that a task in direct reclaim frees before it goes on. P: SWAP_CLUSTER_MAX. */
const DIRECT_RECLAIM_PAGES = 32

export interface AccessParts {
  readonly memory: HostMemory
  readonly history: History
  readonly links: readonly Link[]
  readonly swap: SwapDevice
  readonly tally: Tally
  readonly marks: Watermarks
  readonly stream: Stream
}

export class Access {
  readonly #parts: AccessParts
  readonly latency = new LatencyHistogram()
  /** One a resident. */
  readonly calendars: HintCalendar[] = []
  readonly hintPages = new PageList()
  readonly hintLatencyMs = new PageList()
  /** Of all residents that live. */
  threads = 0
  /** Kernel time that stalled tasks put into reclaim. */
  directBudgetNs = 0
  /** A fault found no frame at all in this tick. */
  starved = false
  #nowNs = 0

  constructor(parts: AccessParts) {
    this.#parts = parts
  }

  tick(resident: Resident, ticks: number, nowNs: number): void {
    this.#nowNs = nowNs
    const { classes } = this.#parts.memory
    this.calendars[resident.index]!.due(resident.work, this.#parts.memory.table, (page, time) =>
      this.#fallDue(resident, page, time),
    )
    const end = resident.firstClass + resident.classCount
    for (let k = resident.firstClass; k < end; k++) {
      const c = classes[k]!
      if (c.local > 0) this.latency.add(DRAM_READ_NS, c.local * missesPerTick(c) * ticks)
      if (c.pooled > 0) this.#drawPooled(resident, c, ticks)
      if (c.swapped > 0) this.#drawSwapped(resident, c, ticks)
    }
  }

  /** Lines of a pooled page that pass the CPU cache; `visits` as in Link.access(). */
  touchPooled(resident: Resident, page: number, reads: number, writes: number, visits = reads): void {
    const { table } = this.#parts.memory
    this.#parts.history.touch(page, resident.work)
    if ((table.flags[page]! & HINTED) !== 0) {
      this.#parts.history.unhint(page, resident.work)
      this.#hintFault(resident, page)
    }
    const link = this.#parts.links[this.#parts.memory.deviceOf(page)]!
    const size = table.size[page]!
    if (reads + writes > 0) link.access(page, size, reads, writes, visits)
    if (reads > 0) {
      if (table.state[page] === POISONED) {
        this.#parts.tally.poisonHits++
        resident.doom = 'sigbus'
      }
      const ns = link.readNs(size)
      this.latency.add(ns, visits)
      this.latency.add(link.load.rawReadNs, reads - visits)
      const extraNs = visits * (ns - DRAM_READ_NS) + (reads - visits) * (link.load.rawReadNs - DRAM_READ_NS)
      if (extraNs > 0) stall(resident, extraNs)
    }
    // Writes are posted: they hold a thread up only when the device is offered more than it can take.
    if (writes > 0 && link.load.utilisation > 1) stall(resident, writes * link.load.writeNs * (link.load.utilisation - 1))
  }

  /** New content in `lines` of the 64 lines of a pooled page: the page as a whole is taken to change with that share. */
  rewrite(page: number, lines: number): void {
    const { table, classes } = this.#parts.memory
    if (table.state[page] !== POOLED) return
    if (lines < LINES_PER_PAGE && this.#parts.stream.unit() * LINES_PER_PAGE >= lines) return
    this.resize(page, classes[table.klass[page]!]!.written.after(table.size[page]!, this.#parts.stream.unit()))
  }

  resize(page: number, size: number): void {
    const { memory, links } = this.#parts
    if (memory.table.size[page] === size) return
    memory.table.size[page] = size
    links[memory.deviceOf(page)]!.written(page, size)
  }

  /** A major fault. False if there was no frame to be had: the thread waits for the tick and tries again. */
  fault(resident: Resident, page: number): boolean {
    const { memory, swap, tally, marks } = this.#parts
    if (memory.free <= marks.min) this.#directReclaim(resident)
    if (memory.free <= 0) {
      this.starved = true
      return false
    }
    const ns = swap.read(this.#nowNs, this.threads) + MAJOR_FAULT_NS
    memory.swapIn(page, resident.work)
    tally.swappedIn++
    tally.kernelNs += MAJOR_FAULT_NS
    this.latency.add(ns, 1)
    stall(resident, ns)
    return true
  }

  #drawPooled(resident: Resident, c: RateClass, ticks: number): void {
    const { memory, stream } = this.#parts
    const { table } = memory
    const members = c.pooledMembers
    const writeShare = c.writesPerTick / touchesPerTick(c)
    const events = poisson(stream, members.length * missesPerTick(c) * ticks)
    for (let i = 0; i < events; i++) {
      const page = members.items[stream.below(members.length)]!
      const state = table.state[page]!
      // The list may be stale: a miss of a page that has left it was no miss on the device.
      if (state !== POOLED && state !== POISONED) continue
      const write = stream.unit() < writeShare
      this.touchPooled(resident, page, 1, write ? 1 : 0)
      if (write) this.rewrite(page, 1)
    }
    if (members.length > 64 && c.pooled * 2 < members.length) this.#compact(members, LISTED_POOLED)
  }

  #drawSwapped(resident: Resident, c: RateClass, ticks: number): void {
    const { memory, stream } = this.#parts
    const members = c.swappedMembers
    const events = poisson(stream, members.length * touchesPerTick(c) * ticks)
    for (let i = 0; i < events; i++) {
      const page = members.items[stream.below(members.length)]!
      if (memory.table.state[page] !== SWAPPED) continue
      if (!this.fault(resident, page)) break
    }
    if (members.length > 64 && c.swapped * 2 < members.length) this.#compact(members, LISTED_SWAPPED)
  }

  #compact(members: PageList, listed: number): void {
    const { table } = this.#parts.memory
    let kept = 0
    for (let i = 0; i < members.length; i++) {
      const page = members.items[i]!
      const state = table.state[page]!
      const belongs = listed === LISTED_POOLED ? state === POOLED || state === POISONED : state === SWAPPED
      if (belongs) members.items[kept++] = page
      else table.flags[page]! &= ~listed
    }
    members.length = kept
  }

  #fallDue(resident: Resident, page: number, time: number): void {
    const { table } = this.#parts.memory
    if (table.state[page] === FREE) return
    table.flags[page]! &= ~HINTED
    table.known[page] = time
    this.#parts.history.touch(page, time)
    this.#hintFault(resident, page)
  }

  #hintFault(resident: Resident, page: number): void {
    this.hintPages.push(page)
    this.hintLatencyMs.push(sinceHint(this.#parts.memory.table.hintedAt[page]!, this.#nowNs))
    this.#parts.tally.hintFaults++
    this.#parts.tally.kernelNs += HINT_FAULT_NS
    stall(resident, HINT_FAULT_NS)
  }

  #directReclaim(resident: Resident): void {
    const ns = DIRECT_RECLAIM_PAGES * SWAP_OUT_PAGE_NS
    this.directBudgetNs += ns
    this.#parts.tally.directReclaimStallNs += ns
    stall(resident, ns)
  }

  snapshot(): Record<string, unknown> {
    return {
      latency: this.latency.snapshot(),
      calendars: this.calendars.map((calendar) => calendar.snapshot()),
      threads: this.threads,
      directBudgetNs: this.directBudgetNs,
      starved: this.starved,
    }
  }

  restore(from: Record<string, unknown>): void {
    this.latency.restore(from['latency'] as Record<string, unknown>)
    this.calendars.length = 0
    for (const saved of from['calendars'] as Record<string, unknown>[]) {
      const calendar = new HintCalendar()
      calendar.restore(saved)
      this.calendars.push(calendar)
    }
    this.threads = from['threads'] as number
    this.directBudgetNs = from['directBudgetNs'] as number
    this.starved = from['starved'] as boolean
  }
}
