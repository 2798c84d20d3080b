/** Who lives on the host: workloads arrive with a profile, change their rates, and leave. */
import type { Ordinal } from '#shared/actor.ts'
import type { BodyOf } from '#shared/messages.ts'
import { HINTED, LISTED_POOLED, LISTED_SWAPPED, PAGE_BYTES } from '#shared/page/page-table.ts'
import { FREE, POISONED, POOLED, SWAPPED } from '#shared/page/transitions.ts'
import { NS_PER_S } from '#shared/time.ts'
import { assert } from '#shared/errors.ts'
import type { ContentSizes } from '#shared/content.ts'
import type { Access } from './access.ts'
import { rateClass, WORK_TICK_NS, WORK_TICKS_PER_SECOND, type RateClass } from './classes.ts'
import { HintCalendar } from './hint-calendar.ts'
import { NEVER_TOUCHED, type History } from './history.ts'
import { Layout } from './layout.ts'
import type { Link } from './link.ts'
import type { HostMemory } from './memory.ts'
import type { Resident, Sweep } from './resident.ts'
import type { Truth } from './truth.ts'

export interface TenancyParts {
  readonly memory: HostMemory
  readonly history: History
  readonly access: Access
  readonly links: readonly Link[]
  readonly truth: Truth
  readonly sizes: ContentSizes
  /** Touches per second from which a page is truly hot; Infinity without a promoter. */
  readonly hotPerSecond: number
}

export class Tenancy {
  readonly residents: Resident[] = []
  readonly #parts: TenancyParts

  constructor(parts: TenancyParts) {
    this.#parts = parts
  }

  of(ordinal: Ordinal): Resident | undefined {
    return this.residents.find((resident) => resident.ordinal === ordinal && resident.alive)
  }

  /** A first profile makes a resident; a later one changes its rates. One that crossed the news of its death is void. */
  profile(ordinal: Ordinal, body: BodyOf<'profile'>, nowNs: number): void {
    const known = this.residents.find((resident) => resident.ordinal === ordinal)
    if (known === undefined) this.#arrive(ordinal, body, nowNs)
    else if (known.alive) this.#change(known, body)
  }

  accesses(ordinal: Ordinal, body: BodyOf<'accesses'>): void {
    const resident = this.of(ordinal)
    if (resident === undefined) return
    resident.replay ??= { queue: [], spentTicks: 0, rows: 0, epochsDone: 0, hot: new Uint8Array(resident.pages) }
    resident.replay.queue.push(body)
  }

  /** Frees every page; the devices hear of slots given back. */
  remove(resident: Resident): void {
    const { memory, access, links, truth } = this.#parts
    const { table } = memory
    access.threads -= resident.threads
    for (let page = resident.base; page < resident.base + resident.pages; page++) {
      if (table.state[page] === FREE) continue
      table.flags[page]! &= ~HINTED
      truth.end(page)
      const device = memory.release(page)
      if (device >= 0) links[device]!.release(page)
    }
    resident.alive = false
    resident.sweep = undefined
    resident.replay = undefined
  }

  isHot(page: number): boolean {
    const { memory } = this.#parts
    const c = memory.classes[memory.table.klass[page]!]!
    if (c.hot) return true
    const owner = this.residents[c.owner]!
    return owner.replay !== undefined && owner.replay.hot[page - owner.base] === 1
  }

  /** Truly hot pages that lie on a device now; poisoned ones of a hot class among them. */
  get hotPages(): number {
    const { classes, table } = this.#parts.memory
    let pages = 0
    for (const c of classes) {
      if (c.hot) pages += c.pooled
      else if (this.residents[c.owner]?.replay !== undefined) {
        const { items, length } = c.pooledMembers
        // Some may have left since they were listed.
        for (let i = 0; i < length; i++) if (table.state[items[i]!] === POOLED && this.isHot(items[i]!)) pages++
      }
    }
    return pages
  }

