/**
 * The last-level cache between a workload and memory, by Che's approximation (Che, Tung, Wang 2002): under LRU a line
 * stays for one characteristic time T, the same for all, so a line accessed at rate r misses with exp(−r·T), and T is where
 * the lines expected to be in the cache fill it. Hot pages hit, cold pages miss.
 *
 * Left out: locality within a page (accesses spread evenly over its lines), associativity, other users of the cache.
 */
import { exp } from '#shared/arithmetic.ts'
import { LINE_BYTES, LINES_PER_PAGE } from '#shared/page/page-table.ts'

export interface CachedClass {
  readonly pages: number
  /** Accesses per second of work to each page. */
  readonly accessesPerPage: number
}

/** The share of each class's accesses that misses a cache of `cacheBytes`. All of it fits: nothing misses. */
export function missShares(classes: readonly CachedClass[], cacheBytes: number): number[] {
  const lifeSeconds = characteristicTime(classes, cacheBytes / LINE_BYTES)
  return classes.map(({ accessesPerPage }) => missShare(accessesPerPage, lifeSeconds))
}

/** What is never accessed counts as a miss; 0 · ∞ would be no number at all. */
function missShare(accessesPerPage: number, lifeSeconds: number): number {
  if (accessesPerPage === 0) return 1
  // What is never accessed is never in the cache, however long a line lives.
  return accessesPerPage > 0 ? exp((-accessesPerPage / LINES_PER_PAGE) * lifeSeconds) : 1
}

/** T in seconds; Infinity if all lines that are ever accessed fit. Bisection on a monotone function, to 1e-9 of T. */
function characteristicTime(classes: readonly CachedClass[], cacheLines: number): number {
  const linesIn = (lifeSeconds: number): number =>
    classes.reduce((lines, c) => lines + c.pages * LINES_PER_PAGE * (1 - missShare(c.accessesPerPage, lifeSeconds)), 0)
  let low = 0
  let high = 1e-9
  while (linesIn(high) < cacheLines) {
    low = high
    high *= 2
    // 2^90 ns is longer than anything runs: the working set fits.
    if (high > 1e18) return Infinity
  }
  while (high - low > high * 1e-9) {
    const middle = (low + high) / 2
    if (linesIn(middle) < cacheLines) low = middle
    else high = middle
  }
  return high
}
