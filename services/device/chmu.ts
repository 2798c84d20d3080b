/**
 * A CXL hotness monitoring unit in epoch mode (CXL 3.2): it counts accesses per unit of `granuleBytes`, and at the end of an
 * epoch puts every unit with at least `threshold` of them into the hotlist, in address order (hosts in order when they
 * share the instance). Counters saturate at their width and start afresh with each epoch.
 *
 * Traffic is known per accounting tick. An epoch shorter than the tick is therefore judged once a tick: the accesses of a
 * tick are taken as evenly spread over its epochs, and at most one list of units is reported a tick.
 *
 * Left out: always-on mode, down-sampling, address and direction filters, running out of trackers (every unit has one).
 * Units are numbered by the host's own pages, as if the device saw host physical addresses.
 */
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { Hotlist } from './hotlist.ts'
import type { HotnessSpec } from './spec.ts'
import { UnitCounters } from './unit-counters.ts'

export class Chmu {
  readonly hotlist: Hotlist
  readonly granulePages: number
  private readonly granuleShift: number
  private readonly threshold: number
  private readonly counterMax: number
  /** Epochs that one judgement stands for. */
  private readonly epochsJudged: number
  private readonly counters: UnitCounters[]

  constructor(spec: HotnessSpec, tickNs: number, hosts: number) {
    this.granulePages = spec.granuleBytes / PAGE_BYTES
    this.granuleShift = 31 - Math.clz32(this.granulePages)
    this.counterMax = (1 << spec.counterBits) - 1
    this.epochsJudged = epochsJudged(spec, tickNs)
    const limit = limitOf(spec, tickNs)
    this.threshold = thresholdOf(spec, tickNs)
    this.counters = Array.from({ length: hosts }, () => new UnitCounters(limit))
    this.hotlist = new Hotlist(spec.hotlist, hosts)
  }

  /** True while a counter is not zero, so that the end of the epoch matters. */
  get counting(): boolean {
    return this.counters.some((counters) => counters.touchedUnits > 0)
  }

  count(host: number, pages: Uint32Array, reads: Uint16Array, writes: Uint16Array): void {
    this.counters[host]!.add(pages, reads, writes, this.granuleShift)
  }

  endEpoch(): void {
    this.counters.forEach((counters, host) => {
      counters.takeHot(this.threshold, (unit, count) => {
        this.hotlist.offer(host, unit, Math.min(this.counterMax, Math.floor(count / this.epochsJudged)))
      })
    })
  }

  /** A host of so many pages will be counted. */
  reserve(host: number, pages: number): void {
    this.counters[host]!.reserve(((pages - 1) >>> this.granuleShift) + 1)
  }

  snapshot() {
    return { counters: this.counters.map((counters) => counters.snapshot()), hotlist: this.hotlist.snapshot() }
  }

  peek(): ReturnType<Chmu['snapshot']> {
    return { counters: this.counters.map((counters) => counters.peek()), hotlist: this.hotlist.snapshot() }
  }

  restore(from: ReturnType<Chmu['snapshot']>): void {
    this.counters.forEach((counters, host) => counters.restore(from.counters[host]!))
    this.hotlist.restore(from.hotlist)
  }
}

/** Epochs that one judgement stands for. */
function epochsJudged({ epochNs }: HotnessSpec, tickNs: number): number {
  return Math.max(1, tickNs / epochNs)
}

/** Where counters stop. */
function limitOf(spec: HotnessSpec, tickNs: number): number {
  return Math.min(2 ** 16 - 1, Math.floor(((1 << spec.counterBits) - 1) * epochsJudged(spec, tickNs)))
}

/** A unit is hot with so many accesses between two judgements. */
export function thresholdOf(spec: HotnessSpec, tickNs: number): number {
  return Math.min(limitOf(spec, tickNs), Math.ceil(spec.threshold * epochsJudged(spec, tickNs)))
}

/** Epochs end on this grid: a CHMU cannot judge more often than traffic is known. */
export function judgementNs(spec: HotnessSpec, tickNs: number): number {
  return Math.max(spec.epochNs, tickNs)
}
