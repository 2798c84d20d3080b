import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LatencyHistogram } from './latency.ts'

const sample = fc.record({ ns: fc.integer({ min: 2, max: 1e9 }), weight: fc.integer({ min: 1, max: 1000 }) })

test('quantiles are those of the weighted sample within the width of a bucket, and the mean is exact', () => {
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1, maxLength: 60 }), fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1), (samples, q) => {
      const histogram = new LatencyHistogram()
      for (const { ns, weight } of samples) histogram.add(ns, weight)
      const total = samples.reduce((sum, { weight }) => sum + weight, 0)
      let below = 0
      const exact = samples.toSorted((x, y) => x.ns - y.ns).find(({ weight }) => (below += weight) >= q * total)!.ns
      expect(Math.abs(Math.log2(histogram.quantileNs(q) / exact))).toBeLessThanOrEqual(0.51 / 32)
      expect(histogram.meanNs).toBeCloseTo(samples.reduce((sum, { ns, weight }) => sum + ns * weight, 0) / total, 3)
    }),
  )
})

test('an empty histogram has no latency, and no weight adds nothing', () => {
  const histogram = new LatencyHistogram()
  histogram.add(500, 0)
  histogram.add(500, -1)
  expect([histogram.meanNs, histogram.quantileNs(0.5)]).toEqual([0, 0])
})

test('a snapshot is detached and restores the whole', () => {
  const histogram = new LatencyHistogram()
  histogram.add(100, 99)
  histogram.add(20_000, 1)
  const saved = histogram.snapshot()
  histogram.add(1e9, 1e6)
  const copy = new LatencyHistogram()
  copy.restore(saved)
  expect(copy.quantileNs(0.5)).toBeCloseTo(100, -1)
  expect(copy.quantileNs(1)).toBeGreaterThan(19_500)
  expect(copy.meanNs).toBe(299)
})
