import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CURVES, latencyUnder } from './latency-curve.ts'

const GB = 1e9

describe('the load-latency curve', () => {
  test.for(CURVES)('meets every measured point at read share $readShare', ({ readShare, points }) => {
    for (const [gigabytes, ns] of points) expect(latencyUnder(gigabytes * GB, readShare, 1).ns).toBeCloseTo(ns, 6)
  })

  test('is the idle latency at no load, whatever the read share', () => {
    for (const readShare of [0, 0.1, 0.37, 0.6, 0.8, 1]) {
      expect(latencyUnder(0, readShare, 1)).toEqual({ ns: expect.closeTo(107.4, 9), utilisation: 0 })
    }
  })

  test('saturates at full utilisation and stays there, whatever is offered', () => {
    expect(latencyUnder(29.5 * GB, 0.9, 1).utilisation).toBeCloseTo(1, 12)
    expect(latencyUnder(59 * GB, 0.9, 1)).toEqual({ ns: expect.closeTo(578, 6), utilisation: expect.closeTo(2, 12) })
  })

  test('takes the outermost curves beyond the shares that were measured', () => {
    expect(latencyUnder(20 * GB, 0, 1)).toEqual(latencyUnder(20 * GB, 0.1, 1))
    expect(latencyUnder(20 * GB, 1, 1)).toEqual(latencyUnder(20 * GB, 0.9, 1))
  })

  test('never falls when the load grows', () => {
    const load = fc.double({ min: 0, max: 200 * GB, noNaN: true })
    fc.assert(
      fc.property(
        load,
        load,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 16 }),
        (a, b, share, channels) => {
          const less = latencyUnder(Math.min(a, b), share, channels)
          const more = latencyUnder(Math.max(a, b), share, channels)
          expect(more.ns).toBeGreaterThanOrEqual(less.ns - 1e-9)
          expect(more.utilisation).toBeGreaterThanOrEqual(less.utilisation)
        },
      ),
    )
  })

  test('stretches over channels: n times the load on n channels costs the same', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 50 * GB, noNaN: true }), fc.integer({ min: 1, max: 16 }), (load, channels) => {
        expect(latencyUnder(load * channels, 0.7, channels).ns).toBeCloseTo(latencyUnder(load, 0.7, 1).ns, 6)
      }),
    )
  })

  test('saturates between two shares at a bandwidth between theirs', () => {
    expect(latencyUnder(((29.5 + 42.8) / 2) * GB, 0.75, 1)).toEqual({
      ns: expect.closeTo((578 + 427) / 2, 6),
      utilisation: expect.closeTo(1, 12),
    })
  })
})
