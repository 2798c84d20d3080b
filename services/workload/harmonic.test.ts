import { expect, test } from 'vitest'
import { harmonic } from './harmonic.ts'

function summed(n: number, s: number): number {
  let sum = 0
  // From the small end, so that rounding stays small.
  for (let rank = n; rank >= 1; rank--) sum += rank ** -s
  return sum
}

const CASES = [0, 0.5, 0.99, 0.9999, 1, 1.00001, 1.5, 3].flatMap((s) => [1, 7, 256, 257, 300_000].map((n) => ({ s, n })))

test.each(CASES)('H($n, $s) equals the sum term by term', ({ s, n }) => {
  expect(Math.abs(harmonic(n, s) / summed(n, s) - 1)).toBeLessThan(1e-11)
})
