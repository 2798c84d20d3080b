/** What a host is told at birth about who may allocate where. Immutable, in bytes and nanoseconds. */
import type { Ordinal } from '#shared/actor.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import type { Policy } from './policy.ts'

export interface IsolationSpec {
  readonly policy: Policy
  /** `cpuset.mems` of each of CGROUPS, as masks (cgroups.ts). */
  readonly mems: readonly number[]
  /** By ascending time. */
  readonly changes: readonly { readonly atNs: number; readonly cgroup: number; readonly mems: number }[]
  /** Demotion looks for a target within the page's cgroup's nodes (kernels after 6.15). */
  readonly demotionHonoursMems: boolean
  readonly pageCache: PageCacheSpec | undefined
  readonly kernel: KernelSpec | undefined
  /** Workloads of whom there is something to say; others live in the workloads' cgroup and take nothing on purpose. */
  readonly tasks: ReadonlyMap<Ordinal, TaskSpec>
}

export interface PageCacheSpec {
  /** All that there is to be cached. */
  readonly bytes: number
  /** How fast pages are touched that are not cached. */
  readonly bytesPerSecond: number
  /** Canonical content text. */
  readonly content: string
  /** Share of these touches by tasks of each of CGROUPS; they sum to 1. */
  readonly shares: readonly number[]
}

export interface KernelSpec {
  /** What it has allocated in the end. */
  readonly bytes: number
  readonly bytesPerSecond: number
  readonly content: string
  /** Share of allocations made in interrupts; the rest are kernel threads'. */
  readonly interruptShare: number
}

interface TaskSpec {
  /** Index of CGROUPS. */
  readonly cgroup: number
  /** The first so many pages of its range it takes on a device, through the device's own driver. */
  readonly deliberatePages: number
}

/** Pages of a host that belong to no workload: its files', then its kernel's. */
export function systemPages(spec: IsolationSpec | undefined): number {
  return pagesOf(spec?.pageCache) + pagesOf(spec?.kernel)
}

export function pagesOf(spec: { readonly bytes: number } | undefined): number {
  return Math.floor((spec?.bytes ?? 0) / PAGE_BYTES)
}
