/**
 * How a demoted page is mapped: whether a task may read it and write it where it lies. What the mapping forbids is a fault
 * (faults.ts). The policies: `direct` is this class itself, `read-only` and `swap-only` stand below, `write-budget` and
 * `fault-on-access` (zswap.ts) have files of their own; policy.ts chooses. Left out: mappings of parts of a page, and pages that
 * several tasks map differently.
 */
import type { Telemetry } from '#shared/actor.ts'

/** Demoted pages are read and written in place, at the grain of a cache line, and nothing ever faults. */
export class Mapping {
  /** Nothing ever faults. */
  readonly direct: boolean = true
  /** Pages are demoted at all. */
  readonly demotes: boolean = true
  /** Demoted pages may be read where they lie. */
  readonly readable: boolean = true

  /** The page may be written where it lies. */
  writable(_page: number): boolean {
    return true
  }

  /** Takes the right to map one more page of a device writable; false if there is none left … */
  take(_device: number): boolean {
    return false
  }

  /** … and uses it. */
  open(_page: number, _device: number): void {}

  /** A page of so many compressed bytes may be stored. */
  fits(_bytes: number): boolean {
    return true
  }

  /** There is room for one more page while so many are being asked for. */
  hasRoom(_asked: number): boolean {
    return true
  }

  /** A page of so many compressed bytes has taken a slot … */
  enter(_bytes: number): void {}

  /** … and given it back. */
  leave(_page: number, _bytes: number): void {}

  snapshot(): Record<string, unknown> {
    return {}
  }

  restore(_from: Record<string, unknown>): void {}

  observe(): Telemetry {
    return {}
  }
}

/** P: FACTS 3, Price: reads never fault, a write faults and promotes the page. */
export class ReadOnly extends Mapping {
  override readonly direct = false

  override writable(): boolean {
    return false
  }
}

/** The baseline: as if there were no device. */
export class SwapOnly extends Mapping {
  override readonly demotes = false
}
