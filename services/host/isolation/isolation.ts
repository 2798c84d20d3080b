/**
 * Who allocates where on a host with devices: the workloads' anonymous pages, the page cache, the kernel's own. What the
 * isolation policy does not keep off a device lands there without a question, and the device learns of it by its stores.
 * A leaked anonymous page is an ordinary pooled page afterwards; a leaked page of the kernel stays for ever.
 *
 * Left out: swapped pages come back to DRAM whatever the zonelist says, and so do promoted ones; the kernel frees nothing; an
 * allocation of the kernel that finds no frame waits for one; a file page that finds none is read again another time.
 */
import type { Ordinal, Outbox } from '#shared/actor.ts'
import type { ContentSizes, SizeLaw } from '#shared/content.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { fork, hashUnit, type Key } from '#shared/random.ts'
import { NEVER, quantumAt, type Quantum } from '#shared/time.ts'
import type { Link } from '../link.ts'
import type { HostMemory } from '../memory.ts'
import type { Resident } from '../resident.ts'
import { watermarks, type Watermarks } from '../watermarks.ts'
import { Arrivals } from './arrivals.ts'
import { DRAM_NODE, nodeOf, ROOT, SYSTEM, WORKLOADS } from './cgroups.ts'
import { DELIBERATE, leakOf, leakOrigin, type LeakCause, type LeakKind } from './origins.ts'
import { PageCache } from './page-cache.ts'
import { Rules } from './policy.ts'
import { pagesOf, type IsolationSpec } from './spec.ts'
import { deal, roomsOf, type Rooms } from './zonelist.ts'

export interface IsolationParts {
  readonly spec: IsolationSpec
  readonly id: string
  readonly seed: number
  readonly quantumNs: number
  readonly watermarkScaleFactor: number
  readonly memory: HostMemory
  readonly links: readonly Link[]
  readonly residents: readonly Resident[]
  readonly marks: Watermarks
  readonly sizes: ContentSizes
  /** What a workload's page holds at first, and the files and the kernel. */
  readonly contentKey: Key
  /** A workload's page begins its life on a device. */
  readonly landed: (page: number) => void
}

const CAUSE_OF_CGROUP: Readonly<Record<number, LeakCause>> = {
  [ROOT]: 'rootTask',
  [SYSTEM]: 'systemService',
  [WORKLOADS]: 'workload',
}
const KERNEL_CAUSES: readonly LeakCause[] = ['kernelThread', 'interrupt']

export class Isolation {
  readonly #parts: IsolationParts
  readonly #rules: Rules
  readonly #arrivals: Arrivals
  readonly #systemKey: Key
  readonly #cacheLaw: SizeLaw | undefined
  readonly #kernelLaw: SizeLaw | undefined
  readonly #kernelBase: number
  readonly #kernelPages: number
  readonly #cache: PageCache
  /** Filled anew for every question. */
  readonly #rooms: Rooms
  readonly #dealt: Float64Array
  /** Changes of `cpuset.mems` that have taken effect. */
  #changed = 0
  /** Kernel pages allocated, and asked for but not had yet: by threads, in interrupts. */
  #kernelTaken = 0
  readonly #kernelOwed = [0, 0]
  /** Origins that have been told; those of this step that have not; empty between steps. */
  readonly #told = new Set<number>()
  readonly #untold: { readonly origin: number; readonly device: number }[] = []

  constructor(parts: IsolationParts) {
    this.#parts = parts
    const { spec, id, seed, memory, links, marks, sizes } = parts
    this.#rules = new Rules(spec.policy, links.length, spec.mems, spec.demotionHonoursMems)
    this.#arrivals = new Arrivals(spec, seed, id)
    this.#systemKey = fork(seed, `${id}/system-content`)
    this.#cacheLaw = spec.pageCache && sizes.resolve(spec.pageCache.content)
    this.#kernelLaw = spec.kernel && sizes.resolve(spec.kernel.content)
    const cachePages = pagesOf(spec.pageCache)
    this.#cache = new PageCache(memory, 0, cachePages, (device, page) => links[device]!.release(page))
    this.#kernelBase = cachePages
    this.#kernelPages = pagesOf(spec.kernel)
    this.#rooms = roomsOf(links.length + 1)
    this.#dealt = new Float64Array(links.length + 1)
    this.#rooms.low[DRAM_NODE] = marks.low
    this.#rooms.min[DRAM_NODE] = marks.min
    links.forEach((link, device) => {
      const node = watermarks(link.spec.advertisedBytes, parts.watermarkScaleFactor)
      this.#rooms.low[nodeOf(device)] = node.low
      this.#rooms.min[nodeOf(device)] = node.min
    })
  }

