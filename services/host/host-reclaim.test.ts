/** Reclaim of a host among doubles: kswapd and its watermarks, refusals, pressure, direct reclaim, the OOM killer. */
import { describe, expect, test } from 'vitest'
import { ACCESSED } from '#shared/page/page-table.ts'
import { DEMOTING } from '#shared/page/transitions.ts'
import { Bench, DEVICE, NEIGHBOUR, NODE, profileOf, PROMOTION, SECOND_DEVICE, WORKLOAD } from './host.fixture.ts'
import type { HostSpec } from './spec.ts'

const FRAMES = 4096
const MARKS = { min: 128, low: 209, high: 290, promo: 371 }

/** A host with an idle workload of `pages`, which takes 390 ms to allocate 4000 of them. */
function occupied(pages: number, changes: Partial<HostSpec> = {}, threads = 1): Bench {
  const bench = new Bench(changes)
  bench.post(0, WORKLOAD, 'profile', profileOf(pages, [], { threads }))
  return bench
}

const NO_SWAP = { bytes: 0, bytesPerSecond: 1e9, latencyNs: 0 }

describe('kswapd', () => {
  test('sleeps while free memory is not below the low watermark', () => {
    const { seen, out } = occupied(FRAMES - MARKS.low).run(600)
    expect(seen['freePages']).toBe(MARKS.low)
    expect(out.of('demote')).toEqual([])
  })

  test('wakes below low and stops at high', () => {
    const { seen, out } = occupied(FRAMES - MARKS.low + 1).run(600)
    expect(out.of('demote').length).toBeGreaterThan(0)
    expect(seen['freePages']).toBe(MARKS.high)
    expect(seen['pages.pooled']).toBe(MARKS.high - MARKS.low + 1)
    expect(seen['demoted']).toBe(seen['pages.pooled'])
  })

  test('goes on to promo while promotion is on', () => {
    const { seen } = occupied(FRAMES - MARKS.low + 1, { promotion: PROMOTION }).run(600)
    expect(seen['freePages']).toBe(MARKS.promo)
  })

  test('swaps where there is no device, and the frames come back when they are written', () => {
    const bench = occupied(FRAMES - MARKS.low + 1, {
      devices: [],
      swap: { bytes: 2 ** 24, bytesPerSecond: 4096e2, latencyNs: 0 },
    })
    bench.run(600)
    const { freePages, writebackPages, swappedOut } = bench.seen
    expect(writebackPages).toBeGreaterThan(0)
    expect(freePages! + writebackPages!).toBe(MARKS.low - 1 + swappedOut!)
    expect(freePages).toBeLessThan(MARKS.high)
    expect(bench.run(2000).seen['freePages']).toBe(MARKS.high)
    expect(bench.seen['swappedOut']).toBe(MARKS.high - MARKS.low + 1)
  })

  test('asks in batches of the given size and spreads them over the devices', () => {
    const devices = [NODE, { ...NODE, ordinal: SECOND_DEVICE, id: 'device-2' }]
    const { seen, out } = occupied(FRAMES + 400, { devices, demotionBatch: 16 }).run(900)
    expect(Math.max(...out.of('demote').map(({ body }) => body.pages.length))).toBe(16)
    expect(seen['slots.device-1']! / seen['slots.device-2']!).toBeCloseTo(1, 0)
    expect(new Set(out.of('demote').map(({ body }) => body.batch)).size).toBe(out.of('demote').length)
  })

  test('takes the idle pages and leaves the busy ones in DRAM', () => {
    const bench = new Bench()
    const busy = { share: 0.5, reads: 1000, writes: 0, miss: 0.01 }
    bench.post(0, WORKLOAD, 'profile', profileOf(FRAMES - 100, [busy, { share: 0.5, reads: 0, writes: 0, miss: 0 }]))
    bench.run(700)
    const pages = bench.out.of('demote').flatMap(({ body }) => [...body.pages])
    expect(pages.length).toBeGreaterThan(100)
    expect(pages.every((page) => page >= (FRAMES - 100) / 2)).toBe(true)
  })
})

test('where every tick touches every page, kswapd takes victims all the same, but only in the third tick that it looks', () => {
  const bench = new Bench()
  bench.post(0, WORKLOAD, 'profile', profileOf(FRAMES - MARKS.low + 20, [{ share: 1, reads: 5000, writes: 0, miss: 0 }]))
  bench.run(600)
  const demotes = bench.out.of('demote')
  expect(bench.seen['freePages']).toBe(MARKS.high)
  // 3907 pages at 10.24 a quantum: low is undercut in quantum 379, the last before a tick.
  expect(demotes[0]!.quantum).toBe(390)
})

