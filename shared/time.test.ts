import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextOnGrid, NS_PER_MS, quantumAt } from './time.ts'

const quantumNs = fc.constantFrom(10_000, 500_000, NS_PER_MS, 2 * NS_PER_MS, 10 * NS_PER_MS)

describe('quanta', () => {
  test('a time lies in the first quantum that starts at or after it', () => {
    expect([0, 1, NS_PER_MS, NS_PER_MS + 1].map((ns) => quantumAt(ns, NS_PER_MS))).toEqual([0, 1, 1, 2])
    expect(quantumAt(Infinity, NS_PER_MS)).toBe(Infinity)
  })

  test('the grid of 10 ms at quanta of 1 ms', () => {
    expect([-1, 0, 9, 10, 11].map((now) => nextOnGrid(now, 10 * NS_PER_MS, NS_PER_MS))).toEqual([0, 10, 10, 20, 20])
  })

  test('a grid finer than the quantum comes every quantum', () => {
    expect([0, 1, 2].map((now) => nextOnGrid(now, NS_PER_MS / 4, NS_PER_MS))).toEqual([1, 2, 3])
  })

  test('the next point of a grid is ahead, at most one period away, and on the grid', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.integer({ min: 1, max: 1000 }), quantumNs, (now, multiple, quantum) => {
        const every = multiple * quantum
        const next = nextOnGrid(now, every, quantum)
        expect(next).toBeGreaterThan(now)
        expect(next - now).toBeLessThanOrEqual(multiple)
        expect(next % multiple).toBe(0)
      }),
    )
  })

  test('a grid that is no multiple of the quantum is met in the quantum that follows, and never skipped', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.integer({ min: 1, max: 1e9 }), quantumNs, (now, everyNs, quantum) => {
        const next = nextOnGrid(now, everyNs, quantum)
        expect(next).toBeGreaterThan(now)
        const pointNs = (Math.floor((now * quantum) / everyNs) + 1) * everyNs
        expect(next).toBe(Math.max(now + 1, Math.ceil(pointNs / quantum)))
      }),
    )
  })
})
