/** A host in any weather: whatever mail comes, no page is lost, no slot is written after it was given back, none is given back twice. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HINTED } from '#shared/page/page-table.ts'
import { POISONED, POOLED } from '#shared/page/transitions.ts'
import type { ClassRates } from './host.fixture.ts'
import { ROOT, WORKLOADS } from './isolation/cgroups.ts'
import type { HostSpec } from './spec.ts'
import { Bench, DEVICE, NEIGHBOUR, NODE, OPEN, profileOf, PROMOTER, PROMOTION, SECOND_DEVICE, WORKLOAD } from './host.fixture.ts'

const DEVICES = [DEVICE, SECOND_DEVICE]

const event = fc.record({
  after: fc.integer({ min: 1, max: 40 }),
  what: fc.constantFrom('promote', 'poison', 'press', 'relax', 'refuse', 'admit', 'rates', 'sweep', 'leave', 'arrive', 'load'),
  which: fc.nat({ max: 1 }),
  n: fc.integer({ min: 1, max: 60 }),
})

const rates = (n: number): ClassRates[] => [
  { share: 0.3, reads: n * 4, writes: n, miss: 0.5 },
  { share: 0.7, reads: n / 20, writes: 0, miss: 1 },
]

function apply(bench: Bench, { what, which, n }: { what: string; which: number; n: number }): void {
  const now = bench.out.now
  const device = DEVICES[which]!
  const stored = [...bench.pools.get(device)!].filter(([, size]) => size >= 0).map(([page]) => page)
  const some = Uint32Array.from(stored.slice(n, n * 2))
  if (what === 'promote') bench.post(now, PROMOTER, 'promote', { pages: some })
  if (what === 'poison') bench.post(now + 1, device, 'poisoned', { pages: some })
  if (what === 'press') bench.post(now, device, 'pressure', { level: 1000 })
  if (what === 'relax') bench.post(now, device, 'pressure', { level: 0 })
  if (what === 'refuse' || what === 'admit') bench.answer = what
  if (what === 'rates') bench.post(now, WORKLOAD, 'profile', profileOf(4000, n % 2 === 0 ? rates(n) : [...rates(n), ...rates(n)]))
  if (what === 'sweep') {
    const sweep = { sweepBytesPerSecond: n * 2e6, sweepWrites: which, sweepPooledOnly: n % 2, sweepContent: 'ratio=1.1' }
    bench.post(now, WORKLOAD, 'profile', profileOf(4000, rates(n), sweep))
  }
  if (what === 'leave') bench.post(now, n > 50 ? WORKLOAD : NEIGHBOUR, 'left', {})
  if (what === 'arrive')
    bench.post(now, 10 + n, 'profile', profileOf(n * 10, rates(n), { allocateBytesPerSecond: n * 4e6, threads: n }))
  if (what === 'load') {
    bench.post(now, device, 'load', {
      rawReadNs: n * 50,
      compressedReadNs: n * 90,
      zeroReadNs: 100,
      writeNs: n * 60,
      utilisation: n / 40,
      devLoad: 1,
    })
  }
}

const WEATHERS: readonly (readonly [name: string, changes: Partial<HostSpec>])[] = [
  ['two generations', { generations: 2 }],
  ['four generations', { generations: 4 }],
  ['an open device', { isolation: OPEN }],
  [
    'nodes that come and go',
    {
      isolation: {
        ...OPEN,
        policy: 'mempolicy',
        changes: [0b110, 0b011, 0b111, 0b100].map((mems, i) => ({ atNs: i * 3e8, cgroup: WORKLOADS, mems })),
      },
    },
  ],
  ['a cage', { access: { policy: 'read-only' } }],
  ['a cage that leaks', { access: { policy: 'read-only' }, isolation: OPEN }],
  ['a budget of writes', { access: { policy: 'write-budget', pollNs: 3e7, share: 0.25 } }],
  ['a budget of writes on an open device', { access: { policy: 'write-budget', pollNs: 3e7, share: 0.25 }, isolation: OPEN }],
  [
    'zswap',
    { generations: 3, access: { policy: 'fault-on-access', rejectAboveBytes: 2990, poolFraction: 0.05, reacceptFraction: 0.9 } },
  ],
  [
    'a driver of its own',
    {
      isolation: { ...OPEN, policy: 'dedicated-driver', tasks: new Map([[WORKLOAD, { cgroup: ROOT, deliberatePages: 900 }]]) },
    },
  ],
]

test.each(WEATHERS)('the books of host and devices agree after every step, with %s', (_, changes) => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 10, maxLength: 25 }), (events) => {
      const bench = new Bench({
        ...changes,
        devices: [NODE, { ...NODE, ordinal: SECOND_DEVICE, id: 'device-2' }],
        promotion: { ...PROMOTION, hints: true, damon: true, scanPeriodNs: 2e7 },
        proactive: { bytesPerSecond: 4e6, ageNs: 5e7 },
        swap: { bytes: 2 ** 21, bytesPerSecond: 200e6, latencyNs: 80_000 },
      })
      bench.post(0, WORKLOAD, 'profile', profileOf(4000, rates(1), { allocateBytesPerSecond: 400e6 }))
      bench.post(0, NEIGHBOUR, 'profile', profileOf(600, rates(2)))
      bench.run(100)
      for (const each of events) {
        apply(bench, each)
        for (let step = 0; step < each.after; step++) {
          bench.run(bench.out.now)
          for (const { ordinal, id } of bench.spec.devices) {
            const stored = [...bench.pools.get(ordinal)!.values()].filter((size) => size >= 0).length
            expect(bench.seen[`slots.${id}`]).toBe(stored)
          }
        }
        const { state, flags } = bench.table
        expect(state.filter((at, page) => (flags[page]! & HINTED) !== 0 && at !== POOLED && at !== POISONED)).toHaveLength(0)
      }
      // All leave (even the last to come has reported by then): nothing stays behind, on whatever side.
      bench.run(bench.out.now + 20)
      for (const { to } of bench.out.of('progress')) bench.post(bench.out.now, to, 'left', {})
      bench.run(bench.out.now + 300)
      const { seen } = bench
      expect(seen['freePages']! + (seen['dram.pageCache'] ?? 0) + (seen['dram.kernel'] ?? 0)).toBe(4096)
      const left = [...bench.pools.values()].reduce((sum, pool) => sum + pool.size, 0)
      expect(left).toBe(seen['origin.pageCache']! + seen['origin.kernel']!)
      if (changes.isolation === undefined) expect(left).toBe(0)
      expect(bench.out.of('progress').every(({ body }) => Number.isFinite(body.workNs))).toBe(true)
    }),
    { seed: 5, numRuns: 8 },
  )
})
