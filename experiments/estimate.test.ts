import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fork, Stream } from '#shared/random.ts'
import { estimate } from './estimate.ts'

test('a textbook sample has its textbook interval', () => {
  // Ten weights: mean 15.2, standard deviation 1.8135, t(9) = 2.262.
  const { mean, low, high } = estimate([12, 15, 17, 14, 16, 18, 13, 15, 16, 16])
  expect(mean).toBeCloseTo(15.2, 10)
  expect(high - mean).toBeCloseTo((2.262 * 1.813529) / Math.sqrt(10), 4)
  expect(mean - low).toBeCloseTo(high - mean, 10)
})

test('one value, and values that agree, have no spread', () => {
  expect(estimate([3])).toEqual({ mean: 3, low: 3, high: 3 })
  expect(estimate([3, 3, 3])).toEqual({ mean: 3, low: 3, high: 3 })
})

test('the interval moves and grows with the values', () => {
  const values = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 2, maxLength: 50 })
  fc.assert(
    fc.property(values, (given) => {
      const plain = estimate(given)
      const moved = estimate(given.map((value) => 2 * value + 7))
      expect(moved.mean).toBeCloseTo(2 * plain.mean + 7, 6)
      expect(moved.high - moved.low).toBeCloseTo(2 * (plain.high - plain.low), 6)
    }),
  )
})

test('of 2,000 samples of three, 95 % hold the true mean in their interval', () => {
  const stream = new Stream(fork(7, 'estimate'))
  let held = 0
  for (let i = 0; i < 2000; i++) {
    // The sum of twelve uniforms is close to normal, with mean 6.
    const { low, high } = estimate(
      Array.from({ length: 3 }, () => Array.from({ length: 12 }, () => stream.unit()).reduce((sum, unit) => sum + unit)),
    )
    if (low <= 6 && 6 <= high) held++
  }
  expect(held / 2000).toBeGreaterThan(0.935)
  expect(held / 2000).toBeLessThan(0.965)
})
