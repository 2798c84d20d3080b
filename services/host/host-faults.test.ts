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
  how: { reads?: number; writes?: number; misses?: number },
): void {
  const rows = (n = 0) => new Uint32Array(pages.length).fill(n)
  const { reads, writes, misses } = how
  bench.post(at, WORKLOAD, 'accesses', {
    epoch: 0,
    workNs: 1e6,
    pages: Uint32Array.from(pages),
    reads: rows(reads),
    writes: rows(writes),
    llcReads: rows(misses),
    llcWritebacks: rows(),
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

test('a direct host never faults', () => {
  const bench = pooled({ access: hostSpec().access })
  bench.post(901, WORKLOAD, 'profile', profileOf(FRAMES + 500, [{ share: 1, reads: 10, writes: 10, miss: 0.5 }]))
  bench.run(1200)
  expect(bench.seen['writeFaults']).toBe(0)
  expect(bench.host.snapshot()['faults']).toBeUndefined()
})
