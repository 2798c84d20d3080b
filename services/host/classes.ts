/**
 * The rate classes of a host's workloads: how often a page of the class is read and written, what its content
 * compresses to, and which of its pages are away from DRAM. Rates are per work tick.
 */
import type { SizeLaw } from '#shared/content.ts'
import { PageList } from '#shared/page/page-list.ts'

/** The resolution of work time: 10 µs, so that 2^32 ticks are 11.9 hours. */
export const WORK_TICK_NS = 10_000
export const WORK_TICKS_PER_SECOND = 100_000

export interface RateClass {
  /** Index of the workload on this host. */
  readonly owner: number
  readonly readsPerTick: number
  readonly writesPerTick: number
  /** Share of accesses that miss the CPU cache. */
  readonly miss: number
  readonly stored: SizeLaw
  readonly written: SizeLaw
  /** Texts of the two laws, for snapshots and to see whether writes change anything at all. */
  readonly storedText: string
  readonly writtenText: string
  /** Work tick from which these rates hold. */
  readonly since: number
  /** Truly hot: a page of it belongs into DRAM. */
  readonly hot: boolean
  local: number
  pooled: number
  swapped: number
  /** Pages that were pooled (swapped) when listed; some may have left since. */
  readonly pooledMembers: PageList
  readonly swappedMembers: PageList
}

/** A class without pages. */
export function rateClass(
  rates: Omit<RateClass, 'local' | 'pooled' | 'swapped' | 'pooledMembers' | 'swappedMembers'>,
): RateClass {
  return { ...rates, local: 0, pooled: 0, swapped: 0, pooledMembers: new PageList(), swappedMembers: new PageList() }
}

/** All touches of a page of the class, per work tick. */
export function touchesPerTick(c: RateClass): number {
  return c.readsPerTick + c.writesPerTick
}

/** Touches that the CPU cache does not serve. */
export function missesPerTick(c: RateClass): number {
  return (c.readsPerTick + c.writesPerTick) * c.miss
}

export function snapshotClass(c: RateClass): Record<string, unknown> {
  return { ...peekClass(c), pooledMembers: c.pooledMembers.take(), swappedMembers: c.swappedMembers.take() }
}

/** The lists themselves, and not copies. */
export function peekClass(c: RateClass): Record<string, unknown> {
  const { stored: _stored, written: _written, pooledMembers, swappedMembers, ...plain } = c
  return { ...plain, pooledMembers: pooledMembers.values, swappedMembers: swappedMembers.values }
}

export function restoreClass(from: Record<string, unknown>, resolve: (text: string) => SizeLaw): RateClass {
  const plain = from as unknown as RateClass
  return {
    ...plain,
    stored: resolve(plain.storedText),
    written: resolve(plain.writtenText),
    pooledMembers: PageList.from(from['pooledMembers'] as Uint32Array),
    swappedMembers: PageList.from(from['swappedMembers'] as Uint32Array),
  }
}
