/** What a fault on a demoted page does to a host among doubles: who comes home, what it costs, who waits. */
import { describe, expect, test } from 'vitest'
import { Bench, DEVICE, hostSpec, NEIGHBOUR, profileOf, WORKLOAD } from './host.fixture.ts'
import type { HostSpec } from './spec.ts'

const FRAMES = 4096
const MARKS = { min: 128, low: 209, high: 290 }
const NO_SWAP = { bytes: 0, bytesPerSecond: 1e9, latencyNs: 0 }
const READ_ONLY = { policy: 'read-only' } as const

/** Filled until kswapd has demoted 500 + 290 pages and sleeps. */
function pooled(changes: Partial<HostSpec> = {}, threads = 1): Bench {
  const bench = new Bench({ access: READ_ONLY, ...changes })
  bench.post(0, WORKLOAD, 'profile', profileOf(FRAMES + 500, [], { threads }))
  bench.run(900)
  expect(bench.seen['pages.pooled']).toBe(500 + MARKS.high)
  return bench
}

const inPool = (bench: Bench): number[] => [...bench.pools.get(DEVICE)!.keys()]

const sum = (bench: Bench, field: 'readBytes' | 'writeBytes') =>
  bench.out.of('traffic').reduce((total, { body }) => total + body[field], 0)

/** A trace's epoch of 1 ms that touches each page once in each given way. */
function trace(
  bench: Bench,
  at: number,
  pages: readonly number[],
  how: { reads?: number; writes?: number; misses?: number; writebacks?: number },
): void {
  const rows = (n = 0) => new Uint32Array(pages.length).fill(n)
  const { reads, writes, misses, writebacks } = how
  bench.post(at, WORKLOAD, 'accesses', {
    epoch: 0,
    workNs: 1e6,
    pages: Uint32Array.from(pages),
    reads: rows(reads),
    writes: rows(writes),
    llcReads: rows(misses),
    llcWritebacks: rows(writebacks),
  })
}

const debtOf = (bench: Bench): number =>
  (bench.host.snapshot()['tenancy'] as { residents: { debtNs: number; stalledNs: number }[] }).residents.reduce(
    (total, { debtNs, stalledNs }) => total + debtNs + stalledNs,
    0,
  )

