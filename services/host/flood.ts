/**
 * Misses of a class by their number. Where a tick brings thousands of them onto a device, nobody can tell one from another, and
 * cost must not follow rates: so they are drawn as a whole, in place of one by one (access.ts), and single pages are picked for
 * those alone who look at single pages.
 *
 * - Traffic, latency and stalls: the number of fills and of write-backs, as Poisson counts, split by what they meet as a sample of
 *   the class's pages is split. Exact but for the sample, which has the right mean.
 * - New sizes: so many write-backs renew a page (one in 64), a Poisson count of pages picked at random. Exact.
 * - Accessed bits: drawn lazily when somebody asks, as for DRAM (history.ts), at the rate of all touches. Exact for each page, but no
 *   longer joined with what the monitor sees, except that a page that it sees hot was touched.
 * - The hotness monitor: a page that it would count below its threshold leaves no trace, so only the others are reported. If a
 *   page reaches the threshold within an epoch with probability p, its hazard per tick is −ln(1 − p) over the epoch's ticks: so
 *   over a whole epoch as many pages get there as one by one, and hot pages are found as soon. What differs: within an epoch they
 *   come at any time, not towards its end, and of pages that are all but sure to be hot, one in 7 waits an epoch longer.
 *
 * Only where each of a device's counters counts one page, where stores do not fault (mapping), where no hint marks wait for their first
 * touch, and while nothing is poisoned. From a thousand misses a tick on, a second's worth of 100,000: no ready-made scenario but
 * the rack comes near. A class that enters or leaves this mode has its history revealed under the one that it leaves.
 */
import { exp, log } from '#shared/arithmetic.ts'
import { poisson } from '#shared/distributions.ts'
import { LINES_PER_PAGE } from '#shared/page/page-table.ts'
import { POISONED, POOLED } from '#shared/page/transitions.ts'
import type { Stream } from '#shared/random.ts'
import { missesPerTick, touchesPerTick, WORK_TICK_NS, type RateClass } from './classes.ts'
import type { History } from './history.ts'
import { COMPRESSED, METER_SLOTS, READ_KINDS, REWRITTEN, type Link } from './link.ts'
import type { HostMemory } from './memory.ts'
import type { Resident } from './resident.ts'
import type { MonitorSpec } from './spec.ts'

/** Misses of a class in one tick from which it is a flood, and below which it is none any more. D: the ready-made scenarios have 600. */
const FLOOD_FROM = 1024
const FLOOD_TO = 512
/** Pages that say what the misses of a tick meet. R */
const SAMPLE = 64
/** Of pages that are all but sure to be hot, exp(−2) are not found within an epoch: to find the rest would cost as much again. */
const EPOCH_HAZARD_MAX = 2
/** A higher threshold is not worth the sum. */
const THRESHOLD_MAX = 256
/** Pages that are picked side by side. */
const PICKS_MAX = 256

export interface FloodParts {
  readonly memory: HostMemory
  readonly history: History
  readonly links: readonly Link[]
  readonly stream: Stream
  readonly tickNs: number
  /** Gives a pooled page a new compressed size. */
  readonly resize: (page: number, size: number) => void
  /** A touch of a page that is known. */
  readonly touch: (resident: Resident, page: number) => void
}

export class Flood {
  readonly #parts: FloodParts
  /** Undefined: this host's misses are always drawn one by one. */
  readonly #monitors: readonly MonitorSpec[] | undefined
  /** Sampled pages by device and kind; empty between draws. */
  readonly #met: Float64Array
  /** By device, for the class at hand. */
  readonly #hazard: Float64Array
  readonly #picked = new Uint32Array(PICKS_MAX)

  constructor(parts: FloodParts, hints: boolean) {
    this.#parts = parts
    const monitors = parts.links.flatMap(({ spec: { monitor } }) =>
      monitor !== undefined && monitor.threshold <= THRESHOLD_MAX ? [monitor] : [],
    )
    const countsPages = monitors.length === parts.links.length
    if (countsPages && !hints && parts.memory.mapping.direct) this.#monitors = monitors
    this.#met = new Float64Array(parts.links.length * READ_KINDS)
    this.#hazard = new Float64Array(parts.links.length)
  }

  /** Whether the misses of this tick are one; turns the class over if that has changed. */
  takes(resident: Resident, klass: number, ticks: number): boolean {
    if (this.#monitors === undefined) return false
    const { memory, history, tickNs } = this.#parts
    const c = memory.classes[klass]!
    const was = history.flooded(klass)
    // Of a whole tick's work, so that stalls do not make the class change its mind.
    const misses = (c.pooled * missesPerTick(c) * tickNs) / WORK_TICK_NS
    const is = misses >= (was ? FLOOD_TO : FLOOD_FROM) && memory.table.counts[POISONED] === 0
    if (is !== was) this.#turn(c, klass, is, resident.work - ticks)
    return is
  }

  /** As one by one, what it did is entered into `meter` (METER_SLOTS a device). */
  draw(resident: Resident, c: RateClass, ticks: number, meter: Float64Array): void {
    const { stream } = this.#parts
    const misses = c.pooled * missesPerTick(c) * ticks
    const writeShare = c.writesPerTick / touchesPerTick(c)
    const writes = poisson(stream, misses * writeShare)
    const lines = writes + poisson(stream, misses * (1 - writeShare))
    this.#meet(resident, c, lines, writes, meter)
    const renewed = poisson(stream, (misses * writeShare) / LINES_PER_PAGE)
    for (let i = 0; i < renewed; i++) this.#renew(c)
    this.#heat(resident, c, ticks)
  }

  #turn(c: RateClass, klass: number, flooded: boolean, work: number): void {
    const { memory, history } = this.#parts
    const { items, length } = c.pooledMembers
    for (let i = 0; i < length; i++) if (memory.table.state[items[i]!] === POOLED) history.reveal(items[i]!, work)
    history.flood(klass, flooded)
  }

