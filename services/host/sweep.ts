/**
 * A sweep: a thread that reads or overwrites whole pages in order, round and round its range. It streams, so no line of
 * it is ever found in the CPU cache, and a whole page written needs no fill.
 */
import { LINES_PER_PAGE } from '#shared/page/page-table.ts'
import { FREE, POISONED, POOLED, SWAPPED } from '#shared/page/transitions.ts'
import { hashUnit, type Key } from '#shared/random.ts'
import type { Access } from './access.ts'
import type { History } from './history.ts'
import { UNSIZED, type HostMemory } from './memory.ts'
import type { Resident, Sweep } from './resident.ts'

/** What came of a page: it was swept, passed over, or its frame has to be waited for. */
const SWEPT = 0
const PASSED = 1
const WAITS = 2

/** A whole page is two decompressions of the average line, which stop halfway. */
const WHOLE_PAGE_VISITS = 2

export class Sweeper {
  readonly #memory: HostMemory
  readonly #history: History
  readonly #access: Access
  readonly #contentKey: Key

  constructor(memory: HostMemory, history: History, access: Access, contentKey: Key) {
    this.#memory = memory
    this.#history = history
    this.#access = access
    this.#contentKey = contentKey
  }

  tick(resident: Resident, sweep: Sweep, ticks: number): void {
    sweep.carry += sweep.pagesPerTick * ticks
    let due = Math.floor(sweep.carry)
    sweep.carry -= due
    const states = this.#memory.table.state.subarray(resident.base, resident.base + resident.pages)
    // One lap at most looks for pages to sweep; what is left over is lost, for there was nothing to do.
    let looked = 0
    while (due > 0 && looked < resident.pages) {
      if (sweep.passes > 0 && sweep.passesDone >= sweep.passes) return
      let pages = sweep.pooledOnly ? Math.min(beforePooled(states, sweep.cursor), resident.pages - looked) : 0
      if (pages === 0) {
        const outcome = this.#page(resident, sweep, resident.base + sweep.cursor)
        if (outcome === WAITS) return
        if (outcome === SWEPT) due--
        pages = 1
      }
      looked += pages
      sweep.cursor += pages
      if (sweep.cursor === resident.pages) {
        sweep.cursor = 0
        sweep.passesDone++
      }
    }
  }

  #page(resident: Resident, sweep: Sweep, page: number): number {
    const { table } = this.#memory
    let state = table.state[page]!
    if (state === FREE) return PASSED
    if (state === SWAPPED && !this.#access.fault(resident, page)) return PASSED
    if (!this.#access.faults.meet(resident, page, sweep.writes)) return WAITS
    state = table.state[page]!
    if (state === POOLED || state === POISONED) {
      if (sweep.writes) this.#access.touchPooled(resident, page, 0, LINES_PER_PAGE)
      else this.#access.touchPooled(resident, page, LINES_PER_PAGE, 0, WHOLE_PAGE_VISITS)
      if (sweep.writes && state === POOLED) this.#access.resize(page, this.#size(resident, sweep, page))
      return SWEPT
    }
    this.#history.touch(page, resident.work)
    if (sweep.writes) table.size[page] = this.#size(resident, sweep, page)
    else this.#access.localReads += LINES_PER_PAGE
    return SWEPT
  }

  #size(resident: Resident, sweep: Sweep, page: number): number {
    const { table, classes } = this.#memory
    const before = table.size[page]!
    const sized = before === UNSIZED ? classes[table.klass[page]!]!.stored.draw(hashUnit(this.#contentKey, page, 0)) : before
    return sweep.content.after(sized, hashUnit(this.#contentKey, page, resident.work))
  }
}

/** So many pages from here on are not pooled. A bear may have poisoned most of its range, and comes by each tick: no look at each page. */
function beforePooled(states: Uint8Array, from: number): number {
  if (states[from] === POOLED) return 0
  const at = states.indexOf(POOLED, from)
  return (at < 0 ? states.length : at) - from
}