describe('a store to a page that is mapped read-only', () => {
  test('brings it home within the tick, gives its slot back, and leaves its size as it was', () => {
    const bench = pooled()
    const pages = inPool(bench).slice(0, 10)
    const written = bench.out.of('written').length
    trace(bench, 901, pages, { writes: 1 })
    bench.run(910)
    expect(bench.seen['writeFaults']).toBe(10)
    expect(bench.seen['pages.pooled']).toBe(780)
    expect(inPool(bench)).toHaveLength(780)
    expect(pages.filter((page) => bench.pools.get(DEVICE)!.has(page))).toEqual([])
    expect(bench.out.of('written')).toHaveLength(written)
    expect(bench.seen['promoted']).toBe(0)
  })

  test('is told of as an event the first time, and no more', () => {
    const bench = pooled()
    const [first, second] = inPool(bench)
    trace(bench, 901, [first!], { writes: 1 })
    bench.run(920)
    const told = bench.out.events.filter(({ code }) => code === 'first-fault')
    expect(told).toMatchObject([{ fields: { kind: 'write' } }])
    expect(told[0]!.quantum).toBeGreaterThanOrEqual(901)
    trace(bench, 921, [second!], { writes: 1 })
    bench.run(940)
    expect(bench.out.events.filter(({ code }) => code === 'first-fault')).toHaveLength(1)
  })

  test('faults as well when the CPU cache would have served it', () => {
    const bench = pooled()
    bench.post(901, WORKLOAD, 'profile', profileOf(FRAMES + 500, [{ share: 1, reads: 0, writes: 1, miss: 0 }]))
    bench.run(1900)
    // 790 pages at one store a second, for most of one; who came home made room by demoting others.
    expect(bench.seen['writeFaults']).toBeGreaterThan(350)
    expect(sum(bench, 'writeBytes')).toBe(bench.seen['demoted']! * 4096)
  })

  test('costs the task the fault, the copy at the latency of the device, and the flush, shared by its threads', () => {
    for (const threads of [1, 4]) {
      const bench = pooled({}, threads)
      const debt = debtOf(bench)
      const reads = sum(bench, 'readBytes')
      trace(bench, 901, inPool(bench).slice(0, 10), { writes: 1 })
      bench.run(920)
      // Fault 1000, migration 1000, copy 410, flush 4000, first line of a compressed page from an idle device 247.4.
      expect(debtOf(bench) - debt).toBeCloseTo((10 * (1000 + 1000 + 410 + 4000 + 247.4)) / threads, 3)
      expect(bench.seen['faultStallSeconds']).toBeCloseTo(10 * 6657.4e-9, 9)
      expect(sum(bench, 'readBytes') - reads).toBe(10 * 4096)
    }
  })

  test('is none for a read, which is served where the page lies', () => {
    const bench = pooled()
    const reads = sum(bench, 'readBytes')
    trace(bench, 901, inPool(bench).slice(0, 10), { reads: 3, misses: 3 })
    bench.run(920)
    expect([bench.seen['writeFaults'], bench.seen['pages.pooled']]).toEqual([0, 790])
    expect(sum(bench, 'readBytes') - reads).toBe(10 * 3 * 64)
  })

  test('long ago, whose line is written back only now, went to the frame that the page had then', () => {
    const bench = pooled()
    const writes = sum(bench, 'writeBytes')
    trace(bench, 901, inPool(bench).slice(0, 10), { reads: 1, misses: 1, writebacks: 64 })
    bench.run(920)
    expect([bench.seen['writeFaults'], sum(bench, 'writeBytes') - writes]).toEqual([0, 0])
  })

  test('by a bear brings every page home before it is overwritten: the device never grows', () => {
    const bench = pooled()
    const held = inPool(bench)
    const sweep = { sweepBytesPerSecond: 40e6, sweepWrites: 1, sweepPooledOnly: 1, sweepPasses: 1 }
    bench.post(901, WORKLOAD, 'profile', profileOf(FRAMES + 500, [], sweep))
    bench.run(2000)
    expect(bench.out.of('progress').at(-1)!.body.sweepPassesDone).toBe(1)
    expect(bench.seen['writeFaults']).toBeGreaterThanOrEqual(held.length)
    // What lies there now was demoted as it is: the bear's data came by demotion, never by a store.
    expect(sum(bench, 'writeBytes')).toBe(bench.seen['demoted']! * 4096)
  })

  test('of poison kills the task, for the copy home reads it', () => {
    const bench = pooled()
    const [page] = inPool(bench) as [number]
    bench.post(901, DEVICE, 'poisoned', { pages: Uint32Array.of(page) })
    bench.post(901, NEIGHBOUR, 'profile', profileOf(1))
    trace(bench, 902, [page], { writes: 1 })
    bench.run(930)
    expect(bench.out.of('killed').map(({ to, body }) => [to, body.cause])).toEqual([[WORKLOAD, 'sigbus']])
    expect(bench.seen['poisonHits']).toBe(1)
  })
})

