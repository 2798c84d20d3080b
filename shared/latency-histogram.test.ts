import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LatencyHistogram } from './latency-histogram.ts'

const samples = fc.array(fc.tuple(fc.double({ min: 0, max: 1e7, noNaN: true }), fc.integer({ min: 1, max: 1000 })), {
  minLength: 1,
  maxLength: 50,
})

describe('the latency histogram', () => {
  test('says 0 while it is empty', () => {
    const histogram = new LatencyHistogram()
    expect([histogram.total, histogram.meanNs, histogram.quantileNs(0.99)]).toEqual([0, 0, 0])
  })

  test('ignores weights of nothing', () => {
    const histogram = new LatencyHistogram()
    histogram.add(100, 0)
    expect(histogram.total).toBe(0)
  })

  test('keeps the mean exactly and quantiles to a part in 32', () => {
    fc.assert(
      fc.property(samples, fc.constantFrom(0.5, 0.9, 0.99), (weighted, quantile) => {
        const histogram = new LatencyHistogram()
        for (const [ns, weight] of weighted) histogram.add(ns, weight)
        const all = weighted.flatMap(([ns, weight]) => Array.from({ length: weight }, () => ns)).toSorted((a, b) => a - b)
        const exact = all[Math.ceil(all.length * quantile) - 1]!
        expect(histogram.meanNs).toBeCloseTo(all.reduce((sum, ns) => sum + ns, 0) / all.length, 3)
        expect(Math.abs(histogram.quantileNs(quantile) - exact)).toBeLessThanOrEqual(exact / 32 + 1)
      }),
      { numRuns: 50 },
    )
  })

  test('takes what is longer than it can tell apart as its longest', () => {
    const histogram = new LatencyHistogram()
    histogram.add(1e12, 1)
    expect(histogram.quantileNs(0.5)).toBeGreaterThan(2e9)
    expect(histogram.meanNs).toBe(1e12)
  })

  test('comes back from its snapshot', () => {
    const histogram = new LatencyHistogram()
    histogram.add(140, 3)
    const twin = new LatencyHistogram()
    twin.restore(histogram.snapshot())
    histogram.add(1e6, 100)
    expect([twin.total, twin.meanNs]).toEqual([3, 140])
  })
})
