/**
 * What one accounting tick of a workload does to its pages: misses that reach a device, faults on swapped pages, hint
 * faults that fall due, the sweep, the trace, and what all of them cost. Behind the CPU cache: a read miss is a line
 * fill; a write miss is a fill and, later, a write-back. Left out: prefetching, and the order of accesses within a tick.
 */
import type { Ordinal, Outbox } from '#shared/actor.ts'
import { poisson } from '#shared/distributions.ts'
import { PageList } from '#shared/page/page-list.ts'
import { ACCESSED, HINTED, LINES_PER_PAGE, LISTED_POOLED, LISTED_SWAPPED } from '#shared/page/page-table.ts'
import { FREE, POISONED, POOLED, SWAPPED } from '#shared/page/transitions.ts'
import type { Stream } from '#shared/random.ts'
import { missesPerTick, touchesPerTick, type RateClass } from './classes.ts'
import { DRAM_READ_NS, HINT_FAULT_NS, MAJOR_FAULT_NS, SWAP_OUT_PAGE_NS } from './costs.ts'
import { HintCalendar, sinceHint } from './hint-calendar.ts'
import type { History } from './history.ts'
import { LatencyHistogram } from '#shared/latency-histogram.ts'
import { COMPRESSED, METER_SLOTS, RAW, READ_KINDS, REWRITTEN, type Link } from './link.ts'
import type { HostMemory } from './memory.ts'
import { Faults } from './faults.ts'
import { Flood } from './flood.ts'
import { stall, type Resident } from './resident.ts'
import type { SwapDevice } from './swap.ts'
import type { Tally } from './tally.ts'
import type { Truth } from './truth.ts'
import type { Watermarks } from './watermarks.ts'

/** Pages that a task in direct reclaim frees before it goes on. P: SWAP_CLUSTER_MAX. */
const DIRECT_RECLAIM_PAGES = 32

/** The states of a page that holds a slot and can be read, as bits. */
const ON_DEVICE = (1 << POOLED) | (1 << POISONED)
const HINTED_SHIFT = 31 - Math.clz32(HINTED)

export interface AccessParts {
  readonly memory: HostMemory
  readonly history: History
  readonly links: readonly Link[]
  readonly swap: SwapDevice
  readonly tally: Tally
  readonly marks: Watermarks
  readonly truth: Truth
  readonly stream: Stream
  readonly faultStream: Stream
  readonly tickNs: number
  /** Hint-fault scans mark pages of the devices. */
  readonly hints: boolean
}

export class Access {
  readonly #parts: AccessParts
  readonly faults: Faults
  readonly #flood: Flood
  readonly latency = new LatencyHistogram()
  /** One a resident. */
  readonly calendars: HintCalendar[] = []
  readonly hintPages = new PageList()
  readonly hintLatencyMs = new PageList()
  /** Of all residents that live. */
  threads = 0
  /** Lines read from DRAM in this tick, empty between ticks as well. */
  localReads = 0
  /** Kernel time that stalled tasks put into reclaim. */
  directBudgetNs = 0
  /** Time that tasks waited for swapped pages, over the run. Only reclaim by pressure asks, and keeps it in its snapshot. */
  swapInStallNs = 0
  /** A fault found no frame at all in this tick. */
  starved = false
  #nowNs = 0
  /** What this tick did on each device, METER_SLOTS each; empty between ticks. */
  readonly #meter: Float64Array
  /** Room for the pages of one draw; it holds nothing between draws. */
  #picked = new Uint32Array(1024)
  #wrote = new Uint8Array(1024)
  #hinted = new Uint32Array(1024)