  get cache(): PageCache {
    return this.#cache
  }

  /** Something comes with every tick. */
  get arriving(): boolean {
    return this.#arrivals.any
  }

  /** Reclaim can swap out from the devices. */
  get reclaimed(): boolean {
    return this.#rules.traits.reclaimed
  }

  nextWake(now: Quantum): Quantum {
    const change = this.#parts.spec.changes[this.#changed]
    return change === undefined ? NEVER : Math.max(now + 1, quantumAt(change.atNs, this.#parts.quantumNs))
  }

  /** Nodes that the page may be demoted to, as devices: bit d is the host's d-th. */
  targets(page: number): number {
    const { memory, residents } = this.#parts
    return this.#rules.demotion(this.#task(residents[memory.ownerOf(page)]!.ordinal).cgroup) >> 1
  }

  /** Somebody writes `cpuset.mems`. */
  change(nowNs: number): void {
    const { changes } = this.#parts.spec
    for (; this.#changed < changes.length && changes[this.#changed]!.atNs <= nowNs; this.#changed++) {
      const { cgroup, mems } = changes[this.#changed]!
      this.#rules.change(cgroup, mems)
    }
  }

  /** What files and kernel ask for in a tick. */
  arrive(spanNs: number): void {
    const { touched, kernel } = this.#arrivals.draw(spanNs)
    touched.forEach((pages, cgroup) => this.#cacheFiles(cgroup, pages))
    kernel.forEach((pages, context) => this.#allocateKernel(context, pages))
  }

  /** A workload touches `want` pages from `first` on for the first time, in order; returns how many found a place. */
  populate(resident: Resident, first: number, want: number): number {
    const { cgroup, deliberatePages } = this.#task(resident.ordinal)
    const end = first + want
    const onPurpose = Math.min(end, resident.base + deliberatePages)
    let page = first
    while (page < onPurpose && this.#takeOnPurpose(page, resident.work)) page++
    page += this.#allocateAnon(resident, cgroup, page, end - page)
    return page - first
  }

  /** The first page of each origin, for the journal. */
  tell(out: Outbox): void {
    for (const { origin, device } of this.#untold) {
      const leak = leakOf(origin)
      const { id } = this.#parts.links[device]!.spec
      if (leak !== undefined) out.event('first-leak', { kind: leak.kind, cause: leak.cause, device: id })
    }
    this.#untold.length = 0
  }

  #task(ordinal: Ordinal): { readonly cgroup: number; readonly deliberatePages: number } {
    return this.#parts.spec.tasks.get(ordinal) ?? { cgroup: WORKLOADS, deliberatePages: 0 }
  }

  #causeOf(cgroup: number): LeakCause {
    return this.#rules.bound(cgroup) ? 'rebind' : CAUSE_OF_CGROUP[cgroup]!
  }

  #allocateAnon(resident: Resident, cgroup: number, first: number, want: number): number {
    const { memory } = this.#parts
    const granted = this.#deal(this.#rules.task(cgroup), want)
    let page = first
    for (let i = 0; i < this.#dealt[DRAM_NODE]!; i++) memory.allocate(page++, resident.work)
    for (let device = 0; device < memory.nodes.length; device++) {
      const pages = this.#dealt[nodeOf(device)]!
      if (pages === 0) continue
      const origin = this.#leak('anon', this.#causeOf(cgroup), device)
      for (let i = 0; i < pages; i++) this.#landAnon(page++, device, resident.work, origin)
    }
    return granted
  }

  /** Its driver knows the memory: it takes none while a device's interrupt is up. False if no device is at ease and has room. */
  #takeOnPurpose(page: number, now: number): boolean {
    const { links } = this.#parts
    this.#measure()
    const { free, min } = this.#rooms
    const device = links.findIndex((link, i) => link.pressure === 0 && free[nodeOf(i)]! > min[nodeOf(i)]!)
    if (device < 0) return false
    this.#landAnon(page, device, now, DELIBERATE)
    return true
  }

  #landAnon(page: number, device: number, now: number, origin: number): void {
    const { memory, links, contentKey } = this.#parts
    const { stored } = memory.classes[memory.table.klass[page]!]!
    const size = stored.draw(hashUnit(contentKey, page, 0))
    memory.land(page, device, size, now, origin)
    links[device]!.land(page, size)
    this.#parts.landed(page)
  }

  #cacheFiles(cgroup: number, pages: number): void {
    const { memory, links } = this.#parts
    this.#deal(this.#rules.task(cgroup), Math.min(pages, this.#cache.absent))
    for (let i = 0; i < this.#dealt[DRAM_NODE]!; i++) memory.take(this.#cache.add(DRAM_NODE))
    for (let device = 0; device < links.length; device++) {
      const landing = this.#dealt[nodeOf(device)]!
      if (landing === 0) continue
      const origin = this.#leak('pageCache', this.#causeOf(cgroup), device)
      for (let i = 0; i < landing; i++) this.#landSystem(this.#cache.add(nodeOf(device)), this.#cacheLaw!, device, origin)
    }
  }

  #allocateKernel(context: number, asked: number): void {
    const { memory, links } = this.#parts
    const [threads, interrupts] = this.#kernelOwed
    const owed = this.#kernelOwed[context]! + Math.min(asked, this.#kernelPages - this.#kernelTaken - threads! - interrupts!)
    const granted = this.#deal(context === 0 ? this.#rules.kernelThread() : this.#rules.interrupt(), owed)
    this.#kernelOwed[context] = owed - granted
    for (let i = 0; i < this.#dealt[DRAM_NODE]!; i++) memory.take(this.#kernelBase + this.#kernelTaken++)
    for (let device = 0; device < links.length; device++) {
      const landing = this.#dealt[nodeOf(device)]!
      if (landing === 0) continue
      const origin = this.#leak('kernel', KERNEL_CAUSES[context]!, device)
      for (let i = 0; i < landing; i++) {
        this.#landSystem(this.#kernelBase + this.#kernelTaken++, this.#kernelLaw!, device, origin)
      }
    }
  }

  #landSystem(page: number, law: SizeLaw, device: number, origin: number): void {
    const { memory, links } = this.#parts
    const size = law.draw(hashUnit(this.#systemKey, page, 0))
    memory.land(page, device, size, 0, origin)
    links[device]!.land(page, size)
  }

  #leak(kind: LeakKind, cause: LeakCause, device: number): number {
    const origin = leakOrigin(kind, cause)
    if (!this.#told.has(origin)) {
      this.#told.add(origin)
      this.#untold.push({ origin, device })
    }
    return origin
  }

  #deal(allowed: number, want: number): number {
    this.#measure()
    return deal(allowed, want, this.#rooms, this.#dealt)
  }

  #measure(): void {
    const { memory, links } = this.#parts
    const { free } = this.#rooms
    free[DRAM_NODE] = memory.free
    for (let device = 0; device < links.length; device++) {
      free[nodeOf(device)] = Math.floor(links[device]!.spec.advertisedBytes / PAGE_BYTES) - memory.slots[device]!
    }
  }

  snapshot(): Record<string, unknown> {
    return {
      rules: this.#rules.snapshot(),
      arrivals: this.#arrivals.snapshot(),
      cache: this.#cache.snapshot(),
      changed: this.#changed,
      kernelTaken: this.#kernelTaken,
      kernelOwed: [...this.#kernelOwed],
      told: [...this.#told],
    }
  }

  restore(from: Record<string, unknown>): void {
    this.#rules.restore(from['rules'] as Record<string, unknown>)
    this.#arrivals.restore(from['arrivals'] as Record<string, unknown>)
    this.#cache.restore(from['cache'] as Record<string, unknown>)
    this.#changed = from['changed'] as number
    this.#kernelTaken = from['kernelTaken'] as number
    this.#kernelOwed.splice(0, 2, ...(from['kernelOwed'] as number[]))
    this.#told.clear()
    for (const origin of from['told'] as number[]) this.#told.add(origin)
  }

  /** Gauges beside those of origins.ts: what was asked for, what is in DRAM, what was dropped. */
  observe(): Record<string, number> {
    const { memory } = this.#parts
    return {
      'asked.pageCache': this.#arrivals.asked.pageCache,
      'asked.kernel': this.#arrivals.asked.kernel,
      'dram.pageCache': this.#cache.cached(DRAM_NODE),
      'dram.kernel': memory.systemLocal - this.#cache.cached(DRAM_NODE),
      pageCacheDropped: this.#cache.dropped,
    }
  }
}
