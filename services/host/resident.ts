/**
 * A workload as its host knows it: its range of pages, its clock, its stalls. Work time is what the workload would have
 * done on all-DRAM; time in which it stalls is owed first, so that elapsed time = work + stalls paid, exactly.
 */
import type { Ordinal } from '#shared/actor.ts'
import type { BodyOf } from '#shared/messages.ts'
import type { SizeLaw } from '#shared/content.ts'
import { WORK_TICK_NS } from './classes.ts'

export interface Sweep {
  readonly pagesPerTick: number
  readonly writes: boolean
  readonly pooledOnly: boolean
  readonly passes: number
  readonly content: SizeLaw
  readonly contentText: string
  /** Next page of the range, and the share of a page carried over. */
  cursor: number
  carry: number
  passesDone: number
}

export interface Replay {
  /** Epochs that have come and are not yet done; the first is being replayed. */
  readonly queue: BodyOf<'accesses'>[]
  /** Work ticks spent in the first epoch, and its rows that are done. */
  spentTicks: number
  rows: number
  epochsDone: number
  /** 1 for each page that was touched often enough in its last epoch to be truly hot. */
  readonly hot: Uint8Array
}

export interface Resident {
  readonly index: number
  readonly ordinal: Ordinal
  readonly base: number
  readonly pages: number
  readonly threads: number
  readonly allocateBytesPerSecond: number
  readonly arrivedNs: number
  /** Classes [firstClass, firstClass + classCount) are its own. */
  firstClass: number
  classCount: number
  alive: boolean
  /** Why it is to be killed at the end of this step; empty if it is not. */
  doom: string
  /** Pages allocated so far, in order from `base`. */
  allocated: number
  allocateCarry: number
  /** Work ticks done, and nanoseconds of work below one tick. */
  work: number
  remainderNs: number
  /** Stalls not yet paid. */
  debtNs: number
  stalledNs: number
  lastAdvanceNs: number
  /** Lines that crossed the link to each device in this tick so far, and in the tick before. */
  readonly accesses: Float64Array
  readonly accessesBefore: Float64Array
  /** Visits of the tick before that made the device compress a page anew. */
  readonly rewritesBefore: Float64Array
  /** What each of them waited for an overloaded device, the last time there were any. */
  readonly waitNs: Float64Array
  sweep: Sweep | undefined
  replay: Replay | undefined
}

/** Lets time pass up to `nowNs`; returns the work ticks gained. */
export function advance(resident: Resident, nowNs: number): number {
  const spanNs = nowNs - resident.lastAdvanceNs
  resident.lastAdvanceNs = nowNs
  const paid = Math.min(spanNs, resident.debtNs)
  resident.debtNs -= paid
  resident.stalledNs += paid
  resident.remainderNs += spanNs - paid
  const ticks = Math.floor(resident.remainderNs / WORK_TICK_NS)
  resident.remainderNs -= ticks * WORK_TICK_NS
  resident.work += ticks
  return ticks
}

/** One of its threads waited this long. */
export function stall(resident: Resident, ns: number): void {
  resident.debtNs += ns / resident.threads
}

/** All of its threads waited this long. */
export function stallAll(resident: Resident, ns: number): void {
  resident.debtNs += ns
}