describe('short of memory', () => {
  test('the task reclaims first, and pays for it', () => {
    const bench = pooled({ swap: NO_SWAP })
    bench.answer = 'silence'
    const pages = inPool(bench).slice(0, MARKS.high - MARKS.min + 20)
    const before = bench.seen['directReclaimStallSeconds']!
    trace(bench, 901, pages, { writes: 1 })
    bench.run(940)
    expect(bench.seen['writeFaults']).toBe(pages.length)
    // The last twenty found no more than min: 32 pages of 2 µs each.
    expect(bench.seen['directReclaimStallSeconds']! - before).toBeCloseTo(20 * 64e-6, 9)
    expect(bench.seen['faultWaits']).toBe(0)
  })

  test('without any frame the writer waits, tick by tick, until there is one', () => {
    const bench = pooled({ swap: NO_SWAP }, 2)
    bench.answer = 'silence'
    const pages = inPool(bench).slice(0, MARKS.high + 5)
    trace(bench, 901, pages, { writes: 1 })
    bench.run(960)
    expect(bench.seen['freePages']).toBe(0)
    expect(bench.seen['writeFaults']).toBe(MARKS.high)
    const { faultWaits } = bench.seen
    expect(faultWaits).toBeGreaterThan(2)
    expect(bench.seen['pages.pooled']).toBe(500)
    expect(bench.out.of('progress').at(-1)!.body.epochsDone).toBe(0)
    const asked = bench.out.of('demote').filter(({ quantum }) => quantum > 900)
    for (const { body } of asked) {
      for (const page of body.pages) bench.pools.get(DEVICE)!.set(page, -1)
      bench.post(961, DEVICE, 'admitted', { batch: body.batch, pages: body.pages })
    }
    bench.answer = 'admit'
    bench.run(1100)
    expect(bench.seen['writeFaults']).toBe(MARKS.high + 5)
    expect(bench.out.of('progress').at(-1)!.body.epochsDone).toBe(1)
  })

  test('as many threads wait as find no frame, and no more stores come than there are threads to make them', () => {
    const bench = pooled({ swap: NO_SWAP }, 4)
    bench.answer = 'silence'
    bench.post(901, WORKLOAD, 'profile', profileOf(FRAMES + 500, [{ share: 1, reads: 0, writes: 2000, miss: 0 }]))
    bench.run(960)
    const { awaited } = bench.host.snapshot()['faults'] as { awaited: Uint32Array }
    expect(awaited).toHaveLength(4)
    expect(bench.seen['writeFaults']).toBe(MARKS.high)
    // All four wait, so no work is done at all: first ticks apart, elapsed time is stall.
    const progress = bench.out.of('progress')
    expect(progress.at(-1)!.body.workNs).toBe(progress.at(-3)!.body.workNs)
  })
})

