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
import type { SizeLaw } from '#shared/content.ts'
import type { PageList } from '#shared/page/page-list.ts'
import { DEVICE_SHIFT, GENERATION_MASK, LISTED_POOLED } from '#shared/page/page-table.ts'
import { LOCAL, POOLED } from '#shared/page/transitions.ts'
import { hashUnit, type Key } from '#shared/random.ts'
import { touchesPerTick, type RateClass } from './classes.ts'
import { DEMOTED } from './isolation/origins.ts'
import type { Link } from './link.ts'
import type { Lru } from './lru.ts'
import { UNSIZED, type HostMemory } from './memory.ts'
import type { Resident } from './resident.ts'
import type { Tally } from './tally.ts'
import type { Truth } from './truth.ts'

/** Pages in a mail: what an array may hold (codec.ts) is four times as much. */
const MAIL_PAGES_MAX = 2 ** 20
/** Pages dealt in one call: V8 optimises a function that is called often better, and sooner, than a loop that never returns. */
const BLOCK_PAGES = 4096

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

/** What is dealt from, by class or by device. */
interface Hands {
  readonly runs: readonly { readonly pages: number; readonly slot: number }[][]
  /** Of each class: which run it is at, what of it is left, and its slot. */
  readonly run: Uint8Array
  readonly left: Uint32Array
  readonly slot: Uint8Array
  readonly pooledLeft: Uint32Array
  readonly laws: readonly SizeLaw[]
  readonly members: readonly Uint32Array[]
  readonly listed: Uint32Array
  readonly pooledFlags: Uint8Array
  readonly told: readonly Told[]
}

