/**
 * Faults on demoted pages, and on swapped ones where that is all there is, drawn lazily, against the reference that enumerates every
 * access: 6 seeds, α = 0.001, shared out over the seeds.
 */
import { describe, expect, test } from 'vitest'
import { enumerate, reveal, type Observation, type Schedule } from './reference.fixture.ts'
import type { AccessSpec } from './spec.ts'
import { chiSquare, count, type Counts } from './statistics.fixture.ts'

const ALPHA = 0.001
const SEEDS = [1, 2, 3, 4, 5, 6]

/** Stores that are mostly cached, seldom cached, and never; pages that come home are demoted again. */
const schedule = (access: AccessSpec): Schedule => ({
  pages: 6000,
  end: 120,
  before: [
    { share: 1, reads: 12, writes: 4, miss: 0.2 },
    { share: 1, reads: 6, writes: 1, miss: 0.5 },
    { share: 1, reads: 3, writes: 0.4, miss: 1 },
  ],
  after: [
    { share: 1, reads: 8, writes: 0.5, miss: 0.6 },
    { share: 1, reads: 5, writes: 0, miss: 0.25 },
    { share: 1, reads: 2, writes: 2, miss: 0 },
  ],
  change: 60,
  walks: [7, 30, 31, 64, 90, 120],
  // What is in swap cannot be marked.
  scans: access.policy === 'swap-only' ? [] : [20, 63, 100],
  epochs: [40, 80, 120],
  access,
  demotions: [25, 50, 85],
})

type Cell = (page: Observation) => string

function tally(pages: readonly Observation[], cell: Cell): Counts {
  const counts: Counts = new Map()
  for (const page of pages) if (page.pooled) count(counts, cell(page))
  return counts
}

describe.each<AccessSpec>([
  { policy: 'read-only' },
  { policy: 'fault-on-access', rejectAboveBytes: 4096, poolFraction: 1, reacceptFraction: 1 },
  { policy: 'swap-only' },
])('under $policy', (access) => {
  const lazy = SEEDS.map((seed) => reveal(schedule(access), seed))
  const reference = SEEDS.map((seed) => enumerate(schedule(access), seed))
  const p = (x: readonly Observation[], y: readonly Observation[], cell: Cell) => chiSquare(tally(x, cell), tally(y, cell))

  test.each<[string, Cell]>([
    ['the number of faults of a page', ({ klass, faults }) => `${klass} ${faults.length}`],
    ['when a page faults first', ({ klass, faults }) => `${klass} ${Math.ceil((faults[0] ?? Infinity) / 3)}`],
    ['the series of its faults', ({ klass, faults }) => `${klass} ${faults.map((tick) => Math.ceil(tick / 15)).join()}`],
    ['what reaches the device, beside the faults', ({ klass, misses, faults }) => `${klass} ${faults.length} ${misses.join()}`],
    [
      'hint faults, beside the faults',
      ({ klass, hints, faults }) => `${klass} ${faults.length} ${hints.map((n) => n >> 2).join()}`,
    ],
    ['the walks that find a page touched', ({ klass, touched }) => `${klass} ${touched}`],
  ])('%s has one distribution', (_name, cell) => {
    SEEDS.forEach((seed, i) => expect(p(lazy[i]!, reference[i]!, cell), `seed ${seed}`).toBeGreaterThan(ALPHA / SEEDS.length))
    expect(p(lazy.flat(), reference.flat(), cell), 'all seeds together').toBeGreaterThan(ALPHA)
  })

  test('nothing that is forbidden reaches the device', () => {
    expect(lazy.flat().filter(({ writes }) => writes.some((n) => n > 0))).toEqual([])
    const read = lazy.flat().some(({ misses }) => misses.some((n) => n > 0))
    expect(read).toBe(access.policy === 'read-only')
    expect(lazy.flat().filter(({ faults }) => faults.length > 0).length).toBeGreaterThan(5000)
  })

  test('and a rate that is 5 % too high would be seen', () => {
    const faster = SEEDS.flatMap((seed) => enumerate(schedule(access), seed, 1.05))
    expect(p(lazy.flat(), faster, ({ klass, faults }) => `${klass} ${faults.length}`)).toBeLessThan(ALPHA)
  })
})
