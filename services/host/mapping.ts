/**
 * How a demoted page is mapped: whether a task may read it and write it where it lies. What the mapping forbids is a fault
 * (faults.ts). `direct`: read and written in place. `read-only` (P: FACTS 3, Price): reads never fault, a write faults and
 * promotes the page. `fault-on-access`: not mapped at all (zswap.ts). `swap-only`: the baseline, which demotes nothing.
 * Left out: mappings of parts of a page, and pages that several tasks map differently.
 */
import type { Telemetry } from '#shared/actor.ts'
import type { AccessSpec } from './spec.ts'
import { Zswap } from './zswap.ts'

export interface Mapping {
  /** Nothing ever faults. */
  readonly direct: boolean
  /** Pages are demoted at all. */
  readonly demotes: boolean
  /** Demoted pages may be read where they lie. */
  readonly readable: boolean
  /** The page may be written where it lies. */
  writable(page: number): boolean
  /** A page of so many compressed bytes may be stored. */
  fits(bytes: number): boolean
  /** There is room for one more page while so many are being asked for. */
  hasRoom(asked: number): boolean
  /** A page of so many compressed bytes has taken a slot … */
  enter(bytes: number): void
  /** … and given it back. */
  leave(bytes: number): void
  snapshot(): Record<string, unknown>
  restore(from: Record<string, unknown>): void
  observe(): Telemetry
}

/** A mapping that is the same for all pages and remembers nothing. */
function uniform(direct: boolean, demotes: boolean, writable: boolean): Mapping {
  return {
    direct,
    demotes,
    readable: true,
    writable: () => writable,
    fits: () => true,
    hasRoom: () => true,
    enter: () => {},
    leave: () => {},
    snapshot: () => ({}),
    restore: () => {},
    observe: () => ({}),
  }
}

export function mappingOf(access: AccessSpec, memoryBytes: number): Mapping {
  switch (access.policy) {
    case 'direct':
      return uniform(true, true, true)
    case 'read-only':
      return uniform(false, true, false)
    case 'fault-on-access':
      return new Zswap(access, memoryBytes)
    // swap-only, the one that is left.
    default:
      return uniform(true, false, true)
  }
}
