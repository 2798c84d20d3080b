/**
 * Allocation: a workload touches its range for the first time, page by page, as fast as it says; below the min watermark it
 * stalls in direct reclaim and lends its time to it. A trace allocates by its own first touches.
 */
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { NS_PER_MS, NS_PER_S } from '#shared/time.ts'
import type { Access } from './access.ts'
import type { Isolation } from './isolation/isolation.ts'
import type { HostMemory } from './memory.ts'
import { stall, type Resident } from './resident.ts'
import type { Tally } from './tally.ts'
import type { Watermarks } from './watermarks.ts'

/** What a trace that finds no frame puts into direct reclaim before it tries again in the next tick. R. */
const TRACE_WAIT_NS = NS_PER_MS

export class Allocation {
  readonly #memory: HostMemory
  readonly #access: Access
  readonly #tally: Tally
  readonly #marks: Watermarks
  /** Says where pages fall; undefined: into DRAM alone. */
  readonly #isolation: Isolation | undefined
  /** Somebody got no page at all since this was last asked. */
  #stalled = false

  constructor(memory: HostMemory, access: Access, tally: Tally, marks: Watermarks, isolation: Isolation | undefined) {
    this.#memory = memory
    this.#access = access
    this.#tally = tally
    this.#marks = marks
    this.#isolation = isolation
  }

  wanted(resident: Resident): boolean {
    return resident.alive && resident.allocateBytesPerSecond > 0 && resident.allocated < resident.pages
  }

  takeStalled(): boolean {
    const stalled = this.#stalled
    this.#stalled = false
    return stalled
  }

  /** What the resident touches first in `spanNs`. */
  populate(resident: Resident, spanNs: number): void {
    if (!this.wanted(resident) || spanNs === 0) return
    resident.allocateCarry += (resident.allocateBytesPerSecond * spanNs) / NS_PER_S / PAGE_BYTES
    const want = Math.min(Math.floor(resident.allocateCarry), resident.pages - resident.allocated)
    if (want === 0) return
    const granted = this.#place(resident, resident.base + resident.allocated, want)
    resident.allocated += granted
    this.#tally.allocated += granted
    // A stalled task does not pile up demand: it asks again where it stopped.
    resident.allocateCarry = Math.min(resident.allocateCarry - granted, 1)
    if (granted < want) this.#wait(resident, spanNs * (1 - granted / want), granted === 0)
  }

  /** A trace's first touch of a page; false if it has to wait for a frame. */
  touch(resident: Resident, page: number): boolean {
    if (this.#place(resident, page, 1) === 0) {
      this.#wait(resident, TRACE_WAIT_NS, true)
      return false
    }
    resident.allocated++
    this.#tally.allocated++
    return true
  }

  /** Finds a place for pages from `first` on, in order; returns for how many. */
  #place(resident: Resident, first: number, want: number): number {
    if (this.#isolation) return this.#isolation.populate(resident, first, want)
    const granted = Math.max(0, Math.min(want, this.#memory.free - this.#marks.min))
    for (let i = 0; i < granted; i++) this.#memory.allocate(first + i, resident.work)
    return granted
  }

  #wait(resident: Resident, ns: number, all: boolean): void {
    this.#tally.directReclaimStallNs += ns
    this.#access.directBudgetNs += ns
    stall(resident, ns)
    if (all) this.#stalled = true
  }

  snapshot(): Record<string, unknown> {
    return { stalled: this.#stalled }
  }

  restore(from: Record<string, unknown>): void {
    this.#stalled = from['stalled'] as boolean
  }
}
