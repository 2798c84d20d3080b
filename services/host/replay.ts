/**
 * Replays a trace's epochs: exact counts, spread over the epoch's work time in the order of its rows. A page is
 * allocated by its first touch.
 *
 * Nearly every row finds its page in DRAM or mapped on a device. Those in DRAM are done as they are met, those on a device are
 * gathered and done column by column (access.ts); what faults, is hinted or was poisoned is done by itself, in its place among them.
 */
import { ACCESSED, HINTED } from '#shared/page/page-table.ts'
import { FREE, LOCAL, POISONED, POOLED, SWAPPED } from '#shared/page/transitions.ts'
import type { BodyOf } from '#shared/messages.ts'
import type { Access } from './access.ts'
import { WORK_TICK_NS } from './classes.ts'
import type { HostMemory } from './memory.ts'
import type { Replay, Resident } from './resident.ts'

const HINTED_SHIFT = 31 - Math.clz32(HINTED)

export interface ReplayerParts {
  readonly memory: HostMemory
  readonly access: Access
  /** Allocates a page, or says that there is no frame. */
  readonly allocate: (resident: Resident, page: number) => boolean
  /** Touches per second from which a page is truly hot … */
  readonly hotPerSecond: number
  /** … and who hears that a pooled page has become so, or is so no more. */
  readonly crossed: (page: number, hot: boolean) => void
}

export class Replayer {
  readonly #parts: ReplayerParts
  /** Rows whose page is on a device, and whose lines are still to cross its link; empty between ticks. */
  #pages = new Uint32Array(0)
  #reads = new Uint32Array(0)
  #writes = new Uint32Array(0)
  #gathered = 0

  constructor(parts: ReplayerParts) {
    this.#parts = parts
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
      replay.rows = this.#replay(resident, replay, epoch, rows, total)
      this.#transfer(resident)
      if (replay.rows < rows || replay.spentTicks < total) return
      replay.queue.shift()
      replay.spentTicks = 0
      replay.rows = 0
      replay.epochsDone++
    }
  }

  /** Rows up to `end`; returns the first that has to wait for a frame, or `end`. */
  #replay(resident: Resident, replay: Replay, epoch: BodyOf<'accesses'>, end: number, epochTicks: number): number {
    const { memory, access, hotPerSecond, crossed } = this.#parts
    const { state, flags, last } = memory.table
    const { direct } = memory.mapping
    // States, as bits: in which a page is simply there, and in which a page on a device is done by itself. What is simply there is
    // done without a branch on where, for that is as good as random to the processor.
    const present = (1 << LOCAL) | (direct ? 1 << POOLED : 0)
    const apart = (1 << POISONED) | (direct ? 0 : 1 << POOLED)
    const { base, work } = resident
    const { pages, reads, writes } = epoch
    const llcReads = epoch.llcReads.length > 0 ? epoch.llcReads : reads
    const llcWritebacks = epoch.llcWritebacks.length > 0 ? epoch.llcWritebacks : writes
    const { hot } = replay
    const hotFrom = (hotPerSecond * epochTicks * WORK_TICK_NS) / 1e9
    this.#reserve(end - replay.rows)
    let { localReads } = access
    let gathered = 0
    const [onDevice, deviceReads, deviceWrites] = [this.#pages, this.#reads, this.#writes]
    for (let row = replay.rows; row < end; row++) {
      const offset = pages[row]!
      if (offset >= resident.pages) continue
      const page = base + offset
      let where = state[page]!
      if (((present >>> where) & 1) === 0) {
        if (!this.#fault(resident, page, writes[row]! > 0)) {
          access.localReads = localReads
          this.#gathered = gathered
          return row
        }
        where = state[page]!
      }
      const bits = flags[page]!
      const pooled = ((where ^ POOLED) - 1) >>> 31
      const isHot = Number(reads[row]! + writes[row]! >= hotFrom)
      const crosses = pooled & (hot[offset]! ^ isHot)
      hot[offset] = isHot
      if (crosses === 1) crossed(page, isHot === 1)
      if ((apart >>> where) & 1 || (pooled & (bits >>> HINTED_SHIFT)) === 1) {
        this.#gathered = gathered
        this.#transfer(resident)
        gathered = 0
        // What is written back of a page that nobody may store to was stored before it came here: it goes to its old frame.
        const writebacks = memory.mapping.writable(page) ? llcWritebacks[row]! : 0
        access.touchPooled(resident, page, llcReads[row]!, writebacks)
        if (writebacks > 0) access.rewrite(page, writebacks)
        continue
      }
      flags[page] = bits | ACCESSED
      last[page] = work
      const lines = llcReads[row]!
      onDevice[gathered] = page
      deviceReads[gathered] = lines
      deviceWrites[gathered] = llcWritebacks[row]!
      gathered += pooled
      localReads += lines * (1 - pooled)
    }
    access.localReads = localReads
    this.#gathered = gathered
    return end
  }

  /** Before a page is touched that is not simply there. False if it has to wait for a frame. */
  #fault(resident: Resident, page: number, writes: boolean): boolean {
    const { memory, access, allocate } = this.#parts
    const where = memory.table.state[page]!
    if (where === FREE && !allocate(resident, page)) return false
    if (where === SWAPPED && !access.fault(resident, page)) return false
    // The place of a row's stores among its reads is not recorded: the fault comes first.
    return access.faults.meet(resident, page, writes)
  }

  /** Lets cross what was gathered. */
  #transfer(resident: Resident): void {
    if (this.#gathered === 0) return
    this.#parts.access.transferRows(resident, this.#pages, this.#reads, this.#writes, this.#gathered)
    this.#gathered = 0
  }

  #reserve(rows: number): void {
    if (rows <= this.#pages.length) return
    this.#pages = new Uint32Array(rows)
    this.#reads = new Uint32Array(rows)
    this.#writes = new Uint32Array(rows)
  }
}
