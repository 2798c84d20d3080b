/**
 * Replays a trace's epochs: exact counts, spread over the epoch's work time in the order of its rows. A page is
 * allocated by its first touch.
 */
import { POISONED, POOLED, SWAPPED, FREE } from '#shared/page/transitions.ts'
import type { BodyOf } from '#shared/messages.ts'
import type { Access } from './access.ts'
import { WORK_TICK_NS } from './classes.ts'
import type { History } from './history.ts'
import type { HostMemory } from './memory.ts'
import type { Replay, Resident } from './resident.ts'

export class Replayer {
  readonly #memory: HostMemory
  readonly #history: History
  readonly #access: Access
  /** Allocates a page, or says that there is no frame. */
  readonly #allocate: (resident: Resident, page: number) => boolean

  /** Hears a page's touches per second before and after its row. */
  readonly #rated: (page: number, before: number, after: number) => void

  constructor(
    memory: HostMemory,
    history: History,
    access: Access,
    allocate: (resident: Resident, page: number) => boolean,
    rated: (page: number, before: number, after: number) => void,
  ) {
    this.#memory = memory
    this.#history = history
    this.#access = access
    this.#allocate = allocate
    this.#rated = rated
  }

  tick(resident: Resident, replay: Replay, ticks: number): void {
    let left = ticks
    while (left > 0 && replay.queue.length > 0) {
      const epoch = replay.queue[0]!
      const total = Math.max(1, Math.round(epoch.workNs / WORK_TICK_NS))
      const spent = Math.min(left, total - replay.spentTicks)
      replay.spentTicks += spent
      left -= spent
      const rows = Math.floor((epoch.pages.length * replay.spentTicks) / total)
      for (; replay.rows < rows; replay.rows++) if (!this.#row(resident, replay, epoch, replay.rows, total)) return
      if (replay.spentTicks < total) return
      replay.queue.shift()
      replay.spentTicks = 0
      replay.rows = 0
      replay.epochsDone++
    }
  }

  /** False if the row has to wait for a frame. */
  #row(resident: Resident, replay: Replay, epoch: BodyOf<'accesses'>, row: number, epochTicks: number): boolean {
    const { table } = this.#memory
    const offset = epoch.pages[row]!
    if (offset >= resident.pages) return true
    const page = resident.base + offset
    let state = table.state[page]!
    if (state === FREE && !this.#allocate(resident, page)) return false
    if (state === SWAPPED && !this.#access.fault(resident, page)) return false
    // The place of a row's stores among its reads is not recorded: the fault comes first.
    if (!this.#access.faults.meet(resident, page, epoch.writes[row]! > 0)) return false
    state = table.state[page]!
    const rate = ((epoch.reads[row]! + epoch.writes[row]!) * 1e9) / (epochTicks * WORK_TICK_NS)
    this.#rated(page, replay.touchesPerSecond[offset]!, rate)
    replay.touchesPerSecond[offset] = rate
    if (state === POOLED || state === POISONED) {
      // What is written back of a page that nobody may store to was stored before it came here: it goes to its old frame.
      const writebacks = this.#memory.mapping.writable(page) ? epoch.llcWritebacks[row]! : 0
      this.#access.touchPooled(resident, page, epoch.llcReads[row]!, writebacks)
      if (writebacks > 0) this.#access.rewrite(page, writebacks)
    } else {
      this.#history.touch(page, resident.work)
      this.#access.localReads += epoch.llcReads[row]!
    }
    return true
  }
}
