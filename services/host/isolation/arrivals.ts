/**
 * What comes to a host beside its workloads, tick by tick: first touches of uncached file pages by the tasks of each cgroup,
 * and the kernel's own allocations, in its threads and in interrupts. Each is a Poisson process with a random stream of its
 * own, drawn once a tick whatever came of it, so that one seed gives the same arrivals under every policy.
 */
import { poisson } from '#shared/distributions.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { fork, Stream } from '#shared/random.ts'
import { NS_PER_S } from '#shared/time.ts'
import { CGROUPS } from './cgroups.ts'
import type { IsolationSpec } from './spec.ts'

interface Source {
  readonly pagesPerSecond: number
  readonly stream: Stream
}

export class Arrivals {
  /** First touches by each of CGROUPS; empty without a page cache. */
  readonly #touches: readonly Source[]
  /** By threads, in interrupts; empty without kernel allocations. */
  readonly #kernel: readonly Source[]
  /** Pages so far. */
  readonly asked = { pageCache: 0, kernel: 0 }

  constructor({ pageCache, kernel }: Pick<IsolationSpec, 'pageCache' | 'kernel'>, seed: number, id: string) {
    const source = (name: string, bytesPerSecond: number): Source => ({
      pagesPerSecond: bytesPerSecond / PAGE_BYTES,
      stream: new Stream(fork(seed, `${id}/${name}`)),
    })
    this.#touches = pageCache
      ? CGROUPS.map((cgroup, i) => source(`page-cache/${cgroup}`, pageCache.bytesPerSecond * pageCache.shares[i]!))
      : []
    this.#kernel = kernel
      ? [
          source('kernel/threads', kernel.bytesPerSecond * (1 - kernel.interruptShare)),
          source('kernel/interrupts', kernel.bytesPerSecond * kernel.interruptShare),
        ]
      : []
  }

  get any(): boolean {
    return this.#touches.length + this.#kernel.length > 0
  }

  /** Pages of one tick: `touched` by each of CGROUPS, `kernel` by threads and in interrupts. */
  draw(spanNs: number): { readonly touched: readonly number[]; readonly kernel: readonly number[] } {
    const draw = ({ pagesPerSecond, stream }: Source): number => poisson(stream, (pagesPerSecond * spanNs) / NS_PER_S)
    const touched = this.#touches.map(draw)
    const kernel = this.#kernel.map(draw)
    for (const pages of touched) this.asked.pageCache += pages
    for (const pages of kernel) this.asked.kernel += pages
    return { touched, kernel }
  }

  snapshot(): Record<string, unknown> {
    return { counters: [...this.#touches, ...this.#kernel].map(({ stream }) => stream.counter), asked: { ...this.asked } }
  }

  restore(from: Record<string, unknown>): void {
    const counters = from['counters'] as number[]
    for (const [i, { stream }] of [...this.#touches, ...this.#kernel].entries()) stream.counter = counters[i]!
    Object.assign(this.asked, from['asked'])
  }
}
