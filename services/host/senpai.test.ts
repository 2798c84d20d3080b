/** Proactive reclaim by pressure: how much it takes, and what a host does with it. */
import { expect, test } from 'vitest'
import { Bench, profileOf, WORKLOAD } from './host.fixture.ts'
import { Senpai } from './senpai.ts'
import type { HostSpec } from './spec.ts'

const SPEC = { intervalNs: 1e9, reclaimFraction: 0.01, pressureFraction: 0.1 }

test('a share of memory each interval, less by as much as pressure comes near its target, nothing beyond', () => {
  const senpai = new Senpai(SPEC)
  expect(senpai.due(0.9e9, 0, 1000)).toBe(0)
  expect(senpai.due(1e9, 0, 1000)).toBe(10)
  expect(senpai.due(1.5e9, 0, 1000)).toBe(0)
  // Stalled for 5 % of the second interval, for 10 % of the third, for 3 s in the fourth.
  expect(senpai.due(2e9, 0.05e9, 1000)).toBe(5)
  expect(senpai.due(3e9, 0.15e9, 1000)).toBe(0)
  expect(senpai.due(4e9, 3.15e9, 1000)).toBe(0)
  expect(senpai.due(5e9, 3.15e9, 1000)).toBe(10)
})

test('parts of a page are saved up', () => {
  const senpai = new Senpai(SPEC)
  const reclaimed = Array.from({ length: 12 }, (_, i) => senpai.due((i + 1) * 1e9, 0, 25))
  expect(reclaimed.reduce((x, y) => x + y, 0)).toBe(3)
})

const PROACTIVE = { intervalNs: 1e8, reclaimFraction: 0.05, pressureFraction: 0.02 }

/** 1000 pages of 4096, half of them busy: far above every watermark. */
function calm(changes: Partial<HostSpec> = {}): Bench {
  const bench = new Bench({ proactive: PROACTIVE, ...changes })
  const busy = { share: 0.5, reads: 200, writes: 0, miss: 0 }
  bench.post(0, WORKLOAD, 'profile', profileOf(1000, [busy, { share: 0.5, reads: 0, writes: 0, miss: 0 }]))
  return bench
}

test('the coldest pages go while nobody stalls, long before memory is short', () => {
  const bench = calm().run(1205)
  const pages = bench.out.of('demote').flatMap(({ body }) => [...body.pages])
  expect(pages.length).toBeGreaterThan(200)
  expect(pages.filter((page) => page < 500).length / pages.length).toBeLessThan(0.05)
  expect(bench.seen['demoted']).toBe(pages.length)
})

test('it stops where tasks stall for memory', () => {
  const free = calm({ access: { policy: 'fault-on-access', rejectAboveBytes: 4096, poolFraction: 1, reacceptFraction: 1 } })
  const away = { share: 0.5, reads: 200, writes: 0, miss: 0 }
  free.run(800)
  const before = free.seen['demoted']!
  // What was idle is touched now: every page that was reclaimed faults, and so does every further one.
  free.post(801, WORKLOAD, 'profile', profileOf(1000, [away, { ...away, reads: 20 }]))
  free.run(2000)
  const stalledShare = free.seen['faultStallSeconds']! / 1.2
  expect(before).toBeGreaterThan(150)
  expect(free.seen['accessFaults']).toBeGreaterThan(before / 2)
  // It settles where tasks stall for the target's share of time, and no more.
  expect(stalledShare).toBeLessThan(PROACTIVE.pressureFraction)
})

test('what the device refuses is left alone, though there is swap', () => {
  const bench = calm()
  bench.answer = 'refuse'
  bench.run(1500)
  expect(bench.seen['refused']).toBeGreaterThan(100)
  expect(bench.seen['refusedProactive']).toBe(bench.seen['refused'])
  expect(bench.seen['swappedOut']).toBe(0)
})
