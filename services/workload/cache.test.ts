import { describe, expect, test } from 'vitest'
import { harmonic } from './harmonic.ts'
import { missShares } from './cache.ts'

const MIB = 2 ** 20

/** An LRU cache of single lines under independent references, the slow obvious way. */
function simulatedMisses(rates: readonly number[], cacheLines: number, references: number): number[] {
  const upTo: number[] = []
  let sum = 0
  for (const rate of rates) upTo.push((sum += rate))
  const lru = new Map<number, true>()
  const seen = rates.map(() => 0)
  const missed = rates.map(() => 0)
  let state = 12_345
  for (let i = 0; i < references; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const at = (state / 2 ** 32) * sum
    let line = 0
    while (upTo[line]! < at) line++
    const warm = i > references / 4
    if (warm) seen[line]!++
    if (lru.delete(line)) lru.set(line, true)
    else {
      if (warm) missed[line]!++
      lru.set(line, true)
      if (lru.size > cacheLines) lru.delete(lru.keys().next().value!)
    }
  }
  return missed.map((misses, line) => misses / seen[line]!)
}

describe('the last-level cache', () => {
  test('holds everything that fits, and nothing of it misses', () => {
    expect(missShares([{ pages: 1000, accessesPerPage: 10 }], 32 * MIB)).toEqual([0])
    expect(missShares([{ pages: 1000, accessesPerPage: 0 }], 32 * MIB)).toEqual([1])
  })

  test('leaves what is never accessed outside, though all the rest fits', () => {
    const classes = [
      { pages: 1000, accessesPerPage: 10 },
      { pages: 1000, accessesPerPage: 0 },
    ]
    expect(missShares(classes, 32 * MIB)).toEqual([0, 1])
  })

  test('misses by how rarely a page is accessed, and hits the hottest', () => {
    const [hot, warm, cold, idle] = missShares(
      [
        { pages: 1000, accessesPerPage: 1000 },
        { pages: 100_000, accessesPerPage: 10 },
        { pages: 1_000_000, accessesPerPage: 0.1 },
        { pages: 1_000_000, accessesPerPage: 0 },
      ],
      32 * MIB,
    )
    expect(hot).toBeLessThan(0.05)
    expect(warm!).toBeGreaterThan(hot!)
    expect(cold!).toBeGreaterThan(0.99)
    expect(idle).toBe(1)
  })

  test('of evenly accessed lines hits the share that fits', () => {
    const [miss] = missShares([{ pages: 100_000, accessesPerPage: 5 }], (100_000 * 4096) / 4)
    expect(miss).toBeCloseTo(0.75, 6)
  })

  test('agrees with a simulated LRU cache under a Zipf law', () => {
    // 16 ranks of 64 lines each, rates by rank; the cache holds 256 of the 1024 lines.
    const ranks = Array.from({ length: 16 }, (_, r) => harmonic(r, r + 1, 1) * 1000)
    const modelled = missShares(
      ranks.map((accessesPerPage) => ({ pages: 1, accessesPerPage })),
      256 * 64,
    )
    const simulated = simulatedMisses(
      ranks.flatMap((rate) => Array.from({ length: 64 }, () => rate / 64)),
      256,
      400_000,
    )
    ranks.forEach((_, rank) => {
      const lines = simulated.slice(rank * 64, rank * 64 + 64)
      const mean = lines.reduce((x, y) => x + y, 0) / 64
      expect(Math.abs(mean - modelled[rank]!)).toBeLessThan(0.02)
    })
  })
})
