/**
 * The page cache: clean pages of files, which any task of the host may be the first to touch. Whoever is first decides where a
 * page lies, for everybody. Reclaim drops the oldest pages of a node before it looks at anonymous ones, without writing.
 *
 * Left out: dirty pages and write-back, read-ahead, second chances and refaults, demotion and promotion of cached pages (they
 * are dropped instead), and reads of cached pages: they are no traffic, and poison in them hits nobody.
 */
import { assert } from '#shared/errors.ts'
import type { HostMemory } from '../memory.ts'
import { Fifo } from './fifo.ts'

export class PageCache {
  readonly #memory: HostMemory
  readonly #base: number
  readonly #pages: number
  /** Told of a page that left a device. */
  readonly #release: (device: number, page: number) => void
  /** Pages of the range in no frame and no slot; the ones from `#fresh` on have never been in any. */
  readonly #free: Fifo
  #fresh = 0
  /** The cached pages of each node, oldest first. */
  readonly #cached: readonly Fifo[]
  dropped = 0

  /** Pages [base, base + pages) of the host are its own. */
  constructor(memory: HostMemory, base: number, pages: number, release: (device: number, page: number) => void) {
    this.#memory = memory
    this.#base = base
    this.#pages = pages
    this.#release = release
    this.#free = new Fifo(pages)
    this.#cached = Array.from({ length: memory.nodes.length + 1 }, () => new Fifo(pages))
  }

  /** Pages of files that are not cached. */
  get absent(): number {
    return this.#free.length + this.#pages - this.#fresh
  }

  cached(node: number): number {
    return this.#cached[node]!.length
  }

  /** A page of a file that is from now on cached on the node; the caller finds it a place there. */
  add(node: number): number {
    // Once all have been cached, the one that has been away longest.
    const page = this.#fresh < this.#pages ? this.#base + this.#fresh++ : this.#free.shift()
    assert(page >= 0, 'there is a page of a file that is not cached')
    this.#cached[node]!.push(page)
    return page
  }

  /** Reclaim takes the oldest page of the node; false if there is none. */
  drop(node: number): boolean {
    const page = this.#cached[node]!.shift()
    if (page < 0) return false
    const device = this.#memory.release(page)
    if (device >= 0) this.#release(device, page)
    this.#free.push(page)
    this.dropped++
    return true
  }

  snapshot(): Record<string, unknown> {
    return {
      free: this.#free.take(),
      fresh: this.#fresh,
      cached: this.#cached.map((queue) => queue.take()),
      dropped: this.dropped,
    }
  }

  restore(from: Record<string, unknown>): void {
    this.#free.refill(from['free'] as Uint32Array)
    this.#fresh = from['fresh'] as number
    this.#cached.forEach((queue, node) => queue.refill((from['cached'] as Uint32Array[])[node]!))
    this.dropped = from['dropped'] as number
  }
}
