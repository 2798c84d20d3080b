import { expect, test } from 'vitest'
import { harmonic } from './harmonic.ts'

function summed(above: number, last: number, s: number): number {
  let sum = 0
  // From the small end, so that rounding stays small.
  for (let rank = last; rank > above; rank--) sum += rank ** -s
  return sum
}

const CASES = [0, 0.5, 0.99, 0.9999, 1, 1.00001, 1.5, 3].flatMap((s) =>
  [
    [0, 1],
    [0, 7],
    [3, 256],
    [0, 257],
    [100, 5000],
    [0, 300_000],
    [299_000, 300_000],
    [299_999, 300_000],
  ].map(([above, last]) => ({ s, above: above!, last: last! })),
)

test.each(CASES)('the mass of ranks above $above up to $last at s = $s equals the sum term by term', ({ s, above, last }) => {
  expect(Math.abs(harmonic(above, last, s) / summed(above, last, s) - 1)).toBeLessThan(1e-11)
})
