import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Outbox } from '#shared/actor.ts'
import type { BodyOf, Kind, Mail } from '#shared/messages.ts'
import { NEVER, NS_PER_MS, NS_PER_S, type Quantum } from '#shared/time.ts'
import { Promoter } from './promoter.ts'
import type { PromoterSpec } from './spec.ts'
import type { Strategy } from './strategy.ts'

const HOST = 1
const DEVICE = 0

function spec(changes: Partial<PromoterSpec> = {}): PromoterSpec {
  return {
    id: 'promoter-1',
    ordinal: 2,
    quantumNs: NS_PER_MS,
    hostOrdinal: HOST,
    chmu: true,
    hints: true,
    damon: false,
    windowNs: 3 * NS_PER_S,
    threshold: 1,
    sleepNs: 100 * NS_PER_MS,
    batch: 512,
    rateLimitBytesPerSecond: 65536e6,
    hintLatencyNs: NS_PER_S,
    ...changes,
  }
}

function mail<K extends Kind>(from: number, kind: K, body: BodyOf<K>): Mail {
  return { from, to: 2, sequence: 0, kind, body } as unknown as Mail
}

function hotlist(units: readonly number[], granulePages = 1, dropped = 0): Mail {
  const counts = new Uint32Array(units.length).fill(20)
  return mail(DEVICE, 'hotlist', { granulePages, units: Uint32Array.from(units), counts, dropped })
}

function hints(faults: readonly (readonly [page: number, latencyMs: number])[]): Mail {
  const pages = Uint32Array.from(faults, ([page]) => page)
  return mail(HOST, 'hints', { pages, latencyMs: Uint32Array.from(faults, ([, latencyMs]) => latencyMs) })
}

function damon(told: readonly (readonly [page: number, samples: number])[]): Mail {
  const pages = Uint32Array.from(told, ([page]) => page)
  return mail(HOST, 'damon', { pages, samples: Uint32Array.from(told, ([, samples]) => samples) })
}

function promoted(answer: { home?: number[]; declined?: number[]; gone?: number[] }): Mail {
  const { home = [], declined = [], gone = [] } = answer
  return mail(HOST, 'promoted', {
    home: Uint32Array.from(home),
    declined: Uint32Array.from(declined),
    gone: Uint32Array.from(gone),
  })
}

/** Steps through mail and wakes as a conductor would; what was ordered, as [quantum, pages]. */
function run(promoter: Promoter, mailAt: Readonly<Record<Quantum, readonly Mail[]>>, until: Quantum, from: Quantum = 0) {
  const orders: [Quantum, number[]][] = []
  const arrivals = Object.keys(mailAt).map(Number)
  for (let now = from; ;) {
    now = Math.min(promoter.nextWake(), ...arrivals.filter((quantum) => quantum > now))
    if (now > until) return orders
    const at = now
    const out: Outbox = {
      send(to, kind, body) {
        expect([to, kind]).toEqual([HOST, 'promote'])
        orders.push([at, [...(body as BodyOf<'promote'>).pages]])
      },
      event() {},
    }
    promoter.step(now, mailAt[now] ?? [], out)
  }
}

const pages = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i)

