/** The lazy model against the enumerating reference: 10 seeds, α = 0.001, shared out over the seeds (Bonferroni). */
import { describe, expect, test } from 'vitest'
import { enumerate, reveal, type Observation, type Schedule } from './reference.fixture.ts'
import { chiSquare, chiSquareTail, count, kolmogorovSmirnov, type Counts } from './statistics.fixture.ts'

const ALPHA = 0.001
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

const SCHEDULE: Schedule = {
  pages: 6000,
  end: 120,
  before: [
    { share: 1, reads: 20, writes: 10, miss: 0.3 },
    { share: 1, reads: 3, writes: 1, miss: 0.5 },
    { share: 1, reads: 0.5, writes: 0.3, miss: 1 },
  ],
  after: [
    { share: 1, reads: 5, writes: 5, miss: 0.6 },
    { share: 1, reads: 6, writes: 0, miss: 0.25 },
    { share: 1, reads: 1, writes: 1, miss: 0 },
  ],
  change: 60,
  walks: [7, 30, 31, 64, 90, 120],
  scans: [20, 63, 100],
  epochs: [40, 80, 120],
}

const lazy = SEEDS.map((seed) => reveal(SCHEDULE, seed))
const reference = SEEDS.map((seed) => enumerate(SCHEDULE, seed))

type Cell = (page: Observation) => string | undefined

function tally(pages: readonly Observation[], cell: Cell): Counts {
  const counts: Counts = new Map()
  for (const page of pages) {
    const name = cell(page)
    if (name !== undefined) count(counts, name)
  }
  return counts
}

/** Every seed alone at its share of α, and all together at α. */
function expectAgreement(p: (x: readonly Observation[], y: readonly Observation[]) => number): void {
  SEEDS.forEach((seed, i) => expect(p(lazy[i]!, reference[i]!), `seed ${seed}`).toBeGreaterThan(ALPHA / SEEDS.length))
  expect(p(lazy.flat(), reference.flat()), 'all seeds together').toBeGreaterThan(ALPHA)
}

const byCell =
  (cell: Cell) =>
  (x: readonly Observation[], y: readonly Observation[]): number =>
    chiSquare(tally(x, cell), tally(y, cell))

const place = ({ klass, pooled }: Observation): string => `${klass}${pooled ? 'p' : 'l'}`

describe.each(SCHEDULE.walks.map((tick, walk) => ({ tick, walk })))('the aging walk at tick $tick', ({ walk }) => {
  test('finds as many pages touched, class by class, local and pooled', () => {
    expectAgreement(byCell((page) => `${place(page)} ${page.touched[walk]}`))
  })
})

test('the pattern over all walks in which a page was found touched has one distribution', () => {
  expectAgreement(byCell((page) => `${place(page)} ${page.touched}`))
})

test('the number of walks that find a page touched has one distribution', () => {
  expectAgreement(byCell((page) => `${place(page)} ${page.touched.replaceAll('0', '').length}`))
})

test('the work time from a hint-fault scan to the first touch has one distribution, across a change of rates too', () => {
  for (const klass of [0, 1, 2]) {
    const first = (page: Observation) => (page.pooled && page.klass === klass ? String(page.hints[0]) : undefined)
    expectAgreement(byCell(first))
    const gaps = (pages: readonly Observation[]) =>
      pages.filter((page) => page.pooled && page.klass === klass).flatMap((page) => page.hints)
    expectAgreement((x, y) => kolmogorovSmirnov(gaps(x), gaps(y)))
  }
})

test('the series of hint faults of a page has one distribution', () => {
  expectAgreement(
    byCell((page) => (page.pooled ? `${page.klass} ${page.hints.map((gap) => Math.ceil(gap / 8)).join()}` : undefined)),
  )
})

describe.each(SCHEDULE.epochs.map((tick, epoch) => ({ tick, epoch })))('the CHMU epoch that ends at tick $tick', ({ epoch }) => {
  test('counts as many misses of each page', () => {
    expectAgreement(byCell((page) => (page.pooled ? `${page.klass} ${page.misses[epoch]}` : undefined)))
  })

  test('counts as many write-backs of each page', () => {
    expectAgreement(byCell((page) => (page.pooled ? `${page.klass} ${page.misses[epoch]} ${page.writes[epoch]}` : undefined)))
  })
})

test('accessed bits, hint faults and misses of a page have one joint distribution', () => {
  expectAgreement(
    byCell((page) => {
      if (!page.pooled) return undefined
      return `${page.klass} ${page.touched.slice(2)} ${page.hints.length} ${page.misses.map((n) => Math.min(n, 2)).join()}`
    }),
  )
})

test('the time since the last touch has one distribution: in work ticks in DRAM, in accounting ticks on the device', () => {
  for (const klass of [0, 1, 2]) {
    const idle = (pages: readonly Observation[], pooled: boolean) =>
      pages.filter((page) => page.klass === klass && page.pooled === pooled && !Number.isNaN(page.idle)).map((page) => page.idle)
    expectAgreement((x, y) => kolmogorovSmirnov(idle(x, false), idle(y, false)))
    const inTicks = (pages: readonly Observation[]) => idle(pages, true).map((ticks) => Math.floor(ticks / 1000))
    expectAgreement((x, y) => kolmogorovSmirnov(inTicks(x), inTicks(y)))
    expectAgreement(byCell((page) => (page.klass === klass ? `${page.pooled} ${Number.isNaN(page.idle)}` : undefined)))
  }
})

describe('these tests have the power to tell', () => {
  const faster = SEEDS.flatMap((seed) => enumerate(SCHEDULE, seed, 1.08))

  test.each<[string, Cell]>([
    ['touched pages', (page) => `${place(page)} ${page.touched}`],
    ['hint faults', (page) => (page.pooled ? `${page.klass} ${page.hints[0]}` : undefined)],
    ['misses', (page) => (page.pooled ? `${page.klass} ${page.misses.join()}` : undefined)],
  ])('rates that are 8 % too high are seen in %s', (_name, cell) => {
    expect(byCell(cell)(lazy.flat(), faster)).toBeLessThan(ALPHA)
  })

  test('an accessed bit that misses what the hotness monitor saw is seen in the joint distribution', () => {
    const blind = lazy.flat().map((page, i, all) => ({ ...page, misses: all[(i + 2) % all.length]!.misses }))
    const joint: Cell = (page) =>
      page.pooled ? `${page.klass} ${page.touched.slice(2)} ${page.misses.map((n) => Math.min(n, 2)).join()}` : undefined
    expect(byCell(joint)(blind, reference.flat())).toBeLessThan(ALPHA)
  })

  test.each([
    [3.841, 1, 0.05],
    [10.828, 1, 0.001],
    [18.307, 10, 0.05],
    [149.449, 100, 0.001],
  ])('the tail of χ² at %d with %d degrees of freedom is %d', (statistic, degrees, p) => {
    expect(chiSquareTail(statistic, degrees)).toBeCloseTo(p, 4)
  })
})

test('a hint fault and a miss are touches: whatever a part of a window saw, the whole window saw', () => {
  // The last walk is at the end, so that some walk must have found what anybody saw.
  const seen = lazy.flat().filter((page) => page.hints.length > 0 || page.misses.some((n) => n > 0))
  expect(seen.length).toBeGreaterThan(1000)
  expect(seen.filter((page) => !page.touched.includes('1'))).toEqual([])
  expect(lazy.flat().filter((page) => page.touched.includes('1') === Number.isNaN(page.idle))).toEqual([])
})
