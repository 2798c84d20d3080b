/**
 * The memory of a host that is no workload's: the page cache, and what the kernel allocates for itself. The kernel's pages never
 * move, so those that leak stay on the device for ever.
 *
 * Left out: the kernel frees nothing; an allocation of its that finds no frame waits for one, reserves for interrupts
 * there are none; a file page that finds none is read again another time.
 */
import type { ContentSizes, SizeLaw } from '#shared/content.ts'
import { fork, hashUnit, type Key } from '#shared/random.ts'
import type { Link } from '../link.ts'
import type { HostMemory } from '../memory.ts'
import { Arrivals } from './arrivals.ts'
import { DRAM_NODE, nodeOf } from './cgroups.ts'
import type { LeakCause } from './origins.ts'
import { PageCache } from './page-cache.ts'
import type { Placement } from './placement.ts'
import type { Rules } from './policy.ts'
import { pagesOf, type IsolationSpec } from './spec.ts'

const THREADS = 0
const KERNEL_CAUSES: readonly LeakCause[] = ['kernelThread', 'interrupt']

export interface SystemParts {
  readonly spec: IsolationSpec
  readonly id: string
  readonly seed: number
  readonly memory: HostMemory
  readonly links: readonly Link[]
  readonly sizes: ContentSizes
}

export class SystemMemory {
  readonly cache: PageCache
  readonly #parts: SystemParts
  readonly #rules: Rules
  readonly #placement: Placement
  readonly #causeOf: (cgroup: number) => LeakCause
  readonly #arrivals: Arrivals
  readonly #contentKey: Key
  readonly #cacheLaw: SizeLaw | undefined
  readonly #kernelLaw: SizeLaw | undefined
  /** The kernel's pages lie behind the files'. */
  readonly #kernelBase: number
  readonly #kernelPages: number
  #kernelTaken = 0
  /** Pages asked for and not had yet, by threads and in interrupts. */
  readonly #kernelOwed = [0, 0]

  constructor(parts: SystemParts, rules: Rules, placement: Placement, causeOf: (cgroup: number) => LeakCause) {
    const { spec, id, seed, memory, links, sizes } = parts
    this.#parts = parts
    this.#rules = rules
    this.#placement = placement
    this.#causeOf = causeOf
    this.#arrivals = new Arrivals(spec, seed, id)
    this.#contentKey = fork(seed, `${id}/system-content`)
    this.#cacheLaw = spec.pageCache && sizes.resolve(spec.pageCache.content)
    this.#kernelLaw = spec.kernel && sizes.resolve(spec.kernel.content)
    this.#kernelBase = pagesOf(spec.pageCache)
    this.#kernelPages = pagesOf(spec.kernel)
    this.cache = new PageCache(memory, 0, this.#kernelBase, (device, page) => links[device]!.release(page))
  }

  /** Something comes with every tick. */
  get arriving(): boolean {
    return this.#arrivals.any
  }

  arrive(spanNs: number): void {
    const { touched, kernel } = this.#arrivals.draw(spanNs)
    touched.forEach((pages, cgroup) => this.#cacheFiles(cgroup, pages))
    kernel.forEach((pages, context) => this.#allocateKernel(context, pages))
  }

  #cacheFiles(cgroup: number, pages: number): void {
    const { memory } = this.#parts
    const { cache } = this
    this.#placement.place(
      this.#rules.task(cgroup),
      Math.min(pages, cache.absent),
      'pageCache',
      this.#causeOf(cgroup),
      () => memory.take(cache.add(DRAM_NODE)),
      (device, origin) => this.#land(cache.add(nodeOf(device)), this.#cacheLaw!, device, origin),
    )
  }

  #allocateKernel(context: number, asked: number): void {
    const { memory } = this.#parts
    const waiting = this.#kernelOwed.reduce((sum, pages) => sum + pages, 0)
    this.#kernelOwed[context]! += Math.min(asked, this.#kernelPages - this.#kernelTaken - waiting)
    this.#kernelOwed[context]! -= this.#placement.place(
      context === THREADS ? this.#rules.kernelThread() : this.#rules.interrupt(),
      this.#kernelOwed[context]!,
      'kernel',
      KERNEL_CAUSES[context]!,
      () => memory.take(this.#kernelBase + this.#kernelTaken++),
      (device, origin) => this.#land(this.#kernelBase + this.#kernelTaken++, this.#kernelLaw!, device, origin),
    )
  }

  #land(page: number, law: SizeLaw, device: number, origin: number): void {
    const { memory, links } = this.#parts
    const size = law.draw(hashUnit(this.#contentKey, page, 0))
    memory.land(page, device, size, 0, origin)
    links[device]!.land(page, size)
  }

  snapshot(): Record<string, unknown> {
    return {
      arrivals: this.#arrivals.snapshot(),
      cache: this.cache.snapshot(),
      kernelTaken: this.#kernelTaken,
      kernelOwed: [...this.#kernelOwed],
    }
  }

  restore(from: Record<string, unknown>): void {
    this.#arrivals.restore(from['arrivals'] as Record<string, unknown>)
    this.cache.restore(from['cache'] as Record<string, unknown>)
    this.#kernelTaken = from['kernelTaken'] as number
    this.#kernelOwed.splice(0, 2, ...(from['kernelOwed'] as number[]))
  }

  /** What was asked for, what of it is in DRAM, what was dropped. */
  observe(): Record<string, number> {
    const cached = this.cache.cached(DRAM_NODE)
    return {
      'asked.pageCache': this.#arrivals.asked.pageCache,
      'asked.kernel': this.#arrivals.asked.kernel,
      'dram.pageCache': cached,
      'dram.kernel': this.#parts.memory.systemLocal - cached,
      pageCacheDropped: this.cache.dropped,
    }
  }
}
