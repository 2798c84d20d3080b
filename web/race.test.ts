import { describe, expect, test } from 'vitest'
import { raceOf, raceSeries } from './race.ts'
import { runOf } from './run.fixture.ts'

const MIB = 2 ** 20

/** Ten samples a second for three seconds; a page is stored in 2 KiB. */
function raced(bytesPerSecond: number, promotedPerSecond: number, more: Readonly<Record<string, number>> = {}) {
  return runOf(
    { 'host-1': ['device-1'] },
    Array.from({ length: 31 }, (_, i) => i / 10).map((seconds) => {
      const usedBytes = 100 * MIB + bytesPerSecond * seconds
      return [
        seconds,
        {
          'device-1': {
            usedBytes,
            headroomBytes: 256 * MIB - usedBytes,
            storedPages: usedBytes / 2048,
            poisonedPages: 0,
            ...more,
          },
          'host-1': { promoted: promotedPerSecond * seconds, swappedOutPooled: 0 },
        },
      ]
    }),
  )
}

describe('the race on a device', () => {
  test('is led by the bear while the pool fills, with the time to overflow at the present rate', () => {
    const race = raceOf(raced(10 * MIB, 0), 'device-1')!
    expect(race).toMatchObject({ lead: 'bear', drain: 0 })
    expect(race.net).toBeCloseTo(10 * MIB, 0)
    expect(race.secondsToOverflow).toBeCloseTo((256 - 130) / 10, 6)
  })

  test('counts what is promoted as drain, at the mean stored size, and adds it to what comes in', () => {
    const race = raceOf(raced(MIB, 1024), 'device-1')!
    expect(race.drain).toBeCloseTo(2 * MIB, 0)
    expect(race.fill).toBeCloseTo(3 * MIB, 0)
    const { fill, drain } = raceSeries(raced(MIB, 1024), 'device-1')
    expect([fill[0], drain[0]]).toEqual([null, null])
    expect(fill.at(-1)).toBeCloseTo(3 * MIB, 0)
    expect(drain.at(-1)).toBeCloseTo(2 * MIB, 0)
  })

  test('is led by promotion while it empties, and level while next to nothing happens', () => {
    expect(raceOf(raced(-MIB, 4096), 'device-1')).toMatchObject({ lead: 'promoter', secondsToOverflow: Infinity })
    expect(raceOf(raced(1000, 0), 'device-1')!.lead).toBe('level')
    expect(raceOf(raced(0, 0), 'device-1')!.lead).toBe('level')
  })

  test('is lost without headroom', () => {
    expect(raceOf(raced(MIB, 0, { headroomBytes: 0 }), 'device-1')!.lead).toBe('over')
  })

  test('is not known before there are two samples', () => {
    expect(
      raceOf(runOf({ 'host-1': ['device-1'] }, [[0, { 'device-1': { usedBytes: 1, headroomBytes: 1 } }]]), 'device-1'),
    ).toBeUndefined()
  })
})
