import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { BodyOf } from '#shared/messages.ts'
import { DEVICE_SHIFT } from '#shared/page/page-table.ts'
import { POOLED } from '#shared/page/transitions.ts'
import { Bench, DEVICE, NEIGHBOUR, NODE, profileOf, PROMOTION, SECOND_DEVICE, WORKLOAD } from './host.fixture.ts'

const TWO_NODES = [NODE, { ...NODE, ordinal: SECOND_DEVICE, id: 'device-2' }]

const rates = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom(0, 1, 20, 500)), { minLength: 1, maxLength: 5 })
  .map((classes) => {
    const sum = classes.reduce((total, [share]) => total + share, 0)
    return classes.map(([share, reads]) => ({ share: share / sum, reads, writes: reads / 4, miss: 0.5 }))
  })

/** Two workloads and what of them lies on the devices. */
const given = fc.record({
  pages: fc.tuple(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 1500 })),
  classes: fc.tuple(rates, rates),
  contiguous: fc.constantFrom(0, 1),
  pooled: fc.double({ min: 0, max: 1, noNaN: true }),
  devices: fc.constantFrom(TWO_NODES.slice(0, 1), TWO_NODES),
  generations: fc.integer({ min: 2, max: 4 }),
})
type Given = typeof given extends fc.Arbitrary<infer T> ? T : never

function begun({ pages, classes, contiguous, pooled, devices, generations }: Given, changes = {}): Bench {
  const all = pages[0] + pages[1]
  const start = { pooledPages: Math.ceil(all * pooled), workloads: new Set([WORKLOAD, NEIGHBOUR]), pages: all }
  const bench = new Bench({ devices, generations, start, promotion: PROMOTION, ...changes })
  bench.post(1, WORKLOAD, 'profile', profileOf(pages[0], classes[0], { contiguous }))
  bench.post(1, NEIGHBOUR, 'profile', profileOf(pages[1], classes[1], { contiguous }))
  return bench.run(1)
}

test('at the start every page is somewhere, the devices are told of theirs, and the books balance', () => {
  fc.assert(
    fc.property(given, (one) => {
      const bench = begun(one)
      const all = one.pages[0] + one.pages[1]
      const pooled = Math.ceil(all * one.pooled)
      // Bench.run() observes, which asserts that states, classes, lists and slots agree.
      expect(bench.seen).toMatchObject({ allocatedEver: all, startedPooled: pooled, demoted: 0, transitions: all })
      expect(bench.seen).toMatchObject({ 'pages.pooled': pooled, 'pages.local': all - pooled, 'pages.free': 0 })
      const { state, flags, size } = bench.table
      one.devices.forEach(({ ordinal, id }, device) => {
        const slots = bench.pools.get(ordinal)!
        expect(slots.size).toBe(bench.seen[`slots.${id}`])
        for (const [page, bytes] of slots) {
          expect([state[page], flags[page]! >> DEVICE_SHIFT, size[page]]).toEqual([POOLED, device, bytes])
        }
      })
      const held = one.devices.map(({ ordinal }) => bench.pools.get(ordinal)!.size)
      expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(1)
    }),
    { numRuns: 60 },
  )
})

test('no page in DRAM is colder than one on a device, nor one of an older generation warmer than one of a younger', () => {
  fc.assert(
    fc.property(given, (one) => {
      const bench = begun(one)
      const classes = bench.host.snapshot()['classes'] as { readsPerTick: number; writesPerTick: number }[]
      const { state, flags, klass } = bench.table
      const touches = (page: number): number => classes[klass[page]!]!.readsPerTick + classes[klass[page]!]!.writesPerTick
      const hottest = new Float64Array(5).fill(-1)
      const coldest = new Float64Array(5).fill(Infinity)
      for (let page = 0; page < one.pages[0] + one.pages[1]; page++) {
        const place = state[page] === POOLED ? 0 : 1 + (flags[page]! & 3)
        hottest[place] = Math.max(hottest[place]!, touches(page))
        coldest[place] = Math.min(coldest[place]!, touches(page))
      }
      for (let place = 1; place < 5; place++) {
        const colder = Math.max(...hottest.subarray(0, place))
        expect(colder).toBeLessThanOrEqual(coldest[place]!)
      }
    }),
    { numRuns: 60 },
  )
})

test('reclaim finds its victims without a walk, the coldest first', () => {
  const start = { pooledPages: 400, workloads: new Set([WORKLOAD]), pages: 4300 }
  // 3,900 of 4,096 frames are taken, below the low watermark.
  const bench = new Bench({ start })
  const classes = [
    { share: 0.5, reads: 0, writes: 0, miss: 0.5 },
    { share: 0.5, reads: 1000, writes: 0, miss: 0.5 },
  ]
  bench.post(1, WORKLOAD, 'profile', profileOf(4300, classes))
  bench.run(100)
  expect(bench.seen['demoted']).toBeGreaterThan(80)
  expect(bench.seen['agings']).toBe(0)
  const { state, klass } = bench.table
  for (let page = 0; page < 4300; page++) if (state[page] === POOLED) expect(klass[page]).toBe(0)
})

test('a workload that starts with the run and one that comes later share the host: the latter allocates as ever', () => {
  const start = { pooledPages: 500, workloads: new Set([WORKLOAD]), pages: 1000 }
  const bench = new Bench({ start })
  bench.post(1, WORKLOAD, 'profile', profileOf(1000))
  bench.post(1, NEIGHBOUR, 'profile', profileOf(1000))
  bench.run(50)
  expect(bench.seen['pages.pooled']).toBe(500)
  expect(bench.seen['allocated']).toBeGreaterThan(1400)
  expect(bench.seen['allocated']).toBeLessThan(1600)
})

test('a host restored from a snapshot does not begin again', () => {
  const start = { pooledPages: 500, workloads: new Set([WORKLOAD]), pages: 1000 }
  const bench = new Bench({ start })
  bench.post(1, WORKLOAD, 'profile', profileOf(1000))
  bench.run(1)
  const restored = new Bench({ start })
  restored.host.restore(bench.host.snapshot())
  restored.out.now = 2
  restored.run(30)
  expect(restored.out.sent.filter(({ kind }) => kind === 'stocked')).toEqual([])
  expect(restored.seen['startedPooled']).toBe(500)
})

test('the device hears how many pages the host has, so that it makes room once', () => {
  const start = { pooledPages: 10, workloads: new Set([WORKLOAD]), pages: 1000 }
  const bench = new Bench({ start })
  bench.post(1, WORKLOAD, 'profile', profileOf(1000))
  bench.run(1)
  const told = bench.out.sent.filter(({ kind, to }) => kind === 'stocked' && to === DEVICE)
  expect(told.map(({ body }) => (body as BodyOf<'stocked'>).hostPages)).toEqual([1000])
})