describe('while the question is out', () => {
  test('a page keeps its frame, is touched there, and costs the device nothing', () => {
    const bench = occupied(FRAMES - MARKS.low + 1)
    bench.answer = 'silence'
    bench.run(500)
    const asked = bench.out.of('demote').flatMap(({ body }) => [...body.pages])
    expect(bench.seen['pages.demoting']).toBe(asked.length)
    expect(bench.seen['freePages']).toBe(MARKS.low - 1)
    const { table } = bench
    expect(asked.every((page) => table.state[page] === DEMOTING)).toBe(true)
    const rows = new Uint32Array(asked.length).fill(3)
    const zeros = new Uint32Array(asked.length)
    bench.post(501, WORKLOAD, 'accesses', {
      epoch: 0,
      workNs: 1e6,
      pages: Uint32Array.from(asked),
      reads: rows,
      writes: zeros,
      llcReads: rows,
      llcWritebacks: zeros,
    })
    bench.run(530)
    const after = bench.table
    const progress = bench.out.of('progress').at(-1)!.body
    expect(progress.epochsDone).toBe(1)
    expect(progress.workNs).toBeCloseTo(bench.out.of('progress').at(-1)!.quantum * 1e6, -6)
    for (const page of asked) {
      expect(after.flags[page]! & ACCESSED).not.toBe(0)
      expect(after.last[page]).toBeGreaterThan(50_000)
    }
    expect(bench.out.of('traffic')).toEqual([])
  })

  test('touches in DRAM up to the copy are drawn at the rate of DRAM', () => {
    const bench = new Bench()
    bench.post(0, WORKLOAD, 'profile', profileOf(FRAMES - MARKS.low + 20, [{ share: 1, reads: 2000, writes: 0, miss: 1 }]))
    bench.answer = 'silence'
    while (bench.out.of('demote').length === 0) bench.run(bench.out.now)
    const { quantum, body } = bench.out.of('demote')[0]!
    for (const page of body.pages) bench.pools.get(DEVICE)!.set(page, -1)
    bench.post(quantum + 105, DEVICE, 'admitted', { batch: body.batch, pages: body.pages })
    bench.run(quantum + 105)
    const { last, known } = bench.table
    const work = bench.out.of('progress').at(-1)!.body.workNs / 1e4
    expect(work).toBeGreaterThan((quantum + 90) * 100)
    for (const page of body.pages) {
      expect(known[page]).toBe(work)
      // Untouched for 10 ms at 2000 touches a second: never.
      expect(work - last[page]!).toBeLessThan(1000)
    }
  })

  test('a page that is freed gives the reservation back when the answer comes', () => {
    const bench = occupied(FRAMES - MARKS.low + 1)
    while (bench.out.of('demote').length === 0) bench.run(bench.out.now)
    const { quantum } = bench.out.of('demote')[0]!
    bench.post(quantum + 1, WORKLOAD, 'left', {})
    bench.run(quantum + 5)
    const asked = bench.out.of('demote').flatMap(({ body }) => [...body.pages])
    expect(bench.seen['pages.free']).toBe(FRAMES - MARKS.low + 1)
    expect(bench.seen['slots.device-1']).toBe(0)
    expect(bench.seen['demoted']).toBe(0)
    expect(bench.out.of('released').flatMap(({ body }) => [...body.pages])).toEqual(asked)
    expect(bench.pools.get(DEVICE)!.size).toBe(0)
  })
})

