/**
 * How a demoted page is mapped: whether a task may read it and write it where it lies. What the mapping forbids is a fault
 * (faults.ts). `direct`: read and written in place. `read-only` (P: FACTS 3, Price): reads never fault, a write faults and
 * promotes the page. Left out: mappings of parts of a page, and pages that several tasks map differently.
 */
import type { AccessSpec } from './spec.ts'

export interface Mapping {
  /** Nothing faults. */
  readonly direct: boolean
  /** The page may be written where it lies. */
  writable(page: number): boolean
}

export const DIRECT: Mapping = { direct: true, writable: () => true }
const READ_ONLY: Mapping = { direct: false, writable: () => false }

export function mappingOf(access: AccessSpec): Mapping {
  return access.policy === 'direct' ? DIRECT : READ_ONLY
}
