import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { growth } from './run.ts'
import { runOf } from './run.fixture.ts'

const HOSTS = { 'host-1': ['device-1'] }
const counted = (perSecond: number, seconds: readonly number[]) =>
  runOf(
    HOSTS,
    seconds.map((at) => [at, { 'host-1': { refused: Math.round(perSecond * at) } }] as const),
  )

describe('a run', () => {
  test('gives the rate of a counter over half a second, whatever the spacing of samples', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1000 }),
        fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 50 }),
        (rate, gaps) => {
          let ms = 0
          const seconds = [0, ...gaps.map((gap) => (ms += gap) / 1000)]
          expect(counted(rate * 1000, seconds).rate('host-1', 'refused')).toBeCloseTo(rate * 1000, 3)
        },
      ),
    )
  })

  test('has no rate from one sample, and no value of what nobody reports', () => {
    expect(counted(5, [1]).rate('host-1', 'refused')).toBeUndefined()
    expect(counted(5, [1]).value('host-1', 'promoted')).toBeUndefined()
    expect(counted(5, [1]).value('host-2', 'refused')).toBeUndefined()
  })

  test('finds the sample that is nearest to a time', () => {
    const run = counted(1, [0, 1, 2, 4])
    expect([-1, 0.4, 0.6, 2.9, 3.1, 9].map((seconds) => run.at(seconds))).toEqual([0, 0, 1, 2, 3, 3])
    expect(counted(1, []).at(1)).toBe(-1)
  })

  test('forgets everything when another begins', () => {
    const run = counted(1, [0, 1])
    run.begin({ status: null, quantumSeconds: 0, columns: [], rows: [], marks: [], acts: false })
    expect([run.number, run.rows.length, run.value('host-1', 'refused')]).toEqual([2, 0, undefined])
  })
})

test('growth skips what is not known', () => {
  expect(growth([0, 1, 2, 3], [0, null, 20, 30], 1)).toEqual([null, null, null, 10])
})