  /** A page of the class that is on a device; −1 if chance has hit one that has left. */
  #pick({ pooledMembers: { items, length } }: RateClass): number {
    const page = items[this.#parts.stream.below(length)]!
    return this.#parts.memory.table.state[page] === POOLED ? page : -1
  }

  #meet(resident: Resident, c: RateClass, lines: number, writes: number, meter: Float64Array): void {
    const { memory, links } = this.#parts
    const met = this.#met
    const sampled = this.#pickMany(c, SAMPLE)
    for (let i = 0; i < sampled; i++) {
      const page = this.#picked[i]!
      const device = memory.deviceOf(page)
      met[device * READ_KINDS + links[device]!.kindOf(memory.table.size[page]!)]!++
    }
    // Lists are at most half stale, so this is as good as never.
    if (sampled === 0) return
    let before = 0
    for (let cell = 0; cell < met.length; cell++) {
      if (met[cell] === 0) continue
      const upTo = before + met[cell]!
      // Whole lines, which add up.
      const part = (of: number): number => Math.round((of * upTo) / sampled) - Math.round((of * before) / sampled)
      const device = Math.floor(cell / READ_KINDS)
      const kind = cell % READ_KINDS
      links[device]!.accessMany(kind, part(lines), part(writes))
      meter[device * METER_SLOTS + kind]! += part(lines)
      if (kind === COMPRESSED) meter[device * METER_SLOTS + REWRITTEN]! += part(writes)
      resident.accesses[device]! += part(lines)
      before = upTo
    }
    met.fill(0)
  }

  #renew(c: RateClass): void {
    const page = this.#pick(c)
    const unit = this.#parts.stream.unit()
    if (page >= 0) this.#parts.resize(page, c.written.after(this.#parts.memory.table.size[page]!, unit))
  }

  /** What the monitors will find hot. */
  #heat(resident: Resident, c: RateClass, ticks: number): void {
    const { memory, links, stream, tickNs } = this.#parts
    const { length } = c.pooledMembers
    const hazard = this.#hazard
    const fills = missesPerTick(c) * ticks
    const writeShare = c.writesPerTick / touchesPerTick(c)
    this.#monitors!.forEach(({ epochNs, threshold }, device) => {
      const epochTicks = epochNs / tickNs
      const cold = below(threshold, fills * (1 - writeShare) * epochTicks, fills * writeShare * epochTicks)
      hazard[device] = Math.min(EPOCH_HAZARD_MAX, -log(cold)) / epochTicks
    })
    const most = hazard.reduce((x, y) => Math.max(x, y), 0)
    for (let left = poisson(stream, length * most); left > 0; left -= PICKS_MAX) {
      const count = this.#pickMany(c, Math.min(left, PICKS_MAX))
      for (let i = 0; i < count; i++) {
        const page = this.#picked[i]!
        const device = memory.deviceOf(page)
        if (hazard[device]! < most && stream.unit() * most >= hazard[device]!) continue
        const { epochNs, threshold } = this.#monitors![device]!
        const counted = Math.max(threshold, Math.round((fills * (1 + writeShare) * epochNs) / tickNs))
        const written = Math.floor((counted * writeShare) / (1 + writeShare))
        links[device]!.seen(page, counted - written, written)
        this.#parts.touch(resident, page)
      }
    }
  }

  /** As pick(), so many times, into `#picked`: those that are on a device. In two passes, so that cache misses overlap. */
  #pickMany({ pooledMembers: { items, length } }: RateClass, count: number): number {
    const { stream, memory } = this.#parts
    const { state } = memory.table
    const picked = this.#picked
    for (let i = 0; i < count; i++) picked[i] = items[stream.below(length)]!
    let kept = 0
    for (let i = 0; i < count; i++) {
      const page = picked[i]!
      picked[kept] = page
      if (state[page] === POOLED) kept++
    }
    return kept
  }
}

/**
 * The probability that a counter stays below `threshold`: read misses count once, write misses twice, for the fill and the write-back.
 * Both are Poisson counts of these means.
 */
export function below(threshold: number, readMean: number, writeMean: number): number {
  // Where exp() would underflow, nothing is left below 256.
  if (readMean + writeMean > 700) return 0
  let sum = 0
  let writes = exp(-writeMean)
  for (let w = 0; 2 * w < threshold; w++) {
    let reads = exp(-readMean)
    let upTo = 0
    for (let r = 0; 2 * w + r < threshold; r++) {
      upTo += reads
      reads *= readMean / (r + 1)
    }
    sum += writes * upTo
    writes *= writeMean / (w + 1)
  }
  return Math.min(1, sum)
}
