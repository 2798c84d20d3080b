/**
 * The NUMA-balancing scanner: every period it marks the pooled pages of the next window of the address space, so that
 * their first touch faults. Left out: the adaptive scan period, and marks on DRAM pages (tiering mode has none).
 */
import { HINTED, PAGE_BYTES } from '#shared/page/page-table.ts'
import { POOLED } from '#shared/page/transitions.ts'
import { hintTime, type HintCalendar } from './hint-calendar.ts'
import { NEVER_TOUCHED, type History } from './history.ts'
import type { HostMemory } from './memory.ts'
import type { Resident } from './resident.ts'
import { WALK_PAGE_NS } from './costs.ts'

export class HintScan {
  readonly #pages: number
  readonly #periodNs: number
  #cursor = 0
  #nextNs: number

  constructor(scanBytes: number, periodNs: number) {
    this.#pages = Math.floor(scanBytes / PAGE_BYTES)
    this.#periodNs = periodNs
    this.#nextNs = periodNs
  }

  /** Scans if the period is over; returns kernel time spent. */
  run(
    nowNs: number,
    memory: HostMemory,
    history: History,
    residents: readonly Resident[],
    calendars: readonly HintCalendar[],
  ): number {
    if (nowNs < this.#nextNs || memory.used === 0) return 0
    this.#nextNs = (Math.floor(nowNs / this.#periodNs) + 1) * this.#periodNs
    const { table, used } = memory
    const scanTime = hintTime(nowNs)
    const window = Math.min(this.#pages, used)
    for (let looked = 0; looked < window; looked++) {
      if (this.#cursor >= used) this.#cursor = 0
      const page = this.#cursor++
      // A page that is still marked keeps its mark and the time of its scan, as in change_pte_range().
      if (table.state[page] !== POOLED || (table.flags[page]! & HINTED) !== 0 || memory.isUnlisted(page)) continue
      const owner = residents[memory.ownerOf(page)]!
      table.hint(page, scanTime)
      const time = history.hint(page, owner.work)
      if (time < NEVER_TOUCHED) calendars[owner.index]!.add(page, time)
    }
    return window * WALK_PAGE_NS
  }

  snapshot(): Record<string, unknown> {
    return { cursor: this.#cursor, nextNs: this.#nextNs }
  }

  restore(from: Record<string, unknown>): void {
    this.#cursor = from['cursor'] as number
    this.#nextNs = from['nextNs'] as number
  }
}