  constructor(parts: AccessParts) {
    this.#parts = parts
    this.faults = new Faults({ ...parts, access: this, stream: parts.faultStream })
    this.#flood = new Flood(
      {
        ...parts,
        resize: (page, size) => this.resize(page, size),
        touch: (resident, page) => this.touch(resident, page),
      },
      parts.hints,
    )
    this.#meter = new Float64Array(parts.links.length * METER_SLOTS)
  }

  tick(resident: Resident, ticks: number, nowNs: number): void {
    this.#nowNs = nowNs
    const { classes, mapping } = this.#parts.memory
    this.faults.retry(resident)
    this.calendars[resident.index]!.due(resident.work, this.#parts.memory.table, (page, time) =>
      this.#fallDue(resident, page, time),
    )
    const end = resident.firstClass + resident.classCount
    for (let k = resident.firstClass; k < end; k++) {
      const c = classes[k]!
      if (c.local > 0) this.localReads += c.local * missesPerTick(c) * ticks
      if (c.pooled > 0) {
        if (!mapping.direct) this.faults.draw(resident, c, ticks)
        if (this.#flood.takes(resident, k, ticks)) this.#flood.draw(resident, c, ticks, this.#meter)
        else if (mapping.readable) this.#drawPooled(resident, c, ticks)
        this.faults.settle()
        const { pooledMembers } = c
        if (pooledMembers.length > 64 && c.pooled * 2 < pooledMembers.length) this.#compact(pooledMembers, LISTED_POOLED)
      }
      if (c.swapped > 0) this.#drawSwapped(resident, c, ticks)
    }
  }

  /** Lines of a pooled page that pass the CPU cache; `visits` as in Link.access(). */
  touchPooled(resident: Resident, page: number, reads: number, writes: number, visits = reads): void {
    this.touch(resident, page)
    this.#transfer(resident, page, reads, writes, visits)
  }

  /**
   * As touchPooled() and rewrite() for many pages, each on a device and directly mapped, with the lines of each that are read
   * and written; that they were touched is noted already. Column by column, as #drawPooled.
   */
  transferRows(resident: Resident, pages: Uint32Array, reads: Uint32Array, writes: Uint32Array, count: number): void {
    const { memory, links, stream } = this.#parts
    const { size, klass } = memory.table
    for (let device = 0; device < links.length; device++) {
      resident.accesses[device]! += links[device]!.accessRows(device, memory.table, pages, reads, writes, count, this.#meter)
    }
    for (let i = 0; i < count; i++) {
      const lines = writes[i]!
      if (lines === 0 || (lines < LINES_PER_PAGE && stream.unit() * LINES_PER_PAGE >= lines)) continue
      const page = pages[i]!
      this.resize(page, memory.classes[klass[page]!]!.written.after(size[page]!, stream.unit()))
    }
  }

  touch(resident: Resident, page: number): void {
    const { flags } = this.#parts.memory.table
    this.#parts.history.touch(page, resident.work)
    if ((flags[page]! & HINTED) === 0) return
    this.#parts.history.unhint(page, resident.work)
    this.#hintFault(resident, page)
  }

  #transfer(resident: Resident, page: number, reads: number, writes: number, visits: number): void {
    const { table } = this.#parts.memory
    const device = this.#parts.memory.deviceOf(page)
    const link = this.#parts.links[device]!
    const size = table.size[page]!
    if (reads + writes > 0) link.access(page, size, reads, writes, visits)
    if (reads > 0) {
      if (table.state[page] === POISONED) {
        this.#parts.tally.poisonHits++
        resident.doom = 'sigbus'
      }
      this.#meter[device * METER_SLOTS + link.kindOf(size)]! += visits
      this.#meter[device * METER_SLOTS + RAW]! += reads - visits
    }
    if (writes > 0 && link.kindOf(size) === COMPRESSED) this.#meter[device * METER_SLOTS + REWRITTEN]!++
    resident.accesses[device]! += reads + writes
  }

  /**
   * The device was offered `utilisation` times what it can serve in a tick. Above 1, its queue takes (utilisation − 1) ticks to
   * drain, and everybody with accesses in it waits for that long: throughput is what the device can serve, whatever the
   * number of threads. A workload with fewer accesses than threads has only those threads waiting. Writes, which are
   * posted otherwise, then each wait for their compression.
   */
  overload(residents: readonly Resident[], device: number, tickNs: number): void {
    const { utilisation, writeNs } = this.#parts.links[device]!.load
    for (const resident of residents) {
      const accesses = resident.accessesBefore[device]!
      if (!resident.alive || accesses === 0) continue
      const waitNs = Math.min(resident.threads, accesses) * Math.max(0, utilisation - 1) * tickNs
      resident.waitNs[device] = waitNs / accesses
      stall(resident, waitNs)
      if (utilisation > 1) stall(resident, resident.rewritesBefore[device]! * writeNs)
    }
  }

  /** What the resident's reads in this tick have cost; call when all of them are done. */
  settle(resident: Resident): void {
    const { links } = this.#parts
    let extraNs = 0
    for (let device = 0; device < links.length; device++) {
      const { throttle, throttleNs } = links[device]!
      for (let kind = 0; kind < READ_KINDS; kind++) {
        const reads = this.#meter[device * METER_SLOTS + kind]!
        if (reads === 0) continue
        const ns = links[device]!.readNs(kind)
        this.latency.add(ns + resident.waitNs[device]! + throttleNs, reads)
        extraNs += reads * (ns - DRAM_READ_NS)
      }
      resident.rewritesBefore[device] = this.#meter[device * METER_SLOTS + REWRITTEN]!
      if (throttle) extraNs += throttle.delayed(resident.accesses[device]! * throttleNs)
    }
    this.#meter.fill(0)
    this.latency.add(DRAM_READ_NS, this.localReads)
    this.localReads = 0
    resident.accessesBefore.set(resident.accesses)
    resident.accesses.fill(0)
    if (extraNs > 0) stall(resident, extraNs)
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
    if (memory.free <= marks.min) this.directReclaim(resident)
    if (memory.free <= 0) {
      this.starved = true
      return false
    }
    const ns = swap.read(this.#nowNs, this.threads) + MAJOR_FAULT_NS
    memory.swapIn(page, resident.work)
    tally.swappedIn++
    tally.kernelNs += MAJOR_FAULT_NS
    this.latency.add(ns, 1)
    this.swapInStallNs += ns
    stall(resident, ns)
    return true
  }

  /**
   * Misses of pooled pages: so many, of members picked at random. Column by column, so that the processor has many of
   * these scattered loads under way at a time; page by page it would wait for each.
   */
  #drawPooled(resident: Resident, c: RateClass, ticks: number): void {
    const { memory, links, stream, tally } = this.#parts
    const { table } = memory
    const { items, length } = c.pooledMembers
    const events = poisson(stream, length * missesPerTick(c) * ticks)
    const pages = this.#room(events)
    for (let i = 0; i < events; i++) pages[i] = items[stream.below(length)]!
    let misses = this.#onDevice(pages, events)
    const writeShare = c.writesPerTick / touchesPerTick(c)
    const wrote = this.#wrote
    for (let i = 0; i < misses; i++) wrote[i] = stream.unit() < writeShare ? 1 : 0
    if (!memory.mapping.direct) misses = this.#allowed(pages, misses)
    this.#touchAll(resident, pages, misses)
    for (let device = 0; device < links.length; device++) {
      resident.accesses[device]! += links[device]!.accessLines(device, table, pages, misses, wrote, this.#meter)
    }
    for (let i = 0; i < misses; i++) if (wrote[i] === 1) this.rewrite(pages[i]!, 1)
    // Every miss is a fill, so every one that meets poison is a read of it.
    if (table.counts[POISONED]! > 0) {
      for (let i = 0; i < misses; i++) {
        if (table.state[pages[i]!] !== POISONED) continue
        tally.poisonHits++
        resident.doom = 'sigbus'
      }
    }
  }

  /** Keeps those that are on a device: the list may be stale, and a miss of a page that has left it was none there. */
  #onDevice(pages: Uint32Array, count: number): number {
    const { state } = this.#parts.memory.table
    let kept = 0
    for (let i = 0; i < count; i++) {
      const page = pages[i]!
      pages[kept] = page
      kept += (ON_DEVICE >>> state[page]!) & 1
    }
    return kept
  }

  /** Keeps what the mapping allows: stores that fault are drawn apart, cached ones among them. */
  #allowed(pages: Uint32Array, count: number): number {
    const { mapping } = this.#parts.memory
    const wrote = this.#wrote
    let kept = 0
    for (let i = 0; i < count; i++) {
      const page = pages[i]!
      if (wrote[i] === 1 && !mapping.writable(page)) continue
      pages[kept] = page
      wrote[kept++] = wrote[i]!
    }
    return kept
  }

  /** Hinted pages apart: which ones are is as good as random to the processor, and it would wait for each load to find out. */
  #touchAll(resident: Resident, pages: Uint32Array, count: number): void {
    const { flags, last } = this.#parts.memory.table
    const { work } = resident
    const hinted = this.#hinted
    let marks = 0
    for (let i = 0; i < count; i++) {
      const page = pages[i]!
      const bits = flags[page]!
      flags[page] = bits | ACCESSED
      last[page] = work
      hinted[marks] = page
      marks += (bits >>> HINTED_SHIFT) & 1
    }
    for (let i = 0; i < marks; i++) this.touch(resident, hinted[i]!)
  }

  #room(pages: number): Uint32Array {
    if (pages > this.#picked.length) {
      this.#picked = new Uint32Array(2 * pages)
      this.#wrote = new Uint8Array(2 * pages)
      this.#hinted = new Uint32Array(2 * pages)
    }
    return this.#picked
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

  /** The hint faults since the last time. */
  tellHints(promoter: Ordinal, out: Outbox): void {
    if (this.hintPages.length === 0) return
    out.send(promoter, 'hints', { pages: this.hintPages.take(), latencyMs: this.hintLatencyMs.take() })
    this.hintPages.clear()
    this.hintLatencyMs.clear()
  }

  directReclaim(resident: Resident): void {
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
    this.latency.restore(from['latency'] as ReturnType<LatencyHistogram['snapshot']>)
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
