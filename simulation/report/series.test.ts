import { describe, expect, test } from 'vitest'
import { extremesOf, Metrics, pointsFrom, quotientOf } from './series.ts'

const CSV = 'seconds,refused,refused.full\n0,0,\n1,5,2\n1,5,2\n3,15,4\n'

describe('metrics', () => {
  test('come back as columns, an empty cell as no value', () => {
    const metrics = Metrics.parse(CSV)
    expect(metrics.names).toEqual(['seconds', 'refused', 'refused.full'])
    expect([...metrics.seconds]).toEqual([0, 1, 1, 3])
    expect([...metrics.values('refused.full')!]).toEqual([NaN, 2, 2, 4])
    expect(metrics.values('nothing')).toBeUndefined()
    expect(metrics.points('nothing')).toBeUndefined()
  })

  test('counters become rates; two samples at one time, which an interrupt leaves, give none', () => {
    const { seconds, values } = Metrics.parse(CSV).rate('refused')!
    expect([...(seconds as Float64Array)]).toEqual([1, 1, 3])
    expect([...(values as Float64Array)]).toEqual([5, NaN, 5])
  })

  test.each([
    ['', 'line 1 has no column seconds'],
    ['x,y\n1,2\n', 'line 1 has no column seconds'],
    ['seconds,a\n1\n', 'line 2 has 1 cells for 2 columns'],
    ['seconds,a\n1,2\n2,x\n', 'line 3 has a cell that is no number'],
    ['seconds,a\n2,2\n1,2\n', 'its seconds do not ascend'],
    ['seconds,a\n,2\n', 'its seconds do not ascend'],
  ])('%j is refused: %s', (csv, problem) => {
    expect(() => Metrics.parse(csv)).toThrow(new SyntaxError(problem))
  })

  test('a head alone is a run without samples', () => {
    expect(Metrics.parse('seconds,a\n').rate('a')!.values).toHaveLength(0)
  })
})

test('a slowdown of an interval is elapsed time over work done in it', () => {
  const { values } = quotientOf([0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 1.5, 1.5])
  expect([...(values as Float64Array)]).toEqual([1, 2, NaN])
})

test('extremes say when the first peak was, and leave out what has no value', () => {
  const points = { seconds: [0, 1, 2, 3, 4], values: [NaN, 7, 9, 9, NaN] }
  expect(extremesOf(points)).toEqual({ least: 7, greatest: 9, greatestAtSeconds: 2, last: 9 })
  expect(extremesOf({ seconds: [0], values: [NaN] })).toBeUndefined()
})

test('points from a time on leave out what was before, perhaps all', () => {
  const points = { seconds: [0, 1, 2], values: [5, 6, 7] }
  expect(pointsFrom(points, 0.5)).toEqual({ seconds: [1, 2], values: [6, 7] })
  expect(pointsFrom(points, 3)).toEqual({ seconds: [], values: [] })
})
