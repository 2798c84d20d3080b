/** Promotion, poison, slowdown, traffic and departures of a host among doubles. */
import { describe, expect, test } from 'vitest'
import { Bench, DEVICE, NEIGHBOUR, OPEN, profileOf, PROMOTION, WORKLOAD } from './host.fixture.ts'
import type { HostSpec } from './spec.ts'

const FRAMES = 4096
const MARKS = { min: 128, low: 209, high: 290, promo: 371 }

/** Filled until kswapd has demoted 500 + 371 pages and sleeps at the promo watermark. */
function pooled(changes: Partial<HostSpec> = {}): Bench {
  const bench = new Bench({ promotion: PROMOTION, ...changes })
  bench.post(0, WORKLOAD, 'profile', profileOf(FRAMES + 500))
  bench.run(900)
  expect(bench.seen['freePages']).toBe(MARKS.promo)
  return bench
}

const inPool = (bench: Bench): number[] => [...bench.pools.get(DEVICE)!.keys()]

describe('promotion', () => {
  test('brings pages home in the next quantum when free memory is above high and the batch', () => {
    const bench = pooled()
    const pages = Uint32Array.from(inPool(bench).slice(0, 10))
    bench.post(901, 4, 'promote', { pages })
    bench.run(901)
    expect(bench.seen['pages.promoting']).toBe(10)
    expect(bench.seen['freePages']).toBe(MARKS.promo - 10)
    expect(bench.seen['slots.device-1']).toBe(871)
    expect(bench.out.of('promoted').map(({ body }) => body)).toEqual([
      { home: pages, declined: new Uint32Array(0), gone: new Uint32Array(0) },
    ])
    expect(bench.host.nextWake(901)).toBe(902)
    const released = bench.out.of('released').length
    bench.run(902)
    expect(bench.seen['pages.promoting']).toBe(0)
    expect([bench.seen['promoted'], bench.seen['slots.device-1']]).toEqual([10, 861])
    expect(
      bench.out
        .of('released')
        .slice(released)
        .map(({ body }) => body.pages),
    ).toEqual([pages])
    expect(inPool(bench)).toHaveLength(861)
  })

  test('is declined without that room, and kswapd is woken to make it', () => {
    const bench = pooled()
    const pages = Uint32Array.from(inPool(bench).slice(0, 81))
    bench.post(901, NEIGHBOUR, 'profile', profileOf(100))
    bench.run(1000)
    // 271 free pages: above low, so that kswapd sleeps; not above high and the batch.
    expect(bench.seen['freePages']).toBe(MARKS.promo - 100)
    const demotes = bench.out.of('demote').length
    bench.post(1001, 4, 'promote', { pages })
    bench.run(1001)
    const { body } = bench.out.of('promoted').at(-1)!
    expect([body.home.length, body.declined, body.gone.length]).toEqual([0, pages, 0])
    expect(bench.seen['declined']).toBe(81)
    expect(bench.seen['pages.pooled']).toBe(871)
    bench.run(1100)
    expect(bench.out.of('demote').length).toBeGreaterThan(demotes)
    expect(bench.seen['freePages']).toBe(MARKS.promo)
  })

  test('needs more than high and the batch: one page decides', () => {
    const bench = pooled()
    const pages = inPool(bench)
    bench.post(901, 4, 'promote', { pages: Uint32Array.from(pages.slice(0, MARKS.promo - MARKS.high)) })
    bench.run(901)
    expect(bench.out.of('promoted').at(-1)!.body.declined).toHaveLength(81)
    bench.post(910, 4, 'promote', { pages: Uint32Array.from(pages.slice(0, MARKS.promo - MARKS.high - 1)) })
    bench.run(910)
    expect(bench.out.of('promoted').at(-1)!.body.home).toHaveLength(80)
  })

  test('says what was no longer there: local, swapped, unknown, or ordered twice', () => {
    const bench = pooled()
    const page = inPool(bench)[0]!
    const local = FRAMES + 499
    bench.post(901, 4, 'promote', { pages: Uint32Array.of(page, page, local, 1e6) })
    bench.run(902)
    const { body } = bench.out.of('promoted').at(-1)!
    expect([[...body.home], [...body.gone]]).toEqual([[page], [page, local, 1e6]])
  })

  test('of a kernel page on the device, or of a file, is answered with gone: neither is moved', () => {
    const bench = new Bench({ isolation: OPEN, promotion: PROMOTION })
    bench.post(0, WORKLOAD, 'profile', profileOf(FRAMES + 500, [], { allocateBytesPerSecond: 2 ** 30 }))
    bench.run(900)
    const system = [...bench.pools.get(DEVICE)!.keys()].filter((page) => page < 400)
    expect(bench.seen['origin.kernel']).toBeGreaterThan(10)
    expect(bench.seen['origin.pageCache']).toBeGreaterThan(10)
    expect(system).toHaveLength(bench.seen['origin.kernel']! + bench.seen['origin.pageCache']!)
    bench.post(901, 4, 'promote', { pages: Uint32Array.from(system) })
    bench.run(902)
    const { body } = bench.out.of('promoted').at(-1)!
    expect([[...body.home], [...body.declined], [...body.gone]]).toEqual([[], [], system])
    expect(system.every((page) => bench.pools.get(DEVICE)!.has(page))).toBe(true)
  })

  test('of a page that is freed on the way gives its slot back, once', () => {
    const bench = pooled()
    bench.post(901, 4, 'promote', { pages: Uint32Array.from(inPool(bench).slice(0, 10)) })
    bench.post(902, WORKLOAD, 'left', {})
    bench.run(901)
    expect(bench.seen['pages.promoting']).toBe(10)
    bench.run(910)
    expect(bench.seen['pages.free']).toBe(FRAMES + 500)
    expect(inPool(bench)).toEqual([])
  })

  test('counts the pages of a trace that are hot by their own rate while they are on a device', () => {
    const bench = pooled({ promotion: { ...PROMOTION, hotAccessesPerSecond: 50 } })
    const pages = inPool(bench)
    const none = new Uint32Array(20)
    bench.post(901, WORKLOAD, 'accesses', {
      epoch: 0,
      workNs: 1e9,
      pages: Uint32Array.from([...pages.slice(0, 18), FRAMES + 498, FRAMES + 499]),
      // Twelve of them often enough, and the two that are local.
      reads: Uint32Array.from({ length: 20 }, (_, i) => (i < 12 || i >= 18 ? 60 : 40)),
      writes: none,
      llcReads: none,
      llcWritebacks: none,
    })
    bench.run(2000)
    expect(bench.seen['truth.hotPages']).toBe(12)
    bench.post(2001, 4, 'promote', { pages: Uint32Array.from(pages.slice(0, 5)) })
    bench.run(2003)
    expect(bench.seen['truth.hotPages']).toBe(7)
  })

  test('measures its truth: hot pages that came home are covered, cold orders are inaccurate', () => {
    const bench = new Bench({ promotion: { ...PROMOTION, hotAccessesPerSecond: 50 } })
    const idle = { share: 1, reads: 0, writes: 0, miss: 0 }
    bench.post(0, WORKLOAD, 'profile', profileOf(FRAMES + 500, [idle, idle]))
    bench.run(900)
    const pages = inPool(bench)
    const hot = pages.filter((page) => page < (FRAMES + 500) / 2)
    expect(hot.length).toBeGreaterThan(40)
    bench.post(901, WORKLOAD, 'profile', profileOf(FRAMES + 500, [{ ...idle, reads: 60 }, idle]))
    bench.run(901)
    expect(bench.seen['truth.episodes']).toBe(hot.length)
    expect(bench.seen['truth.hotPages']).toBe(hot.length)
    const cold = pages.find((page) => !hot.includes(page)) ?? -1
    const order = cold < 0 ? hot.slice(0, 40) : [...hot.slice(0, 39), cold]
    bench.post(951, 4, 'promote', { pages: Uint32Array.from(order) })
    bench.run(952)
    expect(bench.seen['truth.coverage']).toBeCloseTo((cold < 0 ? 40 : 39) / hot.length, 9)
    expect(bench.seen['truth.accuracy']).toBeCloseTo(cold < 0 ? 1 : 39 / 40, 9)
    expect(bench.seen['truth.latenessMs']).toBeCloseTo(50, 6)
    expect(bench.seen['truth.hotPages']).toBe(hot.length - (cold < 0 ? 40 : 39))
  })
})

