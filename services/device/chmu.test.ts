import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NS_PER_MS, NS_PER_S } from '#shared/time.ts'
import { Chmu } from './chmu.ts'
import type { HotnessSpec } from './spec.ts'

const SPEC: HotnessSpec = { granuleBytes: 4096, epochNs: NS_PER_S, threshold: 4, hotlist: 8, counterBits: 16, shared: false }
const TICK_NS = 10 * NS_PER_MS

function count(chmu: Chmu, host: number, pages: readonly number[], reads: number, writes = 0): void {
  const n = pages.length
  chmu.count(host, Uint32Array.from(pages), new Uint16Array(n).fill(reads), new Uint16Array(n).fill(writes))
}

function drained(chmu: Chmu, host = 0) {
  const { units, counts, dropped } = chmu.hotlist.drain()[host]!
  return { units: [...units], counts: [...counts], dropped }
}

describe('the hotness monitor', () => {
  test('reports units at or above the threshold in address order, reads and writes together', () => {
    const chmu = new Chmu(SPEC, TICK_NS, 1)
    count(chmu, 0, [9, 2, 5000], 3)
    count(chmu, 0, [5000, 9], 0, 1)
    chmu.endEpoch()
    expect(drained(chmu)).toEqual({ units: [9, 5000], counts: [4, 4], dropped: 0 })
  })

  test('starts every epoch afresh', () => {
    const chmu = new Chmu(SPEC, TICK_NS, 1)
    count(chmu, 0, [1], 3)
    expect(chmu.counting).toBe(true)
    chmu.endEpoch()
    expect(chmu.counting).toBe(false)
    count(chmu, 0, [1], 3)
    chmu.endEpoch()
    expect(drained(chmu).units).toEqual([])
  })

  test('adds up the pages of a unit', () => {
    const chmu = new Chmu({ ...SPEC, granuleBytes: 4 * 4096 }, TICK_NS, 1)
    count(chmu, 0, [4, 5, 6, 7, 8], 1)
    chmu.endEpoch()
    expect([chmu.granulePages, drained(chmu)]).toEqual([4, { units: [1], counts: [4], dropped: 0 }])
  })

  test('saturates at the width of its counters', () => {
    const chmu = new Chmu({ ...SPEC, counterBits: 3, threshold: 7 }, TICK_NS, 1)
    count(chmu, 0, [1], 60_000, 60_000)
    chmu.endEpoch()
    expect(drained(chmu).counts).toEqual([7])
  })

  test('judges an epoch shorter than the tick by the mean over the tick', () => {
    const chmu = new Chmu({ ...SPEC, epochNs: NS_PER_MS }, TICK_NS, 1)
    count(chmu, 0, [1], 39)
    count(chmu, 0, [2], 40)
    chmu.endEpoch()
    expect(drained(chmu)).toEqual({ units: [2], counts: [4], dropped: 0 })
  })

  test('agrees with a plain count of every access', () => {
    const seen = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.nat(6), fc.nat(6)), { maxLength: 100 })
    fc.assert(
      fc.property(seen, fc.constantFrom(1, 2, 8), (list, granulePages) => {
        const chmu = new Chmu({ ...SPEC, granuleBytes: granulePages * 4096, hotlist: 64 }, TICK_NS, 1)
        const plain = new Map<number, number>()
        for (const [page, reads, writes] of list) {
          count(chmu, 0, [page], reads, writes)
          const unit = Math.floor(page / granulePages)
          plain.set(unit, (plain.get(unit) ?? 0) + reads + writes)
        }
        chmu.endEpoch()
        const { units, counts } = drained(chmu)
        const hot = [...plain].filter(([, n]) => n >= SPEC.threshold).toSorted(([a], [b]) => a - b)
        expect(units.map((unit, i) => [unit, counts[i]])).toEqual(hot)
      }),
    )
  })
})

describe('the hotlist', () => {
  const pages = (n: number) => Array.from({ length: n }, (_, page) => page)

  test('caps what is reported: a list of n units per epoch, the rest dropped', () => {
    const chmu = new Chmu({ ...SPEC, hotlist: 1024 }, TICK_NS, 1)
    let reported = 0
    let dropped = 0
    for (let epoch = 0; epoch < 5; epoch++) {
      count(chmu, 0, pages(3000), 10)
      chmu.endEpoch()
      expect(chmu.hotlist.interrupt).toBe(true)
      const report = drained(chmu)
      reported += report.units.length
      dropped += report.dropped
    }
    expect([reported, dropped]).toEqual([5 * 1024, 5 * (3000 - 1024)])
  })

  test('has a blind spot: 31 steadily hot units of a 64-entry list never raise the interrupt, 32 do', () => {
    const chmu = new Chmu({ ...SPEC, hotlist: 64 }, TICK_NS, 1)
    for (let epoch = 0; epoch < 20; epoch++) {
      count(chmu, 0, pages(31), 100)
      chmu.endEpoch()
      expect([chmu.hotlist.interrupt, chmu.hotlist.length]).toEqual([false, 31])
    }
    count(chmu, 0, [77], 100)
    chmu.endEpoch()
    expect(chmu.hotlist.interrupt).toBe(true)
  })

  test('refreshes the count of a unit that still waits unread', () => {
    const chmu = new Chmu(SPEC, TICK_NS, 1)
    count(chmu, 0, [3], 10)
    chmu.endEpoch()
    count(chmu, 0, [3], 20)
    chmu.endEpoch()
    expect(drained(chmu)).toEqual({ units: [3], counts: [20], dropped: 0 })
  })

  test('of a shared instance is told apart by host, in host order; the first may crowd out the second', () => {
    const chmu = new Chmu(SPEC, TICK_NS, 2)
    count(chmu, 1, [1, 2, 3, 4], 9)
    count(chmu, 0, [1, 2, 3, 4, 5, 6], 8)
    chmu.endEpoch()
    const [first, second] = chmu.hotlist.drain()
    expect([[...first!.units], first!.dropped]).toEqual([[1, 2, 3, 4, 5, 6], 0])
    expect([[...second!.units], [...second!.counts], second!.dropped]).toEqual([[1, 2], [9, 9], 2])
  })

  test('comes back from its snapshot with what waits in it', () => {
    const chmu = new Chmu(SPEC, TICK_NS, 2)
    count(chmu, 1, [5], 9)
    chmu.endEpoch()
    count(chmu, 0, [6], 9)
    const twin = new Chmu(SPEC, TICK_NS, 2)
    twin.restore(structuredClone(chmu.snapshot()))
    for (const each of [chmu, twin]) {
      count(each, 1, [5], 11)
      each.endEpoch()
    }
    expect(twin.hotlist.drain()).toEqual(chmu.hotlist.drain())
  })
})
