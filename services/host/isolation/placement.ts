/** Finds places: how full each node is, how an allocation is dealt out to them, and which leaks have been told. */
import type { Outbox } from '#shared/actor.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import type { Link } from '../link.ts'
import type { HostMemory } from '../memory.ts'
import { watermarks, type Watermarks } from '../watermarks.ts'
import { DRAM_NODE, nodeOf } from './cgroups.ts'
import { leakOf, leakOrigin, type LeakCause, type LeakKind } from './origins.ts'
import { deal, roomsOf, type Rooms } from './zonelist.ts'

export class Placement {
  readonly #memory: HostMemory
  readonly #links: readonly Link[]
  /** Measured anew for every question. */
  readonly #rooms: Rooms
  readonly #dealt: Float64Array
  /** Origins that have been told, and the first pages of others in this step; the latter are none between steps. */
  readonly #told = new Set<number>()
  readonly #untold: { readonly origin: number; readonly device: number }[] = []

  constructor(memory: HostMemory, links: readonly Link[], marks: Watermarks, watermarkScaleFactor: number) {
    this.#memory = memory
    this.#links = links
    this.#rooms = roomsOf(links.length + 1)
    this.#dealt = new Float64Array(links.length + 1)
    this.#rooms.low[DRAM_NODE] = marks.low
    this.#rooms.min[DRAM_NODE] = marks.min
    links.forEach((link, device) => {
      const node = watermarks(link.spec.advertisedBytes, watermarkScaleFactor)
      this.#rooms.low[nodeOf(device)] = node.low
      this.#rooms.min[nodeOf(device)] = node.min
    })
  }

  /** Deals `want` pages out to the allowed nodes: `local` takes one in DRAM, `land` one on a device. Returns how many found a place. */
  place(
    allowed: number,
    want: number,
    kind: LeakKind,
    cause: LeakCause,
    local: () => void,
    land: (device: number, origin: number) => void,
  ): number {
    this.#measure()
    const granted = deal(allowed, want, this.#rooms, this.#dealt)
    for (let i = 0; i < this.#dealt[DRAM_NODE]!; i++) local()
    for (let device = 0; device < this.#links.length; device++) {
      const pages = this.#dealt[nodeOf(device)]!
      if (pages === 0) continue
      const origin = this.#leak(kind, cause, device)
      for (let i = 0; i < pages; i++) land(device, origin)
    }
    return granted
  }

  /** The first device that is at ease and has room; −1 if there is none. */
  atEase(): number {
    this.#measure()
    const { free, min } = this.#rooms
    return this.#links.findIndex((link, device) => link.pressure === 0 && free[nodeOf(device)]! > min[nodeOf(device)]!)
  }

  /** For the journal. */
  tell(out: Outbox): void {
    for (const { origin, device } of this.#untold) {
      const { kind, cause } = leakOf(origin)
      out.event('first-leak', { kind, cause, device: this.#links[device]!.spec.id })
    }
    this.#untold.length = 0
  }

  #leak(kind: LeakKind, cause: LeakCause, device: number): number {
    const origin = leakOrigin(kind, cause)
    if (!this.#told.has(origin)) {
      this.#told.add(origin)
      this.#untold.push({ origin, device })
    }
    return origin
  }

  #measure(): void {
    const { free } = this.#rooms
    free[DRAM_NODE] = this.#memory.free
    for (let device = 0; device < this.#links.length; device++) {
      const managed = Math.floor(this.#links[device]!.spec.advertisedBytes / PAGE_BYTES)
      free[nodeOf(device)] = managed - this.#memory.slots[device]!
    }
  }

  snapshot(): number[] {
    return [...this.#told]
  }

  restore(told: readonly number[]): void {
    this.#told.clear()
    for (const origin of told) this.#told.add(origin)
  }
}
