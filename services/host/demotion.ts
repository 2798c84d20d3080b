/**
 * Demotion: the coldest pages are put to a device in batches; admitted ones are copied, refused ones are swapped when the
 * host is in real need and left alone when it was only tidying up (proactive reclaim). Until the answer comes a page stays in
 * its frame and accessible; it is blocked for its own copy only. Where the mapping bounds what is stored (zswap.ts), the host turns
 * pages away itself, with the same consequences.
 */
import type { Outbox } from '#shared/actor.ts'
import type { BodyOf } from '#shared/messages.ts'
import { PageList } from '#shared/page/page-list.ts'
import { ACCESSED, LINES_PER_PAGE } from '#shared/page/page-table.ts'
import { DEMOTING } from '#shared/page/transitions.ts'
import { exp } from '#shared/arithmetic.ts'
import { hashUnit, type Key } from '#shared/random.ts'
import { touchesPerTick, WORK_TICK_NS } from './classes.ts'
import { COPY_PAGE_NS, MIGRATE_PAGE_NS, TLB_FLUSH_NS } from './costs.ts'
import type { History } from './history.ts'
import type { Isolation } from './isolation/isolation.ts'
import type { Link } from './link.ts'
import { UNSIZED, type HostMemory } from './memory.ts'
import { stall, type Resident } from './resident.ts'
import type { Tally } from './tally.ts'
import type { Truth } from './truth.ts'

export interface DemotionParts {
  readonly memory: HostMemory
  readonly history: History
  readonly links: readonly Link[]
  readonly residents: readonly Resident[]
  readonly tally: Tally
  readonly truth: Truth
  readonly contentKey: Key
  readonly batch: number
  readonly isHot: (page: number) => boolean
  /** Swaps a local page out under pressure; false if swap cannot take it now. */
  readonly swapOut: (page: number, nowNs: number) => boolean
  readonly isolation: Isolation | undefined
}

export class Demotion {
  readonly #parts: DemotionParts
  /** Pages picked in this step, not asked yet. */
  readonly #picked = new PageList()
  #proactive = false
  #device = 0
  #nextBatch = 0
  /** Batches that were asked proactively and are not answered yet. */
  readonly #proactiveBatches = new Set<number>()
  /** Those of them that were answered in this step: in one or two mails, so they are forgotten only after all mail. */
  readonly #answered: number[] = []

  constructor(parts: DemotionParts) {
    this.#parts = parts
  }

  /** There is a device that the page may go to. */
  possible(page: number): boolean {
    return this.#parts.memory.mapping.demotes && this.#targets(page) !== 0
  }

