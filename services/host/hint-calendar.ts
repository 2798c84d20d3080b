/**
 * When hinted pages will be touched first: a ring of buckets over a workload's work time. An entry beyond the ring's
 * horizon waits in the bucket it maps to and is looked at once a turn. Entries are not removed when a page loses its
 * mark; they are dropped when their time comes and the page table says otherwise.
 */
import { HINTED, type PageTable } from '#shared/page/page-table.ts'
import { PageList } from '#shared/page/page-list.ts'
import { NS_PER_MS } from '#shared/time.ts'

/** 10 ms of work. */
const BUCKET_TICKS = 1000
/** 10.24 s of work in one turn. */
const BUCKETS = 1024

/** Room that a bucket begins with: smaller lists would soon be copied into larger ones, a thousand of them a workload. */
const BUCKET_ROOM = 128

/** Times of scans are kept in 16 bits: at this grain they last 11 minutes, so that no long cold page looks hot. */
const HINT_TIME_MS = 10

export function hintTime(nowNs: number): number {
  return Math.floor(nowNs / (HINT_TIME_MS * NS_PER_MS)) & 0xffff
}

/** Virtual time since a scan at `from`, in ms. */
export function sinceHint(from: number, nowNs: number): number {
  return ((hintTime(nowNs) - from) & 0xffff) * HINT_TIME_MS
}

export class HintCalendar {
  readonly #buckets: (PageList | undefined)[] = Array.from({ length: BUCKETS })
  /** All buckets before this one's number are done. */
  #next = 0

  add(page: number, time: number): void {
    const index = Math.floor(time / BUCKET_TICKS) % BUCKETS
    const bucket = this.#buckets[index]
    if (bucket) bucket.push(page)
    else {
      const created = new PageList(BUCKET_ROOM)
      created.push(page)
      this.#buckets[index] = created
    }
  }

  /** Calls `fault` for every hinted page whose first touch lies at or before `now`. */
  due(now: number, table: PageTable, fault: (page: number, time: number) => void): void {
    const last = Math.floor(now / BUCKET_TICKS)
    // More than a turn at once would only look at every bucket again.
    for (let n = Math.max(this.#next, last - BUCKETS + 1); n <= last; n++) this.#empty(n % BUCKETS, now, table, fault)
    this.#next = last
  }

  #empty(index: number, now: number, table: PageTable, fault: (page: number, time: number) => void): void {
    const bucket = this.#buckets[index]
    if (bucket === undefined || bucket.length === 0) return
    let kept = 0
    for (let i = 0; i < bucket.length; i++) {
      const page = bucket.items[i]!
      const time = table.known[page]!
      if ((table.flags[page]! & HINTED) === 0 || Math.floor(time / BUCKET_TICKS) % BUCKETS !== index) continue
      if (time <= now) fault(page, time)
      else bucket.items[kept++] = page
    }
    bucket.length = kept
  }

  snapshot(): Record<string, unknown> {
    const buckets = new Map<number, Uint32Array>()
    this.#buckets.forEach((bucket, index) => {
      if (bucket !== undefined && bucket.length > 0) buckets.set(index, bucket.take())
    })
    return { next: this.#next, buckets }
  }

  restore(from: Record<string, unknown>): void {
    this.#next = from['next'] as number
    this.#buckets.fill(undefined)
    for (const [index, pages] of from['buckets'] as Map<number, Uint32Array>) this.#buckets[index] = PageList.from(pages)
  }
}
