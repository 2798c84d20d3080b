/** A device asks the host to pause its writers: who stands still, for how long, and who goes on. */
import { expect, test } from 'vitest'
import { Bench, DEVICE, NEIGHBOUR, NODE, profileOf, WORKLOAD, type ClassRates } from './host.fixture.ts'

const PAUSABLE = { ...NODE, pauses: true }
const FRAMES = 4096
const busy = (writes: number): ClassRates => ({ share: 1, reads: 0.5, writes, miss: 1 })

/** A host of 4096 frames with a workload of 4400 pages, some of which must be in the pool, and a small neighbour. */
function bench(writes: number): Bench {
  const made = new Bench({ devices: [PAUSABLE] })
  made.post(0, NEIGHBOUR, 'profile', profileOf(10, [busy(5)]))
  made.post(0, WORKLOAD, 'profile', profileOf(FRAMES + 300, [busy(writes)], { threads: 4 }))
  return made
}

function workNs(made: Bench, workload: number, until: number): number {
  return made.out.of('progress').findLast(({ to, quantum }) => to === workload && quantum <= until)!.body.workNs
}

test('a writer with pages in the pool stands still from the word of the device to its next, to the quantum', () => {
  const made = bench(5)
  made.post(603, DEVICE, 'pause', { paused: 1 })
  made.post(637, DEVICE, 'pause', { paused: 0 })
  made.run(800)
  expect(made.seen['pages.pooled']).toBeGreaterThan(0)
  const free = bench(5).run(800)
  // 34 ms, give or take what its accesses to the pool have cost.
  const lostNs = workNs(free, WORKLOAD, 800) - workNs(made, WORKLOAD, 800)
  expect(lostNs / 34e6).toBeCloseTo(1, 1)
  expect(workNs(made, WORKLOAD, 630)).toBe(workNs(made, WORKLOAD, 610))
  expect(made.seen['pausedSeconds']).toBeCloseTo(0.034, 9)
})

test('it writes nothing meanwhile', () => {
  const made = bench(200)
  made.post(600, DEVICE, 'pause', { paused: 1 })
  made.run(700)
  const during = made.out.of('traffic').filter(({ quantum }) => quantum > 610)
  expect(made.out.of('traffic').some(({ quantum, body }) => quantum < 600 && body.writeBytes > 0)).toBe(true)
  // What else crosses the link are copies of the kernel.
  expect(during.flatMap(({ body }) => [...body.writes])).toEqual([])
})

test('who only reads goes on, and so does who has no page in the pool', () => {
  const made = bench(0)
  made.post(603, DEVICE, 'pause', { paused: 1 })
  made.run(800)
  const free = bench(0).run(800)
  for (const workload of [WORKLOAD, NEIGHBOUR]) expect(workNs(made, workload, 800)).toBe(workNs(free, workload, 800))
  expect(made.seen['pausedSeconds']).toBe(0)
})

test('a paused workload allocates nothing', () => {
  const made = bench(5)
  // 10.24 pages a quantum: at 420 the host is over its low watermark, and the workload not done.
  made.post(420, DEVICE, 'pause', { paused: 1 })
  made.run(420)
  const before = made.seen['allocated']
  expect(before).toBeLessThan(FRAMES + 300)
  expect(made.run(600).seen['allocated']).toBe(before)
})

test('the kernel goes on: under pressure it takes the pages of a paused writer off the device', () => {
  const made = bench(5)
  made.post(603, DEVICE, 'pressure', { level: 1000 })
  made.post(603, DEVICE, 'pause', { paused: 1 })
  made.run(700)
  expect(made.seen['swappedOutPooled']).toBeGreaterThan(100)
  // With its last page in the pool the reason to pause it is gone.
  expect(made.seen['pages.pooled']).toBe(0)
  expect(workNs(made, WORKLOAD, 700)).toBeGreaterThan(workNs(made, WORKLOAD, 620))
})
