/**
 * DAMON: which parts of the devices' memory are touched, found without looking at every page. The host's page numbers are divided into
 * regions; once a sample one page of each is looked at. After an aggregation of samples, neighbours that were found touched about as
 * often are merged, and what is left is split at random, so that regions come to follow what is touched alike. Once a second
 * the young pages of touched regions are told to the promoter, the most touched regions first, up to a quota.
 *
 * P: intervals, regions and scheme of the kernel's own example of tiering, samples/damon/mtier.c; merging and splitting as in
 * mm/damon/core.c. Left out: intervals that tune themselves, the quota's goal, age in a region's priority. A sample lasts a tick where ticks
 * are longer. What is not on a device is an address without memory, so never touched; devices are not told apart.
 */
import type { Ordinal, Outbox } from '#shared/actor.ts'
import { PageList } from '#shared/page/page-list.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { POOLED } from '#shared/page/transitions.ts'
import type { Stream } from '#shared/random.ts'
import { NS_PER_MS, NS_PER_S } from '#shared/time.ts'
import { WALK_PAGE_NS } from './costs.ts'
import type { History } from './history.ts'
import type { HostMemory } from './memory.ts'
import type { Resident } from './resident.ts'

/** P: mtier.c, and the defaults of DAMON's own interface. */
const SAMPLE_NS = 5 * NS_PER_MS
const AGGREGATION_NS = 100 * NS_PER_MS
const REGIONS_MIN = 10
const REGIONS_MAX = 1000
/** P: mtier.c: once a second, and 200 MiB of regions each time. */
const APPLY_NS = NS_PER_S
const QUOTA_PAGES = (200 * 2 ** 20) / PAGE_BYTES

interface Region {
  start: number
  end: number
  /** Samples of this aggregation that found a page of it touched. */
  found: number
  /** The page that is watched until the next sample, −1 if there is none, and its owner's work when that began. */
  page: number
  since: number
}

interface DamonParts {
  readonly memory: HostMemory
  readonly history: History
  readonly residents: readonly Resident[]
  readonly stream: Stream
  readonly promoter: Ordinal
}

export class Damon {
  readonly #parts: DamonParts
  /** In order of their pages, without gaps. */
  #regions: Region[] = []
  /** After the split before this one. */
  #lastCount = 0
  #nextSampleNs = 0
  #nextAggregationNs = AGGREGATION_NS
  #nextApplyNs = APPLY_NS
  /** By resident: its work when pages were last told. */
  #toldAt: number[] = []

  constructor(parts: DamonParts) {
    this.#parts = parts
  }

  get regions(): readonly Readonly<Region>[] {
    return this.#regions
  }

  /** Samples, and tells, if it is time to; returns kernel time spent. */
  run(nowNs: number, out: Outbox): number {
    if (nowNs < this.#nextSampleNs || !this.#cover()) return 0
    this.#nextSampleNs = after(nowNs, SAMPLE_NS)
    for (const region of this.#regions) if (this.#touched(region)) region.found++
    let looked = 2 * this.#regions.length
    if (nowNs >= this.#nextAggregationNs) {
      this.#nextAggregationNs = after(nowNs, AGGREGATION_NS)
      this.#merge()
      if (nowNs >= this.#nextApplyNs) {
        this.#nextApplyNs = after(nowNs, APPLY_NS)
        looked += this.#apply(out)
      }
      this.#split()
    }
    for (const region of this.#regions) this.#watch(region)
    return looked * WALK_PAGE_NS
  }

  /** Regions cover all pages of workloads; false if there are none yet. */
  #cover(): boolean {
    const { used, firstPage } = this.#parts.memory
    const end = this.#regions.at(-1)?.end ?? firstPage
    if (used === end) return this.#regions.length > 0
    // What a newcomer brings is new ground; the first has all of it.
    const parts = this.#regions.length === 0 ? Math.min(REGIONS_MIN, used - end) : 1
    if (this.#regions.length >= REGIONS_MAX) this.#regions.at(-1)!.end = used
    else for (let i = 0; i < parts; i++) this.#regions.push(fresh(part(end, used, i, parts), part(end, used, i + 1, parts)))
    return true
  }

  /** Its watched page has been touched since the last sample. */
  #touched({ page, since }: Region): boolean {
    const { memory, history, residents } = this.#parts
    if (page < 0 || memory.table.state[page] !== POOLED) return false
    history.reveal(page, residents[memory.ownerOf(page)]!.work)
    return memory.table.last[page]! > since
  }

  /** Picks a page of the region for the next sample. */
  #watch(region: Region): void {
    const { memory, history, residents, stream } = this.#parts
    region.page = region.start + stream.below(region.end - region.start)
    if (memory.table.state[region.page] !== POOLED) {
      region.page = -1
      return
    }
    region.since = residents[memory.ownerOf(region.page)]!.work
    history.reveal(region.page, region.since)
  }

  /** Neighbours that differ by a tenth of the most at most become one, of a tenth of all pages at most. */
  #merge(): void {
    const regions = this.#regions
    const threshold = Math.floor(regions.reduce((most, { found }) => Math.max(most, found), 0) / 10)
    const sizeMax = Math.max(1, Math.floor((regions.at(-1)!.end - regions[0]!.start) / REGIONS_MIN))
    const merged: Region[] = []
    for (const right of regions) {
      const left = merged.at(-1)
      if (left === undefined || Math.abs(left.found - right.found) > threshold || right.end - left.start > sizeMax) {
        merged.push(right)
        continue
      }
      const [before, size] = [left.end - left.start, right.end - left.start]
      left.found = Math.floor((left.found * before + right.found * (size - before)) / size)
      left.end = right.end
    }
    this.#regions = merged
  }

