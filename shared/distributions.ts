/** Draws from the distributions that the models need, exact up to the 2^-32 resolution of a stream's numbers. */
import { exp, log, sqrt } from './arithmetic.ts'
import { assert } from './errors.ts'
import type { Stream } from './random.ts'

/** A Poisson count of mean `mean` ≥ 0. Inversion below 10, transformed rejection (Hörmann's PTRS, 1993) above. */
export function poisson(stream: Stream, mean: number): number {
  // Rejection would look for a count for ever.
  assert(mean < Infinity, `a Poisson count has a finite mean, not ${mean}`)
  if (mean <= 0) return 0
  return mean < 10 ? poissonByInversion(stream.unit(), mean) : poissonByRejection(stream, mean)
}

function poissonByInversion(unit: number, mean: number): number {
  let probability = exp(-mean)
  let cumulative = probability
  let count = 0
  // 200 bounds the loop: for a mean below 10 the tail beyond is under 1e-150.
  while (unit > cumulative && count < 200) {
    count++
    probability *= mean / count
    cumulative += probability
  }
  return count
}

function poissonByRejection(stream: Stream, mean: number): number {
  const logMean = log(mean)
  const b = 0.931 + 2.53 * sqrt(mean)
  const a = -0.059 + 0.02483 * b
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4)
  const squeeze = 0.9277 - 3.6224 / (b - 2)
  for (;;) {
    const u = stream.unit() - 0.5
    const v = stream.unit()
    const us = 0.5 - Math.abs(u)
    const count = Math.floor(((2 * a) / us + b) * u + mean + 0.43)
    if (us >= 0.07 && v <= squeeze) return count
    if (count < 0 || (us < 0.013 && v > us)) continue
    const accept = log(v) + log(inverseAlpha) - log(a / (us * us) + b)
    if (accept <= count * logMean - mean - logFactorial(count)) return count
  }
}

const LOG_FACTORIALS = new Float64Array(16)
for (let n = 2; n < LOG_FACTORIALS.length; n++) LOG_FACTORIALS[n] = LOG_FACTORIALS[n - 1]! + log(n)

/** log(n!), by Stirling's series from 16 on (error below 1e-12 there). */
function logFactorial(n: number): number {
  if (n < LOG_FACTORIALS.length) return LOG_FACTORIALS[n]!
  const x = n + 1
  const series = 1 / (12 * x) - 1 / (360 * (x * x * x)) + 1 / (1260 * (x * x * x * x * x))
  return (x - 0.5) * log(x) - x + 0.9189385332046727 + series
}

/** The first event, in whole ticks ≥ 1 from now, of a Poisson process of `ratePerTick`; 2^53 if it never comes. */
export function firstEventTicks(unit: number, ratePerTick: number): number {
  if (ratePerTick <= 0) return Number.MAX_SAFE_INTEGER
  return Math.min(Number.MAX_SAFE_INTEGER, 1 + Math.floor(-log(unit) / ratePerTick))
}