export class Start {
  readonly #parts: StartParts
  #begun = false
  /** Pages found on the devices. */
  pooled = 0
  /** Where the next page goes. Of use only while it begins. */
  #device = 0
  /** Of a block, the pages that go onto the devices, and their classes. */
  readonly #chosen = new Uint32Array(BLOCK_PAGES)
  readonly #classOf = new Uint16Array(BLOCK_PAGES)

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
      const { pages, sizes } = told[device]!
      for (let from = 0; from < pages.length; from += MAIL_PAGES_MAX) {
        const to = from + MAIL_PAGES_MAX
        out.send(ordinal, 'stocked', { hostPages: memory.used, pages: pages.subarray(from, to), sizes: sizes.subarray(from, to) })
      }
    })
  }

  /** By class, the least touched first. */
  #shares(owners: readonly Resident[]): Share[] {
    const { spec, memory } = this.#parts
    const { klass } = memory.table
    const shares = owners.flatMap((owner) => {
      const pages = new Uint32Array(owner.classCount)
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

  #place(shares: readonly Share[], local: number, told: readonly Told[], nowNs: number): void {
    const { memory } = this.#parts
    const { state, size } = memory.table
    for (const owner of new Set(shares.map((share) => share.owner))) {
      const end = owner.base + owner.pages
      state.fill(LOCAL, owner.base, end)
      size.fill(UNSIZED, owner.base, end)
      const mine = shares.filter((share) => share.owner === owner).toSorted((x, y) => x.klass - y.klass)
      this.#deal(owner, mine, local, told)
      if (mine.some(({ klass, pooled }) => pooled > 0 && memory.classes[klass]!.hot)) this.#beginEpisodes(owner, nowNs)
    }
  }

  /**
   * Each page of a resident once, in the order of its number: the first of each class onto the devices, the others onto the lists of
   * DRAM, each generation as many in all, the coldest in the oldest.
   */
  #deal(owner: Resident, shares: readonly Share[], local: number, told: readonly Told[]): void {
    const { memory } = this.#parts
    const runs = shares.map((share) => generationsOf(share, memory.dram, local))
    const members = shares.map((share) => membersFor(memory.classes[share.klass]!, share))
    const hands: Hands = {
      runs,
      run: new Uint8Array(shares.length),
      left: Uint32Array.from(runs, (of) => of[0]?.pages ?? 0),
      slot: Uint8Array.from(runs, (of) => of[0]?.slot ?? 0),
      pooledLeft: Uint32Array.from(shares, ({ pooled }) => pooled),
      laws: shares.map((share) => memory.classes[share.klass]!.stored),
      members: members.map(({ items }) => items),
      listed: Uint32Array.from(members, ({ length }) => length),
      pooledFlags: Uint8Array.from(memory.nodes, (lru, device) => (device << DEVICE_SHIFT) | LISTED_POOLED | lru.youngestSlot),
      told,
    }
    const end = owner.base + owner.pages
    for (let from = owner.base; from < end; from += BLOCK_PAGES) {
      this.#dealBlock(from, Math.min(end, from + BLOCK_PAGES), owner.firstClass, hands)
    }
    members.forEach((list, k) => (list.length = hands.listed[k]!))
  }

  #dealBlock(from: number, to: number, firstClass: number, hands: Hands): void {
    const { klass, flags } = this.#parts.memory.table
    const { runs, run, left, slot, pooledLeft } = hands
    const chosen = this.#chosen
    const classOf = this.#classOf
    let count = 0
    for (let page = from; page < to; page++) {
      const k = klass[page]! - firstClass
      if (pooledLeft[k]! > 0) {
        pooledLeft[k]!--
        chosen[count] = page
        classOf[count++] = k
        continue
      }
      if (left[k] === 0) {
        const { pages, slot: next } = runs[k]![++run[k]!]!
        left[k] = pages
        slot[k] = next
      }
      left[k]!--
      flags[page] = slot[k]!
    }
    if (count > 0) this.#pool(count, hands)
  }

  /** The chosen pages of a block, so many: onto the devices in turn. */
  #pool(count: number, { laws, members, listed, told, pooledFlags }: Hands): void {
    const { contentKey, memory } = this.#parts
    const { state, flags, size } = memory.table
    const chosen = this.#chosen
    const classOf = this.#classOf
    for (let i = 0; i < count; i++) {
      const page = chosen[i]!
      state[page] = POOLED
      size[page] = laws[classOf[i]!]!.draw(hashUnit(contentKey, page, 0))
      memory.origins?.enter(page, DEMOTED)
    }
    for (let i = 0; i < count; i++) {
      const k = classOf[i]!
      members[k]![listed[k]!++] = chosen[i]!
    }
    for (let turn = 0; turn < told.length; turn++) {
      const device = (this.#device + turn) % told.length
      const { pages, sizes } = told[device]!
      let { length } = told[device]!
      for (let i = turn; i < count; i += told.length) {
        const page = chosen[i]!
        flags[page] = pooledFlags[device]!
        pages[length] = page
        sizes[length++] = size[page]!
      }
      told[device]!.length = length
    }
    this.#device = (this.#device + count) % told.length
  }

  /** Seldom: of what is hot, something had to lie on a device. */
  #beginEpisodes(owner: Resident, nowNs: number): void {
    const { memory, truth } = this.#parts
    const { state, klass } = memory.table
    for (let page = owner.base; page < owner.base + owner.pages; page++) {
      if (state[page] === POOLED && memory.classes[klass[page]!]!.hot) truth.begin(page, nowNs)
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
  /** Filled so far. */
  length: number
}

function roomFor(pages: number): Told {
  return { pages: new Uint32Array(pages), sizes: new Uint16Array(pages), length: 0 }
}

/** The local pages of a class, in runs of one generation each; enters them into the counts of their list. */
function generationsOf({ pages, pooled, colder }: Share, dram: Lru, local: number): { pages: number; slot: number }[] {
  const generations = dram.youngest - dram.oldest + 1
  const last = colder + pages - pooled
  const runs = []
  for (let i = 0, from = colder; i < generations && from < last; i++) {
    const to = Math.min(last, i === generations - 1 ? local : Math.ceil((local * (i + 1)) / generations))
    if (to <= from) continue
    const slot = (dram.oldest + i) & GENERATION_MASK
    dram.counts[slot]! += to - from
    runs.push({ pages: to - from, slot })
    from = to
  }
  return runs
}

/** The list of the pooled pages of a class, with room for its share. */
function membersFor(c: RateClass, { pages, pooled }: Share): PageList {
  c.local += pages - pooled
  c.pooled += pooled
  // And an eighth more, for those that come after: doubling would copy them all.
  c.pooledMembers.reserve(pooled + (pooled >> 3))
  return c.pooledMembers
}
