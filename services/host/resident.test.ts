import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WORK_TICK_NS } from './classes.ts'
import { partsOf, profileOf, WORKLOAD } from './host.fixture.ts'
import { advance, stall, type Resident } from './resident.ts'

function residentWith(threads: number): Resident {
  const { tenancy } = partsOf()
  tenancy.profile(WORKLOAD, profileOf(1, [], { threads }), 0)
  return tenancy.residents[0]!
}

test('elapsed time is work, stalls paid and a remainder below one tick, whatever stalls when', () => {
  const step = fc.record({
    spanNs: fc.integer({ min: 1, max: 30_000_000 }),
    stallNs: fc.double({ min: 0, max: 50_000_000, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), fc.array(step, { minLength: 1 }), (threads, steps) => {
      const resident = residentWith(threads)
      let now = 0
      let owed = 0
      for (const { spanNs, stallNs } of steps) {
        stall(resident, stallNs)
        owed += stallNs / threads
        now += spanNs
        const before = resident.work
        expect(advance(resident, now)).toBe(resident.work - before)
        expect(resident.remainderNs).toBeGreaterThanOrEqual(0)
        expect(resident.remainderNs).toBeLessThan(WORK_TICK_NS)
        expect(resident.work * WORK_TICK_NS + resident.stalledNs + resident.remainderNs).toBeCloseTo(now, 3)
        expect(resident.stalledNs + resident.debtNs).toBeCloseTo(owed, 3)
      }
    }),
  )
})

test('a stall of one of eight threads costs the workload an eighth of it, and is paid before any work is done', () => {
  const resident = residentWith(8)
  stall(resident, 80_000_000)
  expect(advance(resident, 10_000_000)).toBe(0)
  expect(advance(resident, 20_000_000)).toBe(1000)
  expect([resident.stalledNs, resident.debtNs]).toEqual([10_000_000, 0])
})

test('time is the same in few steps or many', () => {
  const one = residentWith(1)
  const many = residentWith(1)
  for (let now = 3333; now < 1e6; now += 3333) advance(many, now)
  advance(many, 1e6)
  advance(one, 1e6)
  expect(many.work).toBe(one.work)
})