  /** Adds a victim to the batch that is being gathered. All of one batch are proactive, or none, and go to one device. */
  pick(page: number, proactive: boolean, nowNs: number, out: Outbox): void {
    const { memory } = this.#parts
    const { mapping, table } = memory
    if (!mapping.hasRoom(table.counts[DEMOTING]!) || !mapping.fits(this.#compress(page))) {
      memory.askDemotion(page, this.#device)
      this.#turnAway(page, proactive, nowNs)
      return
    }
    const targets = this.#targets(page)
    const fits = proactive === this.#proactive && (targets & (1 << this.#device)) !== 0
    if (this.#picked.length > 0 && !fits) this.ask(out)
    if (this.#picked.length === 0) {
      this.#proactive = proactive
      this.#device = this.#choose(targets)
    }
    memory.askDemotion(page, this.#device)
    this.#picked.push(page)
    if (this.#picked.length >= this.#parts.batch) this.ask(out)
  }

  /** Devices that a page may go to, bit d for the d-th. */
  #targets(page: number): number {
    const { isolation, links } = this.#parts
    return isolation === undefined ? (1 << links.length) - 1 : isolation.targets(page)
  }

  /** Sends what was gathered. The device must have heard of releases first, so the link is flushed before. */
  ask(out: Outbox): void {
    if (this.#picked.length === 0) return
    const pages = this.#picked.take()
    this.#picked.clear()
    const batch = this.#nextBatch++ >>> 0
    if (this.#proactive) this.#proactiveBatches.add(batch)
    const sizes = new Uint16Array(pages.length)
    for (let i = 0; i < pages.length; i++) sizes[i] = this.#parts.memory.table.size[pages[i]!]!
    const link = this.#parts.links[this.#device]!
    link.flush(out)
    out.send(link.spec.ordinal, 'demote', { batch, pages, sizes })
  }

  /** Copies admitted pages; returns kernel time spent. A page freed in the meantime gives its reservation back. */
  admitted(device: number, body: BodyOf<'admitted'>, nowNs: number): number {
    const { memory, links, tally, truth, history, residents } = this.#parts
    const { table, classes } = memory
    const link = links[device]!
    this.#answered.push(body.batch)
    let copied = 0
    const proactive = this.#proactiveBatches.has(body.batch)
    for (const page of body.pages) {
      // Overwritten while the question was out.
      if (table.state[page] === DEMOTING && !memory.mapping.fits(table.size[page]!)) this.#turnAway(page, proactive, nowNs)
      if (table.state[page] !== DEMOTING) {
        link.release(page)
        continue
      }
      const c = classes[table.klass[page]!]!
      const owner = residents[c.owner]!
      history.reveal(page, owner.work)
      memory.admit(page)
      link.copyIn(page, table.size[page]!)
      // An access in the copy waits for its rest: rate · time², halved.
      const touches = touchesPerTick(c)
      if (touches > 0) stall(owner, (touches / WORK_TICK_NS) * COPY_PAGE_NS * COPY_PAGE_NS * 0.5)
      if (this.#parts.isHot(page)) truth.begin(page, nowNs)
      copied++
    }
    tally.demoted += copied
    return copied > 0 ? copied * (MIGRATE_PAGE_NS + COPY_PAGE_NS) + TLB_FLUSH_NS : 0
  }

  refused(body: BodyOf<'refused'>, nowNs: number): void {
    const { memory, tally } = this.#parts
    const proactive = this.#proactiveBatches.has(body.batch)
    this.#answered.push(body.batch)
    for (const page of body.pages) {
      if (memory.table.state[page] !== DEMOTING) continue
      tally.refused++
      if (proactive) tally.refusedProactive++
      this.#turnAway(page, proactive, nowNs)
    }
  }

  /** P (FACTS 5): a page that is not demoted is retried in place, which is swap, but not by proactive reclaim. */
  #turnAway(page: number, proactive: boolean, nowNs: number): void {
    const { memory, history, residents } = this.#parts
    memory.refuse(page)
    history.reveal(page, residents[memory.ownerOf(page)]!.work)
    if (proactive) return
    // References are checked again on the second pass: a page touched while the question was out is cold no more.
    if ((memory.table.flags[page]! & ACCESSED) !== 0) memory.rejuvenate(page, memory.dram)
    else this.#parts.swapOut(page, nowNs)
  }

  /** All mail of the step was seen. */
  settle(): void {
    for (const batch of this.#answered) this.#proactiveBatches.delete(batch)
    this.#answered.length = 0
  }

  /** Round robin over the devices that it may be, those at ease first. */
  #choose(targets: number): number {
    const { links } = this.#parts
    let pressed = -1
    for (let step = 1; step <= links.length; step++) {
      const device = (this.#device + step) % links.length
      if ((targets & (1 << device)) === 0) continue
      if (links[device]!.pressure === 0) return device
      if (pressed < 0) pressed = device
    }
    return pressed
  }

  /**
   * The size that the page's content compresses to. Never compressed before: what it stores, or, by the share of its
   * lines that its writes have replaced since the rates began, what it writes. Compressed before: as it was, with the
   * same exception.
   */
  #compress(page: number): number {
    const { memory, residents, contentKey } = this.#parts
    const { table } = memory
    const c = memory.classes[table.klass[page]!]!
    if (table.size[page] === UNSIZED) table.size[page] = c.stored.draw(hashUnit(contentKey, page, 0))
    if (c.writesPerTick > 0 && c.writtenText !== c.storedText && !c.writtenText.startsWith('drift=')) {
      const replaced = 1 - exp((-c.writesPerTick * (residents[c.owner]!.work - c.since)) / LINES_PER_PAGE)
      if (hashUnit(contentKey, page, 1) < replaced) table.size[page] = c.written.draw(hashUnit(contentKey, page, 2))
    }
    return table.size[page]!
  }

  snapshot(): Record<string, unknown> {
    return { device: this.#device, nextBatch: this.#nextBatch, proactiveBatches: [...this.#proactiveBatches] }
  }

  restore(from: Record<string, unknown>): void {
    this.#device = from['device'] as number
    this.#nextBatch = from['nextBatch'] as number
    this.#proactiveBatches.clear()
    for (const batch of from['proactiveBatches'] as number[]) this.#proactiveBatches.add(batch)
  }
}
