import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { thinned } from './thinning.ts'

const value = fc.oneof({ weight: 9, arbitrary: fc.double({ noNaN: true }) }, { weight: 1, arbitrary: fc.constant(NaN) })
const series = fc
  .tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 1, max: 5 }))
  .chain(([length, count]) =>
    fc.array(fc.array(value, { minLength: length, maxLength: length }), { minLength: count, maxLength: count }),
  )

describe('thinning', () => {
  test('keeps first and last, and the least and greatest of every series, in order', () => {
    fc.assert(
      fc.property(series, fc.integer({ min: 10, max: 100 }), (rows, most) => {
        const { length } = rows[0]!
        const kept = thinned(length, rows, most)
        expect(kept).toEqual([...new Set(kept)].toSorted((x, y) => x - y))
        if (length > 0) expect([kept[0], kept.at(-1)]).toEqual([0, length - 1])
        for (const values of rows) {
          const all = values.filter((one) => !Number.isNaN(one))
          const left = kept.map((i) => values[i]!).filter((one) => !Number.isNaN(one))
          expect([Math.min(...left), Math.max(...left)]).toEqual([Math.min(...all), Math.max(...all)])
        }
      }),
    )
  })

  test('keeps no more than was asked for, and the ends', () => {
    fc.assert(
      fc.property(series, fc.integer({ min: 10, max: 100 }), (rows, most) => {
        expect(thinned(rows[0]!.length, rows, most).length).toBeLessThanOrEqual(most + 2)
      }),
    )
  })

  test('a peak of one sample in a long flat series is still there', () => {
    const flat = Float64Array.from({ length: 100_000 }, (_, i) => (i === 77_777 ? 5 : 1))
    expect(thinned(flat.length, [flat], 100)).toContain(77_777)
  })
})
