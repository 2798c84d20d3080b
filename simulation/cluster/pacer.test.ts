import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Pacer, parsePace } from './pacer.ts'

describe('a pace', () => {
  test.each([
    ['max', 0],
    ['1x', 1],
    ['10x', 10],
    ['0.5x', 0.5],
    ['999999.999999x', 999999.999999],
  ])('%s is read', (text, pace) => {
    expect(parsePace(text, '--pace')).toBe(pace)
  })

  test.each(['', 'x', '1', '0x', '0.0x', '-1x', '1e3x', ' 1x', '1x ', '1.x', '.5x', '1234567x', 'MAX', 'Infinityx', '1,5x'])(
    '%j is CP_OPTION',
    (text) => {
      expect(() => parsePace(text, '--pace')).toThrow(
        `CP_OPTION --pace: got ${JSON.stringify(text)}; expected max, or a multiple of real time such as 1x or 10x`,
      )
    },
  )
})

describe('a pacer', () => {
  let nowMs = 0
  const pacer = (pace: number): Pacer => {
    nowMs = 1000
    return new Pacer(pace, () => nowMs)
  }

  test('lets virtual time run no faster than it is told', () => {
    const at = pacer(10)
    expect(at.waitMs(0)).toBe(0)
    expect(at.waitMs(5)).toBe(500)
    nowMs += 200
    expect(at.waitMs(5)).toBe(300)
    expect(at.nowSeconds()).toBe(2)
    nowMs += 800
    expect(at.waitMs(5)).toBe(0)
    expect(at.behindSeconds(5)).toBe(0.5)
    expect(at.behindSeconds(20)).toBe(0)
  })

  test('as fast as possible never waits, and is never behind', () => {
    const at = pacer(0)
    nowMs += 1e6
    expect([at.waitMs(1e9), at.behindSeconds(0), at.nowSeconds()]).toEqual([0, 0, Infinity])
  })

  test('goes a step as fast as possible, and is paused then, whatever it was before', () => {
    const at = pacer(0.001)
    at.step(3, 0.5)
    expect([at.paused, at.waitMs(3), at.waitMs(3.499), at.waitMs(3.5)]).toEqual([true, 0, 0, Infinity])
    at.pause()
    expect(at.waitMs(3.2)).toBe(Infinity)
    at.step(3, 0.5)
    at.resume(3)
    expect([at.paused, at.waitMs(3)]).toEqual([false, 0])
  })

  test('waits for ever while it is paused, and goes on from where it stands', () => {
    const at = pacer(1)
    at.pause()
    expect([at.paused, at.waitMs(0), at.behindSeconds(0)]).toEqual([true, Infinity, 0])
    nowMs += 60_000
    at.resume(3)
    expect([at.paused, at.waitMs(3), at.waitMs(4), at.behindSeconds(3)]).toEqual([false, 0, 1000, 0])
  })

  test('takes a new pace from here on, paused or not', () => {
    const at = pacer(1)
    nowMs += 5000
    at.set(100, 2)
    expect([at.pace, at.waitMs(2), at.waitMs(3)]).toEqual([100, 0, 10])
    at.pause()
    at.set(1, 2)
    expect([at.paused, at.waitMs(2)]).toEqual([true, Infinity])
  })

  test('says a wait after which that time may come, and is never both ahead and behind', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 1000, noNaN: true }),
        fc.double({ min: 0, max: 1e4, noNaN: true }),
        fc.nat(10_000),
        (pace, seconds, laterMs) => {
          const at = pacer(pace)
          nowMs += laterMs
          const waitMs = at.waitMs(seconds)
          expect(waitMs === 0 || at.behindSeconds(seconds) === 0).toBe(true)
          nowMs += waitMs
          expect(at.waitMs(seconds)).toBeLessThan(1e-3)
          expect(at.nowSeconds()).toBeGreaterThanOrEqual(seconds - 1e-6 * (1 + seconds))
        },
      ),
    )
  })
})
