/**
 * Promotion: pages that the promoter ordered come home if there is room above the high watermark for the whole batch
 * (P: migrate_balanced_pgdat); else they are declined and kswapd is woken. A copy started in one quantum arrives in the
 * next.
 */
import type { Outbox } from '#shared/actor.ts'
import { PageList } from '#shared/page/page-list.ts'
import { POOLED, PROMOTING } from '#shared/page/transitions.ts'
import { COPY_PAGE_NS, MIGRATE_PAGE_NS, TLB_FLUSH_NS } from './costs.ts'
import type { History } from './history.ts'
import type { Link } from './link.ts'
import type { HostMemory } from './memory.ts'
import type { Resident } from './resident.ts'
import type { Tally } from './tally.ts'
import type { Truth } from './truth.ts'
import type { Watermarks } from './watermarks.ts'

export interface PromotionParts {
  readonly memory: HostMemory
  readonly history: History
  readonly links: readonly Link[]
  readonly residents: readonly Resident[]
  readonly tally: Tally
  readonly truth: Truth
  readonly marks: Watermarks
  readonly isHot: (page: number) => boolean
  readonly wakeKswapd: () => void
  readonly promoter: number
}

export class Promotion {
  readonly #parts: PromotionParts
  readonly #underWay = new PageList()

  constructor(parts: PromotionParts) {
    this.#parts = parts
  }

  get busy(): boolean {
    return this.#underWay.length > 0
  }

  order(pages: Uint32Array, nowNs: number, out: Outbox): void {
    const { memory, history, links, residents, tally, truth, marks } = this.#parts
    const { table } = memory
    const room = memory.free > marks.high + pages.length
    const home = new PageList()
    const declined = new PageList()
    const gone = new PageList()
    for (const page of pages) {
      if (page >= memory.used || table.state[page] !== POOLED || memory.isUnlisted(page)) {
        gone.push(page)
        continue
      }
      const hot = this.#parts.isHot(page)
      truth.order(hot)
      const { work } = residents[memory.ownerOf(page)]!
      history.reveal(page, work)
      history.unhint(page, work)
      memory.startPromotion(page)
      if (!room) {
        memory.decline(page)
        declined.push(page)
        continue
      }
      links[memory.deviceOf(page)]!.copyOut(table.size[page]!)
      if (hot) truth.promote(page, nowNs)
      this.#underWay.push(page)
      home.push(page)
    }
    tally.declined += declined.length
    if (home.length > 0) tally.kernelNs += home.length * (MIGRATE_PAGE_NS + COPY_PAGE_NS) + TLB_FLUSH_NS
    if (!room) this.#parts.wakeKswapd()
    out.send(this.#parts.promoter, 'promoted', { home: home.take(), declined: declined.take(), gone: gone.take() })
  }

  /** The copies started in an earlier quantum are done. */
  arrive(): void {
    const { memory, links, tally } = this.#parts
    for (let i = 0; i < this.#underWay.length; i++) {
      const page = this.#underWay.items[i]!
      if (memory.table.state[page] !== PROMOTING) continue
      links[memory.deviceOf(page)]!.release(page)
      memory.arrive(page)
      tally.promoted++
    }
    this.#underWay.clear()
  }

  snapshot(): Record<string, unknown> {
    return { underWay: this.#underWay.take() }
  }

  restore(from: Record<string, unknown>): void {
    this.#underWay.refill(from['underWay'] as Uint32Array)
  }
}
