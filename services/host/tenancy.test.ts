import { ACCESSED } from '#shared/page/page-table.ts'
import { Recorder } from '#shared/recorder.fixture.ts'
import { expect, test } from 'vitest'
import { touchesPerTick } from './classes.ts'
import { demoteNow, NEIGHBOUR, partsOf, profileOf, WORKLOAD } from './host.fixture.ts'

const rates = (reads: number, share = 1) => ({ share, reads, writes: 0, miss: 0.5 })

test('pages get classes by share, in order or scattered, and each workload its own range', () => {
  const { memory, tenancy } = partsOf()
  tenancy.profile(WORKLOAD, profileOf(100, [rates(10, 0.25), rates(1, 0.75)]), 0)
  tenancy.profile(NEIGHBOUR, profileOf(1000, [rates(10, 0.25), rates(1, 0.75)], { contiguous: 0 }), 0)
  const klass = [...memory.table.klass.subarray(0, 1100)]
  expect(klass.slice(0, 100).map((k) => memory.classes[k]!.readsPerTick * 1e5)).toEqual([
    ...Array(25).fill(10),
    ...Array(75).fill(1),
  ])
  const scattered = klass.slice(100)
  expect(scattered.filter((k) => k === 2).length).toBeCloseTo(250, -1)
  expect(scattered.slice(0, 100).filter((k) => k === 2).length).toBeCloseTo(25, -1)
  expect(tenancy.residents.map(({ base }) => base)).toEqual([0, 100])
})

test.each([
  ['as many', 2],
  ['fewer', 1],
  ['more', 5],
])('a change to %s classes keeps every page counted once, wherever it lies', (_name, count) => {
  const { memory, history, tenancy, links } = partsOf()
  tenancy.profile(WORKLOAD, profileOf(60, [rates(10), rates(1)]), 0)
  for (let page = 0; page < 50; page++) memory.allocate(page, 0)
  for (let page = 0; page < 20; page++) demoteNow(memory, history, page, 0)
  for (let page = 20; page < 30; page++) memory.swapOut(page)
  memory.writeback = 0
  for (let i = 0; i < 3; i++) {
    tenancy.profile(
      WORKLOAD,
      profileOf(
        60,
        Array.from({ length: count }, () => rates(3)),
      ),
      0,
    )
    memory.check('tenancy')
  }
  for (let page = 0; page < 60; page++) expect(touchesPerTick(memory.classes[memory.table.klass[page]!]!)).toBeCloseTo(3e-5, 12)
  tenancy.remove(tenancy.residents[0]!)
  memory.check('tenancy')
  expect([memory.free, memory.slots[0], memory.swapFree]).toEqual([memory.frames, 0, memory.swapSlots])
  const out = new Recorder('host-1')
  links[0]!.flush(out)
  expect(out.of('released')[0]!.body.pages).toHaveLength(20)
})

test('pages that nobody touched begin their history with their first rates', () => {
  const { memory, history, tenancy } = partsOf()
  tenancy.profile(WORKLOAD, profileOf(100), 0)
  const resident = tenancy.residents[0]!
  for (let page = 0; page < 100; page++) memory.allocate(page, 0)
  const { flags, last } = memory.table
  flags.fill(0)
  resident.work = 1000
  tenancy.profile(WORKLOAD, profileOf(100, [rates(20_000)]), 0)
  const reveal = (now: number) => {
    for (let page = 0; page < 100; page++) history.reveal(page, now)
    return flags.subarray(0, 100).filter((bits) => (bits & ACCESSED) !== 0).length
  }
  expect(reveal(1000)).toBe(0)
  // Each is touched within a tick with probability 1 − exp(−0.2).
  expect(reveal(1001)).toBeGreaterThan(5)
  expect(reveal(1001)).toBeLessThan(40)
  expect(reveal(1100)).toBe(100)
  expect(Math.min(...last.subarray(0, 100))).toBeGreaterThan(1000)
})

test('a profile that crossed the news of its workload’s death makes no second workload', () => {
  const { tenancy, memory } = partsOf()
  tenancy.profile(WORKLOAD, profileOf(10), 0)
  tenancy.remove(tenancy.residents[0]!)
  tenancy.profile(WORKLOAD, profileOf(10), 0)
  expect(tenancy.residents).toHaveLength(1)
  expect(memory.used).toBe(10)
})

test('threads of those who live are counted, for they share the swap device', () => {
  const { tenancy, access } = partsOf()
  tenancy.profile(WORKLOAD, profileOf(10, [], { threads: 8 }), 0)
  tenancy.profile(NEIGHBOUR, profileOf(10, [], { threads: 3 }), 0)
  expect(access.threads).toBe(11)
  tenancy.remove(tenancy.residents[0]!)
  expect(access.threads).toBe(3)
})
