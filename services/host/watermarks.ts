/**
 * The kernel's watermarks of the DRAM node, in pages. Left out: per-zone splitting and lowmem reserves (one zone), and
 * the temporary boost against fragmentation.
 */
import { sqrt } from '#shared/arithmetic.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'

export interface Watermarks {
  readonly min: number
  readonly low: number
  readonly high: number
  readonly promo: number
}

/**
 * `memoryBytes` of DRAM, `scaleFactor` in 1/10000 of it.
 * low = min + gap, high = min + 2·gap, promo = min + 3·gap, gap = max(min/4, managed·wsf/10000) (P/S; promo R).
 * min: min_free_kbytes = sqrt(16 · kB of memory) within 128 kB … 256 MiB (R).
 */
export function watermarks(memoryBytes: number, scaleFactor: number): Watermarks {
  const minKiB = Math.min(262_144, Math.max(128, Math.floor(sqrt((memoryBytes / 1024) * 16))))
  const managed = Math.floor(memoryBytes / PAGE_BYTES)
  const min = Math.min(Math.floor((minKiB * 1024) / PAGE_BYTES), Math.floor(managed / 4))
  const gap = Math.max(min >> 2, Math.floor((managed * scaleFactor) / 10_000), 1)
  return { min, low: min + gap, high: min + 2 * gap, promo: min + 3 * gap }
}