  /** Tells the young pages of touched regions; returns how many it looked at. */
  #apply(out: Outbox): number {
    const { residents, promoter } = this.#parts
    const pages = new PageList()
    const samples = new PageList()
    const touched = this.#regions.filter(({ found }) => found > 0)
    touched.sort((x, y) => y.found - x.found || x.start - y.start)
    let left = QUOTA_PAGES
    for (const { start, end, found } of touched) {
      const stop = Math.min(end, start + left)
      for (let page = start; page < stop; page++) {
        if (!this.#young(page)) continue
        pages.push(page)
        samples.push(found)
      }
      left -= stop - start
    }
    if (pages.length > 0) out.send(promoter, 'damon', { pages: pages.take(), samples: samples.take() })
    this.#toldAt = residents.map(({ work }) => work)
    return QUOTA_PAGES - left
  }

  /** Can be moved, and was touched since pages were last told. */
  #young(page: number): boolean {
    const { memory, history, residents } = this.#parts
    const { table } = memory
    if (table.state[page] !== POOLED || memory.isUnlisted(page)) return false
    const owner = residents[memory.ownerOf(page)]!
    history.reveal(page, owner.work)
    return table.last[page]! > (this.#toldAt[owner.index] ?? 0)
  }

  /** A new aggregation begins, with each region in two parts, or three where two have not changed anything. */
  #split(): void {
    const count = this.#regions.length
    for (const each of this.#regions) each.found = 0
    if (count <= REGIONS_MAX / 2) {
      const parts = count === this.#lastCount && count < REGIONS_MAX / 3 ? 3 : 2
      this.#regions = this.#regions.flatMap((whole) => this.#cut(whole, parts))
    }
    this.#lastCount = count
  }

  #cut({ start, end }: Region, parts: number): Region[] {
    const { stream } = this.#parts
    const ends = [end]
    for (let i = 1; i < parts; i++) {
      // The first part is cut again, at a tenth to nine tenths of it.
      const size = ends[0]! - start
      const cut = start + Math.floor((size * (1 + stream.below(9))) / 10)
      if (cut > start && cut < ends[0]!) ends.unshift(cut)
    }
    return ends.map((stop, i) => fresh(ends[i - 1] ?? start, stop))
  }

  snapshot(): Record<string, unknown> {
    return {
      regions: this.#regions.map((each) => ({ ...each })),
      lastCount: this.#lastCount,
      nextSampleNs: this.#nextSampleNs,
      nextAggregationNs: this.#nextAggregationNs,
      nextApplyNs: this.#nextApplyNs,
      toldAt: [...this.#toldAt],
      stream: this.#parts.stream.counter,
    }
  }

  restore(from: Record<string, unknown>): void {
    this.#regions = (from['regions'] as Region[]).map((each) => ({ ...each }))
    this.#lastCount = from['lastCount'] as number
    this.#nextSampleNs = from['nextSampleNs'] as number
    this.#nextAggregationNs = from['nextAggregationNs'] as number
    this.#nextApplyNs = from['nextApplyNs'] as number
    this.#toldAt = [...(from['toldAt'] as number[])]
    this.#parts.stream.counter = from['stream'] as number
  }
}

function fresh(start: number, end: number): Region {
  return { start, end, found: 0, page: -1, since: 0 }
}

/** Where the i-th of so many equal parts begins. */
function part(start: number, end: number, i: number, parts: number): number {
  return start + Math.floor(((end - start) * i) / parts)
}

/** The next point of the grid. */
function after(nowNs: number, periodNs: number): number {
  return (Math.floor(nowNs / periodNs) + 1) * periodNs
}
