import fc from 'fast-check'
import { expect, test } from 'vitest'
import { watermarks } from './watermarks.ts'

const GIB = 2 ** 30

// D, from the kernel's formulas for one zone of this size: min_free_kbytes = isqrt(16 · lowmem kB), then mm/page_alloc.c
// __setup_per_zone_wmarks with integer divisions.
test.each([
  [2 * GIB, 10, { min: 1448, low: 1972, high: 2496, promo: 3020 }],
  [2 * GIB, 200, { min: 1448, low: 11_933, high: 22_418, promo: 32_903 }],
  [64 * GIB, 10, { min: 8192, low: 24_969, high: 41_746, promo: 58_523 }],
  [64 * GIB, 200, { min: 8192, low: 343_736, high: 679_280, promo: 1_014_824 }],
])('%d bytes with a scale factor of %d have the watermarks of the kernel', (bytes, scale, expected) => {
  expect(watermarks(bytes, scale)).toEqual(expected)
})

test('the gap is a quarter of min where the scale factor gives less', () => {
  expect(watermarks(2 * GIB, 1)).toEqual({ min: 1448, low: 1810, high: 2172, promo: 2534 })
})

test('min stays between 128 KiB and 256 MiB, and within a quarter of a tiny memory', () => {
  expect(watermarks(2 ** 20, 10).min).toBe(32)
  expect(watermarks(64 * 4096, 10).min).toBe(16)
  expect(watermarks(8192 * GIB, 10).min).toBe(65_536)
})

test('watermarks ascend strictly and lie within memory up to the scale factor of 10 %', () => {
  fc.assert(
    fc.property(fc.integer({ min: 64, max: 2 ** 28 }), fc.integer({ min: 1, max: 1000 }), (pages, scale) => {
      const { min, low, high, promo } = watermarks(pages * 4096, scale)
      expect(min < low && low < high && high < promo && promo <= pages).toBe(true)
      expect(high - low).toBe(low - min)
      expect(promo - high).toBe(low - min)
    }),
  )
})
