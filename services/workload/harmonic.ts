/**
 * The masses of Zipf's law without a step for every rank: the first terms one by one, the rest by the Euler–Maclaurin
 * formula (relative error below 1e-11 for 0 ≤ s ≤ 3).
 */
import { exp, log, pow } from '#shared/arithmetic.ts'

/** Terms that are summed one by one. */
const EXACT_TERMS = 256

/** r^−s summed over the ranks r = above + 1 … last. Not a difference of two sums from 1 on: those cancel far out. */
export function harmonic(above: number, last: number, s: number): number {
  const exact = Math.min(last, EXACT_TERMS)
  let sum = 0
  for (let rank = above + 1; rank <= exact; rank++) sum += pow(rank, -s)
  return last <= exact ? sum : sum + tail(Math.max(above, exact), last, s)
}

/** The sum over ranks m + 1 … n. */
function tail(m: number, n: number, s: number): number {
  const atM = pow(m, -s)
  const atN = pow(n, -s)
  const slope = (-s * (atN / n - atM / m)) / 12
  const third = (-s * (s + 1) * (s + 2) * (atN / (n * n * n) - atM / (m * m * m))) / 720
  return integral(m, n, s) + (atN - atM) / 2 + slope - third
}

/** ∫ x^−s from m to n, also where s is so close to 1 that the usual form cancels. */
function integral(m: number, n: number, s: number): number {
  const span = log(n / m)
  const x = (1 - s) * span
  const ratio = Math.abs(x) < 1e-3 ? 1 + x / 2 + (x * x) / 6 + (x * x * x) / 24 : (exp(x) - 1) / x
  return pow(m, 1 - s) * span * ratio
}