describe('hint faults', () => {
  test('go to the promoter with the time from scan to touch, and only of pooled pages', () => {
    const bench = new Bench({ promotion: { ...PROMOTION, hints: true } })
    bench.post(0, WORKLOAD, 'profile', profileOf(FRAMES + 500, [{ share: 1, reads: 1, writes: 0, miss: 0 }]))
    bench.run(900)
    const marked = new Set(inPool(bench))
    bench.run(1700)
    const hints = bench.out.of('hints')
    const pages = hints.flatMap(({ body }) => [...body.pages])
    expect(pages.length).toBeGreaterThan(200)
    expect(bench.seen['hintFaults']).toBe(pages.length)
    expect(pages.every((page) => marked.has(page))).toBe(true)
    // The scan was at 1000 ms.
    for (const { quantum, body } of hints) expect([...body.latencyMs].every((ms) => ms === quantum - 1000)).toBe(true)
  })
})

describe('poison', () => {
  const READS = { share: 1, reads: 20, writes: 0, miss: 1 }

  test('kills the workload that reads it, with SIGBUS, and nobody else', () => {
    const bench = pooled()
    bench.post(901, NEIGHBOUR, 'profile', profileOf(10))
    bench.post(902, DEVICE, 'poisoned', { pages: Uint32Array.from(inPool(bench).slice(0, 5)) })
    bench.run(1000)
    expect(bench.seen['pages.poisoned']).toBe(5)
    expect(bench.out.of('killed')).toEqual([])
    bench.post(1001, WORKLOAD, 'profile', profileOf(FRAMES + 500, [READS]))
    bench.run(1200)
    expect(bench.out.of('killed').map(({ to, body }) => [to, body.cause])).toEqual([[WORKLOAD, 'sigbus']])
    expect(bench.seen['poisonHits']).toBeGreaterThan(0)
    expect(bench.seen['oomKills']).toBe(0)
    expect(bench.seen['allocated']).toBe(10)
    expect(inPool(bench)).toEqual([])
    expect(bench.out.of('progress').at(-1)!.to).toBe(NEIGHBOUR)
  })

  test('strikes no one who only finds the page in the CPU cache', () => {
    const bench = pooled()
    bench.post(902, DEVICE, 'poisoned', { pages: Uint32Array.from(inPool(bench)) })
    bench.post(903, WORKLOAD, 'profile', profileOf(FRAMES + 500, [{ ...READS, miss: 0 }]))
    bench.run(1500)
    expect(bench.out.of('killed')).toEqual([])
  })

  test('of a page that has come home in the meantime, or is on its way, harms nobody or stays a slot', () => {
    const bench = pooled()
    const [home, late] = inPool(bench) as [number, number]
    bench.post(901, 4, 'promote', { pages: Uint32Array.of(home) })
    bench.post(902, DEVICE, 'poisoned', { pages: Uint32Array.of(home) })
    // The device speaks before the promoter is heard: by then the page is poisoned and no longer in the pool.
    bench.post(903, DEVICE, 'poisoned', { pages: Uint32Array.of(late) })
    bench.post(903, 4, 'promote', { pages: Uint32Array.of(late) })
    bench.run(910)
    expect(bench.seen['pages.poisoned']).toBe(1)
    expect([...bench.out.of('promoted').at(-1)!.body.gone]).toEqual([late])
    expect(bench.seen['slots.device-1']).toBe(870)
  })
})