describe('a refusal', () => {
  test('under pressure leads to swap', () => {
    const bench = occupied(FRAMES - MARKS.low + 1)
    bench.answer = 'refuse'
    const { seen } = bench.run(700)
    expect(seen['demoted']).toBe(0)
    expect(seen['refused']).toBe(seen['swappedOut'])
    expect(seen['swappedOut']).toBe(MARKS.high - MARKS.low + 1)
    expect(seen['freePages']).toBe(MARKS.high)
  })

  test('in proactive reclaim leaves the page alone', () => {
    const bench = occupied(1000, { proactive: { bytesPerSecond: 4e6, ageNs: 2e8 } })
    bench.answer = 'refuse'
    const { seen } = bench.run(1500)
    expect(seen['refused']).toBeGreaterThan(100)
    expect(seen['refusedProactive']).toBe(seen['refused'])
    expect(seen['swappedOut']).toBe(0)
    expect(seen['pages.local']! + seen['pages.demoting']!).toBe(1000)
    const { proactiveBatches } = bench.run(1502).host.snapshot()['demotion'] as { proactiveBatches: number[] }
    // Answered batches are forgotten; at most those of the last two quanta are out.
    expect(proactiveBatches.length).toBeLessThanOrEqual(2)
  })

  test('of a part of a batch demotes the rest', () => {
    const bench = occupied(FRAMES - MARKS.low + 1)
    bench.answer = 'silence'
    while (bench.out.of('demote').length === 0) bench.run(bench.out.now)
    const { quantum, body } = bench.out.of('demote')[0]!
    const half = body.pages.length >> 1
    for (const page of body.pages.subarray(0, half)) bench.pools.get(DEVICE)!.set(page, -1)
    bench.post(quantum + 2, DEVICE, 'admitted', { batch: body.batch, pages: body.pages.slice(0, half) })
    bench.post(quantum + 2, DEVICE, 'refused', {
      batch: body.batch,
      pages: body.pages.slice(half),
      reasons: new Uint8Array(body.pages.length - half),
    })
    bench.run(quantum + 2)
    expect(bench.seen['demoted']).toBe(half)
    expect(bench.seen['swappedOut']).toBe(body.pages.length - half)
  })
})

test('proactive reclaim demotes what has been cold for long enough, at its rate, and nothing younger', () => {
  const bench = new Bench({ proactive: { bytesPerSecond: 100 * 4096, ageNs: 5e8 } })
  const busy = { share: 0.5, reads: 100, writes: 0, miss: 0 }
  bench.post(0, WORKLOAD, 'profile', profileOf(1000, [busy, { share: 0.5, reads: 0, writes: 0, miss: 0 }]))
  expect(bench.run(480).seen['demoted']).toBe(0)
  bench.run(2500)
  const pages = bench.out.of('demote').flatMap(({ body }) => [...body.pages])
  expect(pages.every((page) => page >= 500)).toBe(true)
  // Two seconds at 100 pages a second; what was saved up before anything was old enough is bounded by 8 batches.
  expect(bench.seen['demoted']).toBeGreaterThan(180)
  expect(bench.seen['demoted']).toBeLessThanOrEqual(250)
})

describe('pressure of a device', () => {
  function pressed(): Bench {
    const bench = occupied(FRAMES + 500, { swap: { bytes: 2 ** 24, bytesPerSecond: 40e6, latencyNs: 0 } })
    bench.run(900)
    return bench
  }

  test('has the pooled pages read through the device and swapped out, and its end stops that', () => {
    const bench = pressed()
    const pooled = bench.seen['pages.pooled']!
    expect(pooled).toBe(500 + MARKS.high)
    const before = bench.out.of('traffic').reduce((sum, { body }) => sum + body.readBytes, 0)
    bench.post(901, DEVICE, 'pressure', { level: 1000 })
    bench.run(930)
    const out = bench.seen['swappedOutPooled']!
    expect(out).toBeGreaterThan(200)
    expect(bench.seen['pages.pooled']).toBe(pooled - out)
    bench.post(931, DEVICE, 'pressure', { level: 0 })
    bench.run(960)
    expect(bench.seen['swappedOutPooled']).toBe(out)
    expect(bench.out.of('traffic').reduce((sum, { body }) => sum + body.readBytes, 0) - before).toBe(out * 4096)
    expect(bench.pools.get(DEVICE)!.size).toBe(pooled - out)
  })

  test('takes the oldest first: pages demoted before the pages of a later walk', () => {
    const bench = pressed()
    const order = bench.out.of('demote').flatMap(({ body }) => [...body.pages])
    const early = new Set(order.slice(0, 300))
    bench.post(901, DEVICE, 'pressure', { level: 1000 })
    bench.run(921)
    const swapped = bench.out.of('released').flatMap(({ body }) => [...body.pages])
    expect(swapped.length).toBeGreaterThan(20)
    expect(swapped.filter((page) => early.has(page)).length / swapped.length).toBeGreaterThan(0.9)
  })

  test('of a small degree reclaims only down to the boosted watermark', () => {
    const advertisedBytes = 1024 * 4096
    const bench = occupied(FRAMES + 500, { devices: [{ ...NODE, advertisedBytes }], watermarkScaleFactor: 200 })
    bench.run(900)
    const pooled = bench.seen['pages.pooled']!
    bench.post(901, DEVICE, 'pressure', { level: 300 })
    bench.run(1100)
    // high of a node of 1024 pages: min 64, gap 20; boost 307.2.
    expect(bench.seen['slots.device-1']).toBe(1024 - Math.ceil(104 + 307.2))
    expect(bench.seen['slots.device-1']).toBeLessThan(pooled)
  })
})

