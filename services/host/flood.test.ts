/** Misses by their number against misses one by one: the same class on the same device, in distribution. */
import { describe, expect, test } from 'vitest'
import { poisson } from '#shared/distributions.ts'
import { ACCESSED } from '#shared/page/page-table.ts'
import { fork, Stream } from '#shared/random.ts'
import { Recorder } from '#shared/recorder.fixture.ts'
import { below } from './flood.ts'
import { demoteNow, hostSpec, NODE, partsOf, profileOf, WORKLOAD } from './host.fixture.ts'
import { chiSquare, count, kolmogorovSmirnov, type Counts } from './statistics.fixture.ts'

/** Work ticks of an accounting tick of 10 ms, and accounting ticks of an epoch. */
const TICK = 1000
const EPOCH = 20
const PAGES = 40_000
const ALPHA = 0.001
const SEEDS = [1, 2, 3, 4, 5]

interface Rates {
  readonly reads: number
  readonly writes: number
  readonly miss: number
  readonly threshold: number
}

/** What the device and reclaim see of a class of pooled pages; every fifth of them is stored raw. */
interface Seen {
  /** By tick: lines, bytes written, lines that met compressed pages, pages recompressed. */
  readonly traffic: readonly (readonly number[])[]
  /** By epoch: pages that reached the threshold. */
  readonly hot: readonly number[]
  /** By tick: pages with a new size. */
  readonly resized: readonly number[]
  /** Whether each page was found accessed by a walk after each epoch. */
  readonly touched: readonly string[]
}

function observe({ threshold, ...rates }: Rates, seed: number, flooding: boolean, epochs = 3): Seen {
  const monitor = flooding ? { epochNs: EPOCH * 1e7, threshold } : undefined
  const spec = hostSpec({ seed, memoryBytes: 2 ** 28, devices: [{ ...NODE, advertisedBytes: 2 ** 30, monitor }] })
  const { memory, history, access, tenancy, links } = partsOf(spec)
  const { table } = memory
  tenancy.profile(WORKLOAD, profileOf(PAGES, [{ share: 1, ...rates }], { written: ['ratio=3'] }), 0)
  const resident = tenancy.residents[0]!
  for (let page = 0; page < PAGES; page++) {
    memory.allocate(page, 0)
    table.flags[page]! &= ~ACCESSED
    demoteNow(memory, history, page, 0)
    if (page % 5 === 0) table.size[page] = 4096
  }
  const seen = {
    traffic: [] as number[][],
    hot: [] as number[],
    resized: [] as number[],
    touched: Array.from({ length: PAGES }, () => ''),
  }
  for (let epoch = 0; epoch < epochs; epoch++) {
    const counts = new Uint16Array(PAGES)
    for (let tick = 0; tick < EPOCH; tick++) {
      resident.work += TICK
      access.tick(resident, TICK, (epoch * EPOCH + tick + 1) * 1e7)
      expect(history.flooded(0)).toBe(flooding)
      const out = new Recorder('host-1')
      links[0]!.flush(out)
      links[0]!.reportTraffic(out, 1e7)
      const { readBytes, writeBytes, compressedReads, recompressions, pages, reads, writes } = out.of('traffic')[0]!.body
      seen.traffic.push([readBytes / 64, writeBytes / 64, compressedReads, recompressions])
      pages.forEach((page, i) => (counts[page]! += reads[i]! + writes[i]!))
      seen.resized.push(out.of('written')[0]?.body.pages.length ?? 0)
      access.settle(resident)
    }
    seen.hot.push(counts.filter((n) => n >= threshold).length)
    for (let page = 0; page < PAGES; page++) {
      history.reveal(page, resident.work)
      seen.touched[page] += (table.flags[page]! & ACCESSED) !== 0 ? '1' : '0'
      table.flags[page]! &= ~ACCESSED
    }
  }
  return seen
}

/** From a fifth of a touch an epoch to some hundreds; every one of them is a flood with so many pages. */
const CASES: [string, Rates][] = [
  ['cold', { reads: 12, writes: 3, miss: 0.5, threshold: 6 }],
  ['lukewarm', { reads: 40, writes: 10, miss: 0.4, threshold: 6 }],
  ['hot', { reads: 400, writes: 100, miss: 0.6, threshold: 16 }],
]