describe('a slow device', () => {
  const READS = { share: 1, reads: 250, writes: 0, miss: 0.5 }
  const load = { rawReadNs: 5000, compressedReadNs: 5000, zeroReadNs: 5000, writeNs: 5000, utilisation: 0.9, devLoad: 2 }

  test('slows the workload that reads it, by what its reads wait, and not its neighbour', () => {
    const bench = pooled()
    bench.post(901, DEVICE, 'load', load)
    bench.post(901, NEIGHBOUR, 'profile', profileOf(10, [READS]))
    bench.post(902, WORKLOAD, 'profile', profileOf(FRAMES + 500, [READS]))
    bench.run(2000)
    const last = (to: number) => bench.out.of('progress').findLast((sent) => sent.to === to)!
    expect(last(NEIGHBOUR).body.workNs).toBeCloseTo((last(NEIGHBOUR).quantum - 901) * 1e6, -5)
    // 871 pages · 125 misses/s · 4.9 µs = 0.53 s of stalls a second of work, for its one thread.
    const worked = last(WORKLOAD).body.workNs - 900e6
    expect(worked / 1.1e9).toBeGreaterThan(1 / 1.6)
    expect(worked / 1.1e9).toBeLessThan(1 / 1.45)
    expect(bench.seen['slowdown']).toBeGreaterThan(1.1)
  })

  test('costs a burst of major faults what swap can deliver, not the square of it', () => {
    const swap = { bytes: 2 ** 24, bytesPerSecond: 1e9, latencyNs: 80_000 }
    const bench = new Bench({ devices: [], swap, quantumNs: 1e6 })
    bench.post(0, WORKLOAD, 'profile', profileOf(FRAMES + 1000, [], { threads: 8 }))
    bench.run(1000)
    const swapped = bench.seen['pages.swapped']!
    expect(swapped).toBeGreaterThan(1000)
    bench.post(1001, NEIGHBOUR, 'profile', profileOf(1))
    bench.post(1001, WORKLOAD, 'profile', profileOf(FRAMES + 1000, [{ share: 1, reads: 10, writes: 0, miss: 0 }], { threads: 8 }))
    bench.run(1010)
    const faults = bench.seen['swappedIn']!
    expect(faults).toBeGreaterThan(50)
    const resident = (bench.host.snapshot()['tenancy'] as { residents: { debtNs: number }[] }).residents[0]!
    // Each: latency, kernel time and nine pages of queue at most, over eight threads.
    expect(resident.debtNs).toBeLessThanOrEqual((faults * (80_000 + 3000 + 9 * 4096)) / 8)
    expect(resident.debtNs).toBeGreaterThanOrEqual((faults * (80_000 + 3000 + 4096)) / 8)
  })
})

