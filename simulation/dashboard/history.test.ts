import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { History, HISTORY_MAX } from './history.ts'

function historyOf(count: number): number[] {
  const history = new History<number>()
  for (let i = 0; i < count; i++) history.add(i)
  return history.items
}

describe('a history', () => {
  test('is bounded, in order, and keeps the first and the newest, however long it gets', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), (count) => {
        const items = historyOf(count)
        expect(items.length).toBeLessThanOrEqual(HISTORY_MAX)
        expect(items[0]).toBe(0)
        expect(items.at(-1)).toBe(count - 1)
        expect(items.every((item, i) => i === 0 || item > items[i - 1]!)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('keeps all of late, and gets thinner with age', () => {
    fc.assert(
      fc.property(fc.integer({ min: 700, max: 20_000 }), (count) => {
        const items = historyOf(count)
        expect(items.slice(-150)).toEqual(Array.from({ length: 150 }, (_, i) => count - 150 + i))
        const gaps = items.slice(1).map((item, i) => item - items[i]!)
        // But for the seams between levels, where one item may lie a step nearer to its neighbour.
        const [old, late] = [gaps.slice(0, 100), gaps.slice(-100)].map((some) => some.reduce((sum, gap) => sum + gap, 0) / 100)
        expect(old).toBeGreaterThan(late!)
        expect(late).toBe(1)
      }),
      { numRuns: 60 },
    )
  })

  test('of few items is all of them, and of none is empty', () => {
    expect(historyOf(160)).toEqual(Array.from({ length: 160 }, (_, i) => i))
    const history = new History<number>()
    history.add(1)
    history.clear()
    expect([history.items, history.last]).toEqual([[], undefined])
  })
})