describe.each(CASES)('a %s class', (name, rates) => {
  const seeds = name === 'hot' ? SEEDS.slice(0, 1) : SEEDS
  const flood = seeds.map((seed) => observe(rates, seed, true))
  const single = seeds.map((seed) => observe(rates, seed + 100, false))

  test.each(
    ['lines', 'bytes written', 'lines that met compressed pages', 'recompressions'].map(
      (what, column) => [what, column] as const,
    ),
  )('brings as many %s in a tick', (_, column) => {
    const of = (all: readonly Seen[]): number[] => all.flatMap(({ traffic }) => traffic.map((row) => row[column]!))
    // Lines and bytes in distribution; what is split by a sample has the mean alone.
    if (column < 2) expect(kolmogorovSmirnov(of(flood), of(single))).toBeGreaterThan(ALPHA)
    const errors = 5 * Math.sqrt(0.2 / 64 / of(flood).length)
    expect(Math.abs(mean(of(flood)) / mean(of(single)) - 1)).toBeLessThan(Math.max(0.005, errors))
  })

  test('makes as many pages hot in an epoch', () => {
    const of = (all: readonly Seen[]): number => mean(all.flatMap(({ hot }) => hot))
    const p = 1 - below(rates.threshold, (rates.reads * rates.miss * EPOCH) / 100, (rates.writes * rates.miss * EPOCH) / 100)
    // Exactly so many; of those that are sure to be hot, all but exp(−2).
    const expected = PAGES * Math.min(p, 1 - Math.exp(-2))
    const error = 4.5 * Math.sqrt((PAGES * p * (1 - p) + PAGES * 0.12) / (3 * seeds.length))
    expect(Math.abs(of(flood) - expected)).toBeLessThan(error)
    expect(Math.abs(of(single) - PAGES * p)).toBeLessThan(error)
  })

  test('renews as many sizes', () => {
    const of = (all: readonly Seen[]): number => all.reduce((sum, { resized }) => sum + resized.reduce((x, y) => x + y, 0), 0)
    // Pages that had the size already are not told again, one by one or not.
    expect(Math.abs(of(flood) - of(single))).toBeLessThan(4 * Math.sqrt(of(flood) + of(single)))
  })

  test('is found accessed as often by walk after walk', () => {
    const of = (all: readonly Seen[]): Counts => {
      const counts: Counts = new Map()
      for (const { touched } of all) for (const pattern of touched) count(counts, pattern)
      return counts
    }
    expect(chiSquare(of(flood), of(single))).toBeGreaterThan(ALPHA)
  })
})

test('the probability to stay below a threshold is that of fills and write-backs counted one by one', () => {
  const stream = new Stream(fork(1, 'below'))
  for (const [threshold, reads, writes] of [
    [1, 0.3, 0.1],
    [2, 1, 0.5],
    [3, 2, 0],
    [16, 9, 3],
    [200, 100, 40],
  ] as const) {
    let under = 0
    for (let i = 0; i < 20_000; i++) if (poisson(stream, reads) + 2 * poisson(stream, writes) < threshold) under++
    const p = below(threshold, reads, writes)
    expect(Math.abs(under / 20_000 - p)).toBeLessThan(4.5 * Math.sqrt((p * (1 - p)) / 20_000) + 1e-4)
  }
  expect(below(16, 800, 0)).toBe(0)
  expect(below(16, 0, 0)).toBe(1)
})

test('a class that turns from one mode into the other has its history revealed under the one that it leaves', () => {
  const monitor = { epochNs: EPOCH * 1e7, threshold: 6 }
  const spec = hostSpec({ memoryBytes: 2 ** 28, devices: [{ ...NODE, advertisedBytes: 2 ** 30, monitor }] })
  const { memory, history, access, tenancy } = partsOf(spec)
  tenancy.profile(WORKLOAD, profileOf(PAGES, [{ share: 1, reads: 12, writes: 3, miss: 0.5 }]), 0)
  const resident = tenancy.residents[0]!
  for (let page = 0; page < PAGES; page++) {
    memory.allocate(page, 0)
    demoteNow(memory, history, page, 0)
  }
  const known = (): number => memory.table.known[PAGES - 1]!
  const step = (): void => {
    resident.work += TICK
    access.tick(resident, TICK, resident.work * 1e4)
  }
  step()
  expect([history.flooded(0), known()]).toEqual([true, 0])
  step()
  // Five sixths come home: 500 misses a tick are left, which are none.
  for (let page = 0; page < (PAGES * 5) / 6; page++) {
    memory.startPromotion(page)
    memory.arrive(page)
  }
  step()
  expect([history.flooded(0), known()]).toEqual([false, 2 * TICK])
  // And not before there are twice as many again.
  for (let page = 0; page < 6000; page++) demoteNow(memory, history, page, resident.work)
  step()
  expect(history.flooded(0)).toBe(false)
  for (let page = 6000; page < (PAGES * 5) / 6; page++) demoteNow(memory, history, page, resident.work)
  step()
  expect([history.flooded(0), known()]).toEqual([true, 4 * TICK])
})

function mean(values: readonly number[]): number {
  return values.reduce((x, y) => x + y, 0) / values.length
}
