import fc from 'fast-check'
import { expect, test } from 'vitest'
import { profileOfClasses } from './profile.ts'
import { zipf, zipfClasses } from './zipf.ts'
import { footprintOf } from './workload.fixture.ts'

const anyPages = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 2 ** 28 }))
const anySkew = fc.double({ min: 0, max: 3, noNaN: true })

test('classes cover all pages once, and their accesses sum to the whole', () => {
  fc.assert(
    fc.property(anyPages, anySkew, (pages, skew) => {
      const classes = zipfClasses(pages, { accessesPerSecond: 2e6, skew })
      const share = classes.reduce((sum, c) => sum + c.share, 0)
      const accesses = classes.reduce((sum, c) => sum + c.accessesPerSecond, 0)
      expect(classes.length).toBeLessThanOrEqual(24)
      expect(Math.abs(share - 1)).toBeLessThan(1e-12)
      expect(Math.abs(accesses / 2e6 - 1)).toBeLessThan(1e-9)
      expect(classes.every((c) => c.share > 0 && c.accessesPerSecond >= 0)).toBe(true)
    }),
  )
})

test('a class is never hotter per page than the one before it', () => {
  fc.assert(
    fc.property(anyPages, anySkew, (pages, skew) => {
      const rates = zipfClasses(pages, { accessesPerSecond: 1, skew }).map((c) => c.accessesPerSecond / c.share)
      for (let i = 1; i < rates.length; i++) expect(rates[i]! / rates[i - 1]!).toBeLessThan(1 + 1e-6)
    }),
  )
})

test('each class of a zipf workload gets the exact harmonic mass of its ranks', () => {
  const pages = 100_000
  const skew = 0.99
  const mass = (from: number, to: number): number => {
    let sum = 0
    for (let rank = to; rank > from; rank--) sum += rank ** -skew
    return sum
  }
  const all = mass(0, pages)
  let above = 0
  for (const { share, accessesPerSecond } of zipfClasses(pages, { accessesPerSecond: 5e5, skew })) {
    const bound = Math.round(above + share * pages)
    expect(Math.abs(accessesPerSecond / ((5e5 * mass(above, bound)) / all) - 1)).toBeLessThan(1e-9)
    above = bound
  }
  expect(above).toBe(pages)
})

test('without skew all pages are alike', () => {
  const rates = zipfClasses(5000, { accessesPerSecond: 1000, skew: 0 }).map((c) => c.accessesPerSecond / (c.share * 5000))
  for (const rate of rates) expect(rate).toBeCloseTo(0.2, 9)
})

test('scattered by the golden ratio, every class finds its pages, and all accesses together are off by less than 1 %', () => {
  for (const pages of [1000, 65_536, 655_360]) {
    const profile = profileOfClasses(footprintOf({ pages }), zipfClasses(pages, { accessesPerSecond: 1e6, skew: 0.99 }), 0.2)
    let covered = 0
    const bounds = profile.share.map((share) => (covered += share))
    const counts = new Uint32Array(bounds.length)
    for (let page = 0; page < pages; page++) {
      const at = (page * 0.6180339887498949) % 1
      let k = 0
      while (k < bounds.length - 1 && at >= bounds[k]!) k++
      counts[k]!++
    }
    const accesses = counts.reduce((sum, count, k) => sum + count * (profile.reads[k]! + profile.writes[k]!), 0)
    expect(Math.min(...counts)).toBeGreaterThan(0)
    expect(Math.abs(accesses / 1e6 - 1), `${pages} pages`).toBeLessThan(0.01)
  }
})

test('rates are split into reads and writes, and each class carries the footprint', () => {
  const footprint = footprintOf({ pages: 1024, stored: 'gcc', written: 'drift=redis_json', missFraction: 0.05 })
  const profile = zipf(footprint, { name: 'zipf', accessesPerSecond: 1e6, writeShare: 0.25, skew: 1 }).profile(0)
  const classes = profile.share.length
  for (let k = 0; k < classes; k++) expect(profile.writes[k]! / (profile.reads[k]! + profile.writes[k]!)).toBeCloseTo(0.25, 12)
  expect(profile.stored).toEqual(Array.from({ length: classes }, () => 'gcc'))
  expect(profile.written).toEqual(Array.from({ length: classes }, () => 'drift=redis_json'))
  expect([...profile.miss]).toEqual(Array.from({ length: classes }, () => 0.05))
  expect([profile.contiguous, profile.shift, profile.sweepBytesPerSecond]).toEqual([0, 0, 0])
})