describe('a promoter', () => {
  test('orders hot units home at the next look of kmigrated, every page of a unit, in page order', () => {
    const promoter = new Promoter(spec())
    expect(run(promoter, { 130: [hotlist([9, 2], 4)] }, 5000)).toEqual([[200, [8, 9, 10, 11, 36, 37, 38, 39]]])
    expect(promoter.nextWake()).toBe(NEVER)
    expect(promoter.observe()).toMatchObject({ reports: 1, reportedUnits: 2, ordered: 8, pending: 0 })
  })

  test('waits for the second report where the threshold is two', () => {
    const promoter = new Promoter(spec({ threshold: 2 }))
    const reports = { 1001: [hotlist([5, 6])], 2001: [hotlist([6, 7])], 3001: [hotlist([7])] }
    expect(run(promoter, reports, 5000)).toEqual([
      [2100, [6]],
      [3100, [7]],
    ])
  })

  test('splits an order into batches', () => {
    const promoter = new Promoter(spec({ batch: 64 }))
    const orders = run(promoter, { 1: [hotlist(pages(150))] }, 5000)
    expect(orders.map(([quantum, list]) => [quantum, list.length])).toEqual([
      [100, 64],
      [100, 64],
      [100, 22],
    ])
  })

  test('keeps to its rate limit in windows of a second and puts off the rest', () => {
    const promoter = new Promoter(spec({ rateLimitBytesPerSecond: 100 * 4096 }))
    const orders = run(promoter, { 1: [hotlist(pages(60))], 150: [hotlist(pages(200, 60))] }, 5000)
    expect(orders.map(([quantum, list]) => [quantum, list.length])).toEqual([
      [100, 60],
      [200, 40],
      [1000, 100],
      [2000, 60],
    ])
    expect(promoter.observe()).toMatchObject({ ordered: 260, rateLimited: 160 + 60, pending: 0 })
  })

  test('takes hint faults below the latency bound for hot', () => {
    const promoter = new Promoter(spec())
    expect(
      run(
        promoter,
        {
          1: [
            hints([
              [4, 999],
              [5, 1000],
              [6, 0],
            ]),
          ],
        },
        500,
      ),
    ).toEqual([[100, [4, 6]]])
    expect(promoter.observe()).toMatchObject({ reports: 1, hintFaults: 3, hotHints: 2 })
  })

  test('listens only to the sources that are on', () => {
    const inbox = {
      1: [
        hotlist([1], 1, 5),
        hints([[2, 0]]),
        damon([
          [3, 9],
          [4, 1],
        ]),
      ],
    }
    const chmuOnly = new Promoter(spec({ hints: false }))
    const hintsOnly = new Promoter(spec({ chmu: false }))
    expect(run(chmuOnly, inbox, 500)).toEqual([[100, [1]]])
    expect(run(hintsOnly, inbox, 500)).toEqual([[100, [2]]])
    const damonOnly = new Promoter(spec({ chmu: false, hints: false, damon: true }))
    expect(run(damonOnly, inbox, 500)).toEqual([[100, [3, 4]]])
    expect(damonOnly.observe()).toMatchObject({ reports: 1, damonPages: 2 })
    expect(chmuOnly.observe()).toMatchObject({ hintFaults: 0, hotlistDropped: 5 })
    expect(hintsOnly.observe()).toMatchObject({ reportedUnits: 0, hotlistDropped: 0 })
  })

  test('does not order a declined page again until it is hot again', () => {
    const promoter = new Promoter(spec({ threshold: 2 }))
    const hot = [hotlist([3])]
    const orders = run(promoter, { 1: hot, 2: hot, 102: [promoted({ declined: [3] })], 300: hot, 500: hot }, 5000)
    expect(orders).toEqual([
      [100, [3]],
      [600, [3]],
    ])
    expect(promoter.observe()).toMatchObject({ ordered: 2, declined: 1 })
  })

  test('forgets reports about pages that have come home or gone meanwhile', () => {
    const promoter = new Promoter(spec())
    const orders = run(
      promoter,
      { 1: [hotlist([3, 4])], 101: [hotlist([3, 4, 5])], 102: [promoted({ home: [3], gone: [4] })] },
      5000,
    )
    expect(orders).toEqual([
      [100, [3, 4]],
      [200, [5]],
    ])
    expect(promoter.observe()).toMatchObject({ home: 1, gone: 1 })
  })

  test('works with a strategy of your own', () => {
    let asked: number[] = []
    const everyThird: Strategy = {
      get pending() {
        return asked.length
      },
      record(page) {
        if (page % 3 === 0) asked.push(page)
      },
      take(max) {
        return Uint32Array.from(asked.splice(0, max))
      },
      forget() {},
      snapshot: () => ({ asked }),
      restore(from) {
        asked = [...(from.asked as number[])]
      },
    }
    expect(run(new Promoter(spec(), everyThird), { 1: [hotlist(pages(10))] }, 500)).toEqual([[100, [0, 3, 6, 9]]])
  })

  test('breaks on mail that is not for promoters', () => {
    expect(() => run(new Promoter(spec()), { 1: [mail(DEVICE, 'pressure', { level: 0 })] }, 1)).toThrow('got pressure')
  })

  test('that is revived from its snapshot goes on as if nothing had happened', () => {
    const source = fc.constantFrom<(list: number[]) => Mail>(
      hotlist,
      (list) => hints(list.map((page) => [page, page * 5])),
      (list) => damon(list.map((page) => [page, 1])),
    )
    const report = fc.tuple(fc.integer({ min: 1, max: 4000 }), fc.array(fc.nat(300), { maxLength: 80 }), source)
    fc.assert(
      fc.property(fc.array(report, { maxLength: 30 }), fc.integer({ min: 1, max: 4000 }), (reports, at) => {
        const mailAt: Record<Quantum, Mail[]> = {}
        for (const [quantum, list, tell] of reports) (mailAt[quantum] ??= []).push(tell(list))
        const chosen = spec({ damon: true, threshold: 2, rateLimitBytesPerSecond: 40 * 4096, batch: 64 })
        const straight = new Promoter(chosen)
        const expected = run(straight, mailAt, 8000)
        const first = new Promoter(chosen)
        const before = run(first, mailAt, at)
        const snapshot = structuredClone(first.snapshot())
        run(first, { [at + 1]: [hotlist(pages(50))] }, at + 1, at)
        const second = new Promoter(chosen)
        second.restore(snapshot)
        expect([...before, ...run(second, mailAt, 8000, at)]).toEqual(expected)
        expect(second.snapshot()).toEqual(straight.snapshot())
        expect(second.peek()).toEqual(second.snapshot())
        expect(second.observe()).toEqual(straight.observe())
      }),
      { numRuns: 40 },
    )
  })
})