describe('pages that are not mapped while they are compressed', () => {
  const ZSWAP = { policy: 'fault-on-access', rejectAboveBytes: 2990, poolFraction: 1, reacceptFraction: 0.9 } as const

  test('come home at the first read, at the price of a fault, and nothing ever reads them where they lie', () => {
    const bench = pooled({ access: ZSWAP })
    const debt = debtOf(bench)
    trace(bench, 901, inPool(bench).slice(0, 10), { reads: 3, misses: 3 })
    bench.run(920)
    expect([bench.seen['accessFaults'], bench.seen['writeFaults'], bench.seen['pages.pooled']]).toEqual([10, 0, 780])
    // As a write fault, but for the flush: what was not mapped is in nobody's TLB.
    expect(debtOf(bench) - debt).toBeCloseTo(10 * 2657.4, 3)
    bench.post(921, WORKLOAD, 'profile', profileOf(FRAMES + 500, [{ share: 1, reads: 2, writes: 1, miss: 0.5 }]))
    bench.run(1900)
    expect(bench.seen['accessFaults']).toBeGreaterThan(700)
    expect(bench.out.of('traffic').reduce((total, { body }) => total + body.pages.length, 0)).toBe(0)
  })

  test('are read home by a sweep as well', () => {
    const bench = pooled({ access: ZSWAP }, 8)
    bench.post(901, WORKLOAD, 'profile', profileOf(FRAMES + 500, [], { sweepBytesPerSecond: 400e6, sweepPasses: 1, threads: 8 }))
    bench.run(1400)
    expect(bench.out.of('progress').at(-1)!.body.sweepPassesDone).toBe(1)
    expect(bench.seen['accessFaults']).toBeGreaterThanOrEqual(790)
  })

  test('are not stored if they compress to more than the limit: swapped under need, left alone by proactive reclaim', () => {
    const stored = { stored: ['ratio=1.3'] }
    const needy = new Bench({ access: ZSWAP })
    needy.post(0, WORKLOAD, 'profile', profileOf(FRAMES, [], stored))
    needy.run(700)
    expect(needy.seen['demoted']).toBe(0)
    expect(needy.seen['refused']).toBe(0)
    expect(needy.seen['rejected.size']).toBe(needy.seen['swappedOut'])
    expect(needy.seen['swappedOut']).toBe(MARKS.high)
    const tidy = new Bench({ access: ZSWAP, proactive: { bytesPerSecond: 4e6, ageNs: 2e8 } })
    tidy.post(0, WORKLOAD, 'profile', profileOf(1000, [], stored))
    tidy.run(1500)
    expect(tidy.seen['rejected.size']).toBeGreaterThan(100)
    expect([tidy.seen['demoted'], tidy.seen['swappedOut'], tidy.seen['pages.local']]).toEqual([0, 0, 1000])
  })

  test('are stored up to the limit of the pool, and again when it has shrunk to nine tenths of it', () => {
    // 5 % of 16 MiB: 409 pages of 2 KiB.
    const bench = new Bench({ access: { ...ZSWAP, poolFraction: 0.05 } })
    const limit = 0.05 * 2 ** 24
    bench.post(0, WORKLOAD, 'profile', profileOf(FRAMES + 600))
    for (let quantum = 0; quantum <= 900; quantum++) {
      bench.run(quantum)
      expect(bench.seen['zswapBytes']).toBeLessThanOrEqual(limit)
      expect(bench.seen['zswapBytes']).toBe(bench.seen['pages.pooled']! * 2048)
    }
    expect(bench.seen['zswapBytes']).toBeGreaterThan(limit * 0.9)
    expect(bench.seen['rejected.limit']).toBeGreaterThan(100)
    expect(bench.seen['swappedOut']).toBeGreaterThan(100)
    const before = bench.seen['demoted']!
    trace(bench, 901, inPool(bench).slice(0, 20), { reads: 1, misses: 1 })
    bench.post(910, NEIGHBOUR, 'profile', profileOf(300))
    bench.run(1000)
    expect(bench.seen['demoted']).toBe(before)
    trace(bench, 1001, inPool(bench).slice(0, 30), { reads: 1, misses: 1 })
    bench.post(1010, 7, 'profile', profileOf(300))
    bench.run(1200)
    expect(bench.seen['demoted']).toBeGreaterThan(before)
  })

  test('are not stored if they were overwritten while the question was out', () => {
    const bench = new Bench({ access: ZSWAP })
    bench.answer = 'silence'
    bench.post(0, WORKLOAD, 'profile', profileOf(FRAMES - MARKS.low + 1))
    while (bench.out.of('demote').length === 0) bench.run(bench.out.now)
    const { quantum, body } = bench.out.of('demote')[0]!
    const sweep = { sweepBytesPerSecond: 2e9, sweepWrites: 1, sweepPasses: 1 }
    bench.post(quantum + 1, WORKLOAD, 'profile', profileOf(FRAMES - MARKS.low + 1, [], sweep))
    for (const page of body.pages) bench.pools.get(DEVICE)!.set(page, -1)
    bench.post(quantum + 30, DEVICE, 'admitted', { batch: body.batch, pages: body.pages })
    bench.run(quantum + 31)
    expect(bench.seen['demoted']).toBe(0)
    expect(bench.seen['rejected.size']).toBeGreaterThanOrEqual(body.pages.length)
    expect(bench.pools.get(DEVICE)!.size).toBe(0)
  })
})

test('a host that only swaps has its devices and never asks them', () => {
  const bench = new Bench({ access: { policy: 'swap-only' }, proactive: { bytesPerSecond: 4e6, ageNs: 1e8 } })
  bench.post(0, WORKLOAD, 'profile', profileOf(FRAMES + 500))
  bench.run(900)
  expect(bench.out.of('demote')).toEqual([])
  expect(bench.seen['swappedOut']).toBe(500 + MARKS.high)
  expect(bench.seen['slots.device-1']).toBe(0)
})

test('a direct host never faults', () => {
  const bench = pooled({ access: hostSpec().access })
  bench.post(901, WORKLOAD, 'profile', profileOf(FRAMES + 500, [{ share: 1, reads: 10, writes: 10, miss: 0.5 }]))
  bench.run(1200)
  expect(bench.seen['writeFaults']).toBe(0)
  expect(bench.host.snapshot()['faults']).toBeUndefined()
})
