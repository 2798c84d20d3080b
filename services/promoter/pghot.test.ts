import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NS_PER_MS } from '#shared/time.ts'
import { Pghot } from './pghot.ts'

const BUCKET_NS = 128 * NS_PER_MS
const DEFAULTS = { windowNs: 3000 * NS_PER_MS, threshold: 2 }

describe('pghot, default mode', () => {
  test('makes a page ready at its second record within the window', () => {
    const pghot = new Pghot(DEFAULTS)
    pghot.record(7, 0)
    expect(pghot.pending).toBe(0)
    pghot.record(7, 23 * BUCKET_NS)
    expect([...pghot.take(10)]).toEqual([7])
  })

  test('starts afresh after a gap longer than the window', () => {
    const pghot = new Pghot(DEFAULTS)
    pghot.record(7, 0)
    pghot.record(7, 24 * BUCKET_NS)
    expect(pghot.pending).toBe(0)
    pghot.record(7, 25 * BUCKET_NS)
    expect(pghot.pending).toBe(1)
  })

  test('takes a gap of 4.1 s for a short one, as the kernel does: time is modulo 32 buckets', () => {
    const pghot = new Pghot(DEFAULTS)
    pghot.record(7, 0)
    pghot.record(7, 32 * BUCKET_NS)
    expect(pghot.pending).toBe(1)
  })

  test.for([1, 2, 3])('needs as many records as its threshold %i says', (threshold) => {
    const pghot = new Pghot({ ...DEFAULTS, threshold })
    for (let records = 1; records <= threshold; records++) {
      expect(pghot.pending).toBe(0)
      pghot.record(1, records * BUCKET_NS)
    }
    expect(pghot.pending).toBe(1)
  })

  test('keeps a page ready, however long it waits, until it is taken; then its record is consumed', () => {
    const pghot = new Pghot(DEFAULTS)
    pghot.record(7, 0)
    pghot.record(7, 0)
    pghot.record(7, 28 * BUCKET_NS)
    expect([...pghot.take(10)]).toEqual([7])
    pghot.record(7, 28 * BUCKET_NS)
    expect(pghot.pending).toBe(0)
  })

  test('hands out in page order and keeps the rest', () => {
    const pghot = new Pghot({ ...DEFAULTS, threshold: 1 })
    for (const page of [90, 5000, 3, 70]) pghot.record(page, 0)
    expect([...pghot.take(2)]).toEqual([3, 70])
    pghot.record(4, 0)
    expect([...pghot.take(2)]).toEqual([4, 90])
    expect([...pghot.take(2)]).toEqual([5000])
  })

  test('hands out no page that was forgotten, and none twice that came back', () => {
    const pghot = new Pghot({ ...DEFAULTS, threshold: 1 })
    for (const page of [1, 2, 3]) pghot.record(page, 0)
    pghot.forget(1)
    pghot.forget(2)
    pghot.forget(2)
    pghot.forget(9999)
    pghot.record(2, 0)
    expect(pghot.pending).toBe(2)
    expect([...pghot.take(10)]).toEqual([2, 3])
    expect(pghot.pending).toBe(0)
  })

  test('agrees with records kept in the open, revived from its snapshot at any time', () => {
    const command = fc.record({
      what: fc.constantFrom('record', 'record', 'record', 'record', 'forget', 'take', 'revive'),
      // Some side by side, some far apart.
      page: fc.integer({ min: 0, max: 12 }).map((n) => n + 40_000 * (n % 3)),
      afterNs: fc.integer({ min: 0, max: 40 }).map((buckets) => buckets * BUCKET_NS),
      max: fc.integer({ min: 0, max: 5 }),
    })
    fc.assert(
      fc.property(fc.array(command, { maxLength: 120 }), fc.integer({ min: 1, max: 3 }), (commands, threshold) => {
        let pghot = new Pghot({ ...DEFAULTS, threshold })
        const open = new Map<number, { frequency: number; at: number; ready: boolean }>()
        const ready = () => [...open].filter(([, each]) => each.ready).map(([page]) => page)
        let nowNs = 0
        for (const { what, page, afterNs, max } of commands) {
          if (what === 'record') {
            nowNs += afterNs
            pghot.record(page, nowNs)
            const before = open.get(page) ?? { frequency: 0, at: 0, ready: false }
            const gapNs = (nowNs - before.at) % (32 * BUCKET_NS)
            const frequency = gapNs > DEFAULTS.windowNs ? 1 : Math.min(3, before.frequency + 1)
            open.set(page, { frequency, at: nowNs, ready: before.ready || frequency >= threshold })
          } else if (what === 'forget') {
            pghot.forget(page)
            open.delete(page)
          } else if (what === 'take') {
            const expected = ready()
              .toSorted((a, b) => a - b)
              .slice(0, max)
            expect([...pghot.take(max)]).toEqual(expected)
            for (const each of expected) open.delete(each)
          } else {
            const twin = new Pghot({ ...DEFAULTS, threshold })
            twin.restore(structuredClone(pghot.snapshot()))
            pghot = twin
          }
          expect(pghot.pending).toBe(ready().length)
        }
      }),
    )
  })
})
