import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chiSquareExcess } from './chi-square.fixture.ts'
import { firstEventTicks, poisson } from './distributions.ts'
import { InvariantError } from './errors.ts'
import { fork, Stream } from './random.ts'

describe('Poisson counts', () => {
  test('are the same on every machine', () => {
    const stream = new Stream(fork(9, 'poisson'))
    const means = [0.3, 4, 9.99, 10, 250, 1e6, 1e9]
    expect(means.map((mean) => poisson(stream, mean))).toEqual([0, 3, 6, 8, 267, 999861, 1000006959])
    expect(stream.counter).toBe(11)
  })

  test.each([0.05, 0.5, 3, 9.9, 10, 10.1, 30, 400, 10_000])('of mean %d follow the distribution', (mean) => {
    const draws = 40_000
    for (let seed = 1; seed <= 3; seed++) {
      const stream = new Stream(fork(seed, `poisson ${mean}`))
      const counts = Float64Array.from({ length: draws }, () => poisson(stream, mean))
      const { observed, expected } = cells(counts, mean)
      expect(chiSquareExcess(observed, expected)).toBeLessThan(1)
    }
  })

  test.each([1e5, 1e7, 1e9])('of mean %d keep mean and variance', (mean) => {
    const stream = new Stream(fork(4, 'large means'))
    const draws = 50_000
    let sum = 0
    let squares = 0
    for (let i = 0; i < draws; i++) {
      const away = poisson(stream, mean) - mean
      sum += away
      squares += away * away
    }
    // Four standard errors.
    expect(Math.abs(sum / draws)).toBeLessThan(4 * Math.sqrt(mean / draws))
    expect(Math.abs(squares / draws / mean - 1)).toBeLessThan(4 * Math.sqrt(2 / draws))
  })

  test('of no mean are zero and cost no draw', () => {
    const stream = new Stream(fork(1, 'none'))
    expect(poisson(stream, 0)).toBe(0)
    expect(stream.counter).toBe(0)
  })

  test('of no finite mean are a bug, and never an endless search', () => {
    const stream = new Stream(fork(1, 'none'))
    for (const mean of [NaN, Infinity]) expect(() => poisson(stream, mean)).toThrow(InvariantError)
  })

  test('are whole and not negative, whatever the mean', () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 1e12, noNaN: true }), (seed, mean) => {
        const count = poisson(new Stream(fork(seed, 'any')), mean)
        expect(Number.isInteger(count) && count >= 0).toBe(true)
      }),
    )
  })
})

describe('the first event of a Poisson process', () => {
  test('comes at whole ticks from 1 on, geometrically distributed', () => {
    const draws = 100_000
    for (const rate of [0.001, 0.05, 0.7, 5]) {
      const stream = new Stream(fork(2, `first event ${rate}`))
      const quantiles = 20
      const observed = new Float64Array(quantiles)
      const expected = new Float64Array(quantiles)
      // The distribution function of tick t is 1 − exp(−rate·t).
      const below = (t: number): number => 1 - Math.exp(-rate * t)
      const cellOf = (tick: number): number => Math.min(quantiles - 1, Math.floor(below(tick - 0.5) * quantiles))
      for (let tick = 1; below(tick - 1) < 1 - 1e-12; tick++) expected[cellOf(tick)]! += draws * (below(tick) - below(tick - 1))
      for (let i = 0; i < draws; i++) observed[cellOf(firstEventTicks(stream.unit(), rate))]!++
      const wide = expected.map((n, cell) => (n > 5 ? cell : -1)).filter((cell) => cell >= 0)
      expect(wide.length).toBeGreaterThan(1)
      expect(
        chiSquareExcess(
          wide.map((cell) => observed[cell]!),
          wide.map((cell) => expected[cell]!),
        ),
      ).toBeLessThan(1)
    }
  })

  test('never comes without a rate', () => {
    expect(firstEventTicks(0.5, 0)).toBe(Number.MAX_SAFE_INTEGER)
    expect(firstEventTicks(2 ** -33, 1e-300)).toBe(Number.MAX_SAFE_INTEGER)
  })

  test('comes sooner where the rate is higher', () => {
    const rate = fc.double({ min: 1e-9, max: 100, noNaN: true })
    fc.assert(
      fc.property(fc.double({ min: 2 ** -33, max: 1 - 2 ** -33, noNaN: true }), rate, rate, (unit, x, y) => {
        expect(firstEventTicks(unit, Math.max(x, y))).toBeLessThanOrEqual(firstEventTicks(unit, Math.min(x, y)))
        expect(firstEventTicks(unit, x)).toBeGreaterThanOrEqual(1)
      }),
    )
  })
})

/** Counts in cells of about equal probability; the last takes the tail, if it is worth five. */
function cells(counts: Float64Array, mean: number): { observed: number[]; expected: number[] } {
  const least = counts.length / 40
  const observed = [0]
  const expected = [0]
  const sorted = counts.toSorted()
  let at = 0
  let taken = 0
  const top = Math.ceil(mean + 12 * Math.sqrt(mean) + 20)
  for (let count = 0; count <= top; count++) {
    if (expected.at(-1)! >= least && counts.length - taken >= 5) {
      observed.push(0)
      expected.push(0)
    }
    const share = counts.length * probability(count, mean)
    expected[expected.length - 1]! += share
    taken += share
    while (at < sorted.length && sorted[at]! <= count) {
      observed[observed.length - 1]!++
      at++
    }
  }
  expect(at).toBe(sorted.length)
  return { observed, expected }
}

function probability(count: number, mean: number): number {
  return Math.exp(count * Math.log(mean) - mean - logFactorial(count))
}

const sums = [0]
function logFactorial(n: number): number {
  for (let i = sums.length; i <= n; i++) sums.push(sums[i - 1]! + Math.log(i))
  return sums[n]!
}