describe('direct reclaim', () => {
  test('stalls a workload that allocates below min, and counts it', () => {
    const bench = new Bench({ swap: { bytes: 2 ** 24, bytesPerSecond: 8e6, latencyNs: 0 }, devices: [] })
    bench.post(0, WORKLOAD, 'profile', profileOf(FRAMES + 500, [], { allocateBytesPerSecond: 400e6 }))
    bench.run(100)
    expect(bench.seen['freePages']).toBeLessThanOrEqual(MARKS.low)
    expect(bench.seen['directReclaimStallSeconds']).toBeGreaterThan(0.02)
    expect(bench.seen['slowdown']).toBeGreaterThan(1.2)
    expect(bench.seen['oomKills']).toBe(0)
  })

  test('does not happen above min', () => {
    expect(occupied(FRAMES - MARKS.low).run(600).seen['directReclaimStallSeconds']).toBe(0)
  })

  test('is counted for a trace as well, when its first touch finds no frame', () => {
    const bench = new Bench({ devices: [], swap: NO_SWAP })
    const pages = Uint32Array.from({ length: FRAMES }, (_, page) => page)
    const ones = new Uint32Array(FRAMES).fill(1)
    bench.post(0, WORKLOAD, 'profile', profileOf(FRAMES, [], { allocateBytesPerSecond: 0 }))
    bench.post(1, WORKLOAD, 'accesses', {
      epoch: 0,
      workNs: 1e7,
      pages,
      reads: ones,
      writes: ones,
      llcReads: ones,
      llcWritebacks: ones,
    })
    bench.run(60)
    expect(bench.seen['allocated']).toBe(FRAMES - MARKS.min)
    expect(bench.seen['directReclaimStallSeconds']).toBeCloseTo(0.005, 2)
    expect(bench.out.of('progress').at(-1)!.body.epochsDone).toBe(0)
  })
})

describe('the OOM killer', () => {
  test.each([
    ['without device or swap', { devices: [], swap: NO_SWAP }],
    ['when the device refuses and swap is full', { swap: { bytes: 200 * 4096, bytesPerSecond: 1e9, latencyNs: 0 } }],
    ['at a quantum as long as a tick', { swap: NO_SWAP, quantumNs: 1e7 }],
  ])('takes the largest workload %s, once nothing is left to try', (_name, changes: Partial<HostSpec>) => {
    const bench = new Bench(changes)
    bench.answer = 'refuse'
    const scale = 1e6 / bench.spec.quantumNs
    bench.post(0, WORKLOAD, 'profile', profileOf(1000))
    bench.post(0, NEIGHBOUR, 'profile', profileOf(FRAMES))
    const slots = Math.floor(bench.spec.swap.bytes / 4096)
    let fullAt = -1
    for (let quantum = 0; quantum < 3000 * scale && bench.seen['oomKills'] === 0; quantum++) {
      bench.run(quantum)
      if (fullAt < 0 && bench.seen['freePages']! <= MARKS.min && bench.seen['pages.swapped'] === slots) fullAt = quantum
    }
    const kill = bench.out.of('killed')
    expect(kill.map(({ to, body }) => [to, body.cause])).toEqual([[NEIGHBOUR, 'oom']])
    expect(fullAt).toBeGreaterThan(0)
    // Sixteen ticks of 10 ms without progress.
    expect(kill[0]!.quantum - fullAt).toBeGreaterThanOrEqual(150 * scale)
    expect(bench.out.events.map(({ code, fields }) => [code, fields['cause']])).toEqual([['killed', 'oom']])
    bench.run(bench.out.now + 2000 * scale)
    expect(bench.seen['oomKills']).toBe(1)
    expect(bench.seen['allocated']).toBe(1000)
  })

  test('stays away while swap takes pages, however slowly', () => {
    const bench = new Bench({ devices: [], swap: { bytes: 2 ** 24, bytesPerSecond: 1e6, latencyNs: 0 } })
    bench.post(0, WORKLOAD, 'profile', profileOf(FRAMES + 300))
    expect(bench.run(2500).seen['oomKills']).toBe(0)
    expect(bench.seen['allocated']).toBe(FRAMES + 300)
  })
})
