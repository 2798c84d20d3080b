/**
 * A host that has been running for long when the run begins. Its workloads that start with the run have all of their memory:
 * the coldest pages lie on the devices, as if demoted, and the rest in DRAM, listed as reclaim would have found it by now.
 *
 * Coldest means the least touched classes; within the class in which the size ends, the first pages of the range, for that is
 * how the hand goes. They are dealt over the devices in turn. Nothing is said of the time before: no touch, no write and no
 * kernel time of it is counted. Left out: swapped pages at the start, and whatever isolation would have let onto the devices.
 */
import type { Ordinal, Outbox } from '#shared/actor.ts'
import { assert } from '#shared/errors.ts'
import { DEVICE_SHIFT, GENERATION_MASK, LISTED_POOLED } from '#shared/page/page-table.ts'
import { LOCAL, POOLED } from '#shared/page/transitions.ts'
import { hashUnit, type Key } from '#shared/random.ts'
import { touchesPerTick } from './classes.ts'
import { DEMOTED } from './isolation/origins.ts'
import type { Link } from './link.ts'
import { UNSIZED, type HostMemory } from './memory.ts'
import type { Resident } from './resident.ts'
import type { Tally } from './tally.ts'
import type { Truth } from './truth.ts'

export interface StartSpec {
  /** Of the host, on all of its devices together. */
  readonly pooledPages: number
  /** The workloads that are there from the start, and all of their pages. */
  readonly workloads: ReadonlySet<Ordinal>
  readonly pages: number
}

interface StartParts {
  readonly spec: StartSpec
  readonly memory: HostMemory
  readonly links: readonly Link[]
  readonly residents: readonly Resident[]
  readonly tally: Tally
  readonly truth: Truth
  readonly contentKey: Key
}

/** What becomes of the pages of one class. */
interface Share {
  readonly klass: number
  readonly owner: Resident
  readonly touches: number
  readonly pages: number
  pooled: number
  /** Its local pages come after so many colder ones. */
  colder: number
}

export class Start {
  readonly #parts: StartParts
  #begun = false
  /** Pages found on the devices. */
  pooled = 0

  constructor(parts: StartParts) {
    this.#parts = parts
  }

  /** Once, in the quantum in which the first profiles have come: who starts with the run says so at once. */
  begin(nowNs: number, out: Outbox): void {
    const { spec, memory, links, residents, tally } = this.#parts
    if (this.#begun || residents.length === 0) return
    this.#begun = true
    const shares = this.#shares(residents.filter(({ ordinal }) => spec.workloads.has(ordinal)))
    this.pooled = shares.reduce((sum, { pooled }) => sum + pooled, 0)
    const local = shares.reduce((sum, { pages, pooled }) => sum + pages - pooled, 0)
    assert(local <= memory.free, `${local} pages that start in DRAM fit ${memory.free} frames`)
    const told = links.map((_, device) => roomFor(Math.ceil((this.pooled - device) / links.length)))
    for (const { owner } of shares) owner.allocated = owner.pages
    this.#place(shares, local, told, nowNs)
    memory.began(
      local,
      told.map(({ pages }) => pages.length),
    )
    tally.allocated += local + this.pooled
    links.forEach(({ spec: { ordinal } }, device) => {
      out.send(ordinal, 'stocked', { hostPages: memory.used, pages: told[device]!.pages, sizes: told[device]!.sizes })
    })
  }

  /** By class, the least touched first. */
  #shares(owners: readonly Resident[]): Share[] {
    const { spec, memory } = this.#parts
    const { klass } = memory.table
    const shares = owners.flatMap((owner) => {
      const pages = new Float64Array(owner.classCount)
      const end = owner.base + owner.pages
      for (let page = owner.base; page < end; page++) pages[klass[page]! - owner.firstClass]!++
      return Array.from(pages, (count, i): Share => {
        const k = owner.firstClass + i
        return { klass: k, owner, touches: touchesPerTick(memory.classes[k]!), pages: count, pooled: 0, colder: 0 }
      })
    })
    shares.sort((x, y) => x.touches - y.touches || x.klass - y.klass)
    let left = spec.pooledPages
    let colder = 0
    for (const share of shares) {
      share.pooled = Math.min(left, share.pages)
      share.colder = colder
      left -= share.pooled
      colder += share.pages - share.pooled
    }
    return shares
  }

  /** Each page once, in the order of its number. */
  #place(shares: readonly Share[], local: number, told: readonly Told[], nowNs: number): void {
    const { memory, truth, contentKey } = this.#parts
    const { table, classes, dram, nodes } = memory
    const { state, flags, klass, size } = table
    const places = shares.toSorted((x, y) => x.klass - y.klass)
    const first = places[0]?.klass ?? 0
    const pooledLeft = Float64Array.from(places, ({ pooled }) => pooled)
    const rank = Float64Array.from(places, ({ colder }) => colder)
    for (const { klass: k, pages, pooled } of places) {
      const c = classes[k]!
      c.local += pages - pooled
      c.pooled += pooled
      c.pooledMembers.reserve(pooled)
    }
    const generations = dram.youngest - dram.oldest + 1
    const slots = Uint8Array.from({ length: generations }, (_, i) => (dram.oldest + i) & GENERATION_MASK)
    const youngest = nodes.map((lru) => lru.youngestSlot)
    const filled = new Float64Array(told.length)
    let device = 0
    for (const owner of new Set(places.map((place) => place.owner))) {
      const end = owner.base + owner.pages
      for (let page = owner.base; page < end; page++) {
        const k = klass[page]!
        if (pooledLeft[k - first]! > 0) {
          pooledLeft[k - first]!--
          const c = classes[k]!
          const bytes = c.stored.draw(hashUnit(contentKey, page, 0))
          state[page] = POOLED
          size[page] = bytes
          flags[page] = (device << DEVICE_SHIFT) | LISTED_POOLED | youngest[device]!
          c.pooledMembers.push(page)
          const { pages, sizes } = told[device]!
          pages[filled[device]!] = page
          sizes[filled[device]!++] = bytes
          memory.origins?.enter(page, DEMOTED)
          if (c.hot) truth.begin(page, nowNs)
          if (++device === told.length) device = 0
        } else {
          const slot = slots[Math.floor((rank[k - first]!++ * generations) / local)]!
          state[page] = LOCAL
          size[page] = UNSIZED
          flags[page] = slot
          dram.counts[slot]!++
        }
      }
    }
  }

  snapshot(): Record<string, unknown> {
    return { begun: this.#begun, pooled: this.pooled }
  }

  restore(from: Record<string, unknown>): void {
    this.#begun = from['begun'] as boolean
    this.pooled = from['pooled'] as number
  }
}

/** What a device is told. */
interface Told {
  readonly pages: Uint32Array
  readonly sizes: Uint16Array
}

function roomFor(pages: number): Told {
  return { pages: new Uint32Array(pages), sizes: new Uint16Array(pages) }
}