  /** A trace's rate of a pooled page has crossed what makes it hot: an episode on the device begins or ends. */
  crossed(page: number, hot: boolean): void {
    const { truth } = this.#parts
    if (hot) truth.begin(page, this.#nowNs)
    else truth.end(page)
  }
  #nowNs = 0

  /** A page begins its life on a device; if it is hot, an episode. */
  landed(page: number): void {
    if (this.isHot(page)) this.#parts.truth.begin(page, this.#nowNs)
  }

  /** Tells the time for episodes that begin in this step. */
  at(nowNs: number): void {
    this.#nowNs = nowNs
  }

  #arrive(ordinal: Ordinal, body: BodyOf<'profile'>, nowNs: number): void {
    const { memory, access } = this.#parts
    const resident: Resident = {
      index: this.residents.length,
      ordinal,
      base: memory.reserve(body.pages),
      pages: body.pages,
      threads: Math.max(1, body.threads),
      allocateBytesPerSecond: body.allocateBytesPerSecond,
      arrivedNs: nowNs,
      firstClass: 0,
      classCount: 0,
      alive: true,
      doom: '',
      allocated: 0,
      allocateCarry: 0,
      work: 0,
      remainderNs: 0,
      debtNs: 0,
      stalledNs: 0,
      lastAdvanceNs: nowNs,
      accesses: new Float64Array(this.#parts.links.length),
      accessesBefore: new Float64Array(this.#parts.links.length),
      rewritesBefore: new Float64Array(this.#parts.links.length),
      waitNs: new Float64Array(this.#parts.links.length),
      sweep: undefined,
      replay: undefined,
    }
    this.residents.push(resident)
    access.calendars.push(new HintCalendar())
    access.threads += resident.threads
    this.#assign(resident, body, true)
  }

  /** What happened under the old rates is revealed first; what was drawn ahead under them is drawn anew (no memory). */
  #change(resident: Resident, body: BodyOf<'profile'>): void {
    const { memory, history, access, truth } = this.#parts
    const { table } = memory
    const end = resident.base + resident.pages
    const hinted: number[] = []
    const wasHot = new Set<number>()
    for (let page = resident.base; page < end; page++) {
      const state = table.state[page]!
      if (state === FREE) continue
      if ((table.flags[page]! & HINTED) !== 0) {
        history.unhint(page, resident.work)
        hinted.push(page)
      } else {
        history.reveal(page, resident.work)
        // Of pages that nobody touched nothing was revealed.
        table.known[page] = resident.work
      }
      if (state === POOLED && this.isHot(page)) wasHot.add(page)
    }
    this.#assign(resident, body, false)
    for (const page of hinted) {
      const time = history.hint(page, resident.work)
      if (time < NEVER_TOUCHED) access.calendars[resident.index]!.add(page, time)
    }
    for (let page = resident.base; page < end; page++) {
      if (table.state[page] !== POOLED || this.isHot(page) === wasHot.has(page)) continue
      if (wasHot.has(page)) truth.end(page)
      else truth.begin(page, this.#nowNs)
    }
  }

  /** Gives the resident its classes and each of its pages one of them; all of them are free if it is `fresh`. */
  #assign(resident: Resident, body: BodyOf<'profile'>, fresh: boolean): void {
    const { memory } = this.#parts
    const count = Math.max(1, body.share.length)
    if (count > resident.classCount) {
      // Nobody owns a page of the old classes any more; their places stay empty.
      for (let i = 0; i < resident.classCount; i++) empty(memory.classes[resident.firstClass + i]!)
      resident.firstClass = memory.classes.length
      resident.classCount = count
    }
    assert(resident.firstClass + resident.classCount <= 0x10000, 'rate classes of a host fit in 16 bits')
    for (let i = 0; i < resident.classCount; i++) memory.classes[resident.firstClass + i] = this.#class(resident, body, i)
    const layout = new Layout(body)
    const { state, klass } = memory.table
    const { base, pages, firstClass } = resident
    // Whoever arrives has free pages alone, which are on no list.
    if (fresh) layout.writeTo(klass.subarray(base, base + pages), firstClass)
    else {
      for (let i = 0; i < pages; i++) {
        const k = firstClass + layout.classOf(i)
        this.#join(state[base + i]!, base + i, memory.classes[k]!, k)
      }
    }
    resident.sweep = this.#sweep(resident, body)
  }

  #join(state: number, page: number, c: RateClass, klass: number): void {
    const { table } = this.#parts.memory
    table.klass[page] = klass
    table.flags[page]! &= ~(LISTED_POOLED | LISTED_SWAPPED)
    if (state === FREE) return
    if (state === POOLED || state === POISONED) {
      c.pooled++
      c.pooledMembers.push(page)
      table.flags[page]! |= LISTED_POOLED
    } else if (state === SWAPPED) {
      c.swapped++
      c.swappedMembers.push(page)
      table.flags[page]! |= LISTED_SWAPPED
    } else c.local++
  }

  #class(resident: Resident, body: BodyOf<'profile'>, i: number): RateClass {
    const { sizes, hotPerSecond } = this.#parts
    const storedText = body.stored[i] ?? body.stored[0] ?? 'incompressible'
    const writtenText = body.written[i] ?? body.written[0] ?? storedText
    const reads = body.reads[i] ?? 0
    const writes = body.writes[i] ?? 0
    return rateClass({
      owner: resident.index,
      readsPerTick: reads / WORK_TICKS_PER_SECOND,
      writesPerTick: writes / WORK_TICKS_PER_SECOND,
      miss: body.miss[i] ?? 1,
      stored: sizes.resolve(storedText),
      written: sizes.resolve(writtenText),
      storedText,
      writtenText,
      since: resident.work,
      hot: reads + writes >= hotPerSecond,
    })
  }

  #sweep(resident: Resident, body: BodyOf<'profile'>): Sweep | undefined {
    if (body.sweepBytesPerSecond <= 0) return undefined
    const before = resident.sweep
    return {
      pagesPerTick: (body.sweepBytesPerSecond / PAGE_BYTES) * (WORK_TICK_NS / NS_PER_S),
      writes: body.sweepWrites === 1,
      pooledOnly: body.sweepPooledOnly === 1,
      passes: body.sweepPasses,
      content: this.#parts.sizes.resolve(body.sweepContent),
      contentText: body.sweepContent,
      cursor: before?.cursor ?? 0,
      carry: before?.carry ?? 0,
      passesDone: before?.passesDone ?? 0,
    }
  }

  snapshot(): Record<string, unknown> {
    return {
      residents: this.residents.map(({ sweep, ...plain }) =>
        structuredClone({ ...plain, sweep: sweep && { ...sweep, content: undefined } }),
      ),
    }
  }

  restore(from: Record<string, unknown>): void {
    this.residents.length = 0
    for (const saved of structuredClone(from['residents']) as Resident[]) {
      const sweep = saved.sweep && { ...saved.sweep, content: this.#parts.sizes.resolve(saved.sweep.contentText) }
      this.residents.push({ ...saved, sweep })
    }
  }
}

function empty(c: RateClass): void {
  c.local = 0
  c.pooled = 0
  c.swapped = 0
  c.pooledMembers.clear()
  c.swappedMembers.clear()
}