describe('traffic', () => {
  const sum = (bench: Bench, field: 'readBytes' | 'writeBytes') =>
    bench.out.of('traffic').reduce((total, { body }) => total + body[field], 0)

  test('of a demotion by plain stores is a page read for ownership and a page written', () => {
    const bench = pooled()
    expect(sum(bench, 'readBytes')).toBe(871 * 4096)
    expect(sum(bench, 'writeBytes')).toBe(871 * 4096)
    expect(bench.out.of('traffic').reduce((total, { body }) => total + body.pages.length, 0)).toBe(0)
  })

  test('of a demotion by non-temporal stores is a page written, and nothing is read', () => {
    const bench = pooled({ demotionStores: 'non-temporal' })
    expect(sum(bench, 'readBytes')).toBe(0)
    expect(sum(bench, 'writeBytes')).toBe(871 * 4096)
  })

  test('of a promotion is a page read, decompressed whole', () => {
    const bench = pooled()
    const before = sum(bench, 'readBytes')
    bench.post(901, 4, 'promote', { pages: Uint32Array.from(inPool(bench).slice(0, 10)) })
    bench.run(920)
    expect(sum(bench, 'readBytes') - before).toBe(10 * 4096)
    expect(sum(bench, 'writeBytes')).toBe(871 * 4096)
    expect(bench.out.of('traffic').at(-1)!.body.compressedReads).toBe(20)
  })

  test('of accesses is a line a miss, counted by page, at the rate of the misses', () => {
    const bench = pooled()
    const before = sum(bench, 'writeBytes')
    const { length } = bench.out.of('traffic')
    bench.post(901, WORKLOAD, 'profile', profileOf(FRAMES + 500, [{ share: 1, reads: 30, writes: 10, miss: 0.5 }]))
    bench.run(1900)
    const reports = bench.out.of('traffic').slice(length)
    const total = (of: (body: (typeof reports)[number]['body']) => ArrayLike<number>) =>
      reports.reduce((n, { body }) => n + Array.from(of(body)).reduce((x, y) => x + y, 0), 0)
    const reads = total((body) => body.reads)
    const writes = total((body) => body.writes)
    // 871 pages · 20 misses/s · 1 s, a quarter of them writes; five standard deviations.
    expect(Math.abs(reads - 17_420)).toBeLessThan(5 * Math.sqrt(17_420) + 200)
    expect(Math.abs(writes - reads / 4)).toBeLessThan(5 * Math.sqrt(reads / 4))
    expect(sum(bench, 'writeBytes') - before).toBe(writes * 64)
  })
})

test('a sweep overwrites each pooled page once and whole, and tells the device the new size', () => {
  const bench = pooled()
  const pages = inPool(bench)
  const writes = bench.out.of('traffic').reduce((total, { body }) => total + body.writeBytes, 0)
  bench.post(
    901,
    WORKLOAD,
    'profile',
    profileOf(FRAMES + 500, [], { sweepBytesPerSecond: 40e6, sweepWrites: 1, sweepPooledOnly: 1, sweepPasses: 1 }),
  )
  bench.run(1100)
  expect(bench.out.of('progress').at(-1)!.body.sweepPassesDone).toBe(1)
  expect([...bench.pools.get(DEVICE)!.values()]).toEqual(pages.map(() => 4096))
  expect(bench.out.of('traffic').reduce((total, { body }) => total + body.writeBytes, 0) - writes).toBe(pages.length * 4096)
})

test('a workload that leaves takes everything along: frames, slots, swap', () => {
  const bench = pooled()
  bench.post(901, DEVICE, 'pressure', { level: 1000 })
  bench.run(925)
  expect(bench.seen['pages.swapped']).toBeGreaterThan(10)
  bench.post(930, WORKLOAD, 'left', {})
  bench.post(931, DEVICE, 'pressure', { level: 0 })
  bench.run(1000)
  const { seen } = bench
  expect([seen['pages.free'], seen['freePages'], seen['slots.device-1'], seen['swappedBytes']]).toEqual([
    FRAMES + 500,
    FRAMES,
    0,
    0,
  ])
  expect(inPool(bench)).toEqual([])
  expect(bench.host.nextWake(1000)).toBe(Infinity)
})
