import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Role, STAGE_ROLES } from '#shared/messages.ts'
import { CONDUCTOR_SLOT, type Member, type Offer, place, placeNewcomer, type Placement } from './placement.ts'

const members: fc.Arbitrary<Member[]> = fc
  .record({
    hosts: fc.integer({ min: 1, max: 4 }),
    devices: fc.nat(3),
    promoters: fc.nat(3),
    workloads: fc.array(fc.nat(3), { maxLength: 8 }),
  })
  .map(({ hosts, devices, promoters, workloads }) => {
    const roles: Role[] = [
      'conductor',
      ...Array.from({ length: hosts }, (): Role => 'host'),
      ...Array.from({ length: devices }, (): Role => 'device'),
      ...Array.from({ length: promoters }, (): Role => 'promoter'),
    ]
    const actors = roles.map((role, ordinal): Member => {
      if (role === 'host' && devices > 0) return { ordinal, role, devices: [1 + hosts + (ordinal % devices)] }
      if (role === 'promoter') return { ordinal, role, host: 1 + (ordinal % hosts) }
      return { ordinal, role }
    })
    return [
      ...actors,
      ...workloads.map((host, i): Member => ({ ordinal: actors.length + i, role: 'workload', host: 1 + (host % hosts) })),
    ]
  })

const offers: fc.Arbitrary<Offer[]> = fc
  .array(
    fc.record({
      roles: fc.oneof(
        fc.constantFrom(['host'], ['device'], ['promoter'], ['workload'], ['host', 'workload']),
        fc.constant(STAGE_ROLES),
      ),
      capacity: fc.nat(6),
    }),
    { maxLength: 8 },
  )
  .map((list) => list.map((offer, i) => ({ ...offer, name: `stage-${i}` })))

function placed(all: readonly Member[], given: readonly Offer[]): Placement {
  const placement = place(all, given)
  if ('lacking' in placement) expect.unreachable(`nobody for ${placement.lacking.join(', ')}`)
  return placement
}

describe('a placement', () => {
  test('puts every actor on one stage that takes its role and has room, and leaves no stage idle', () => {
    fc.assert(
      fc.property(members, offers, (all, given) => {
        const placement = place(all, given)
        if ('lacking' in placement) {
          expect(placement.lacking.length).toBeGreaterThan(0)
          expect(new Set(placement.lacking).size).toBe(placement.lacking.length)
          return
        }
        const { slots, stageOf } = placement
        expect(slots[0]).toEqual(CONDUCTOR_SLOT)
        expect(stageOf).toHaveLength(all.length)
        for (const { ordinal, role } of all) expect(slots[stageOf[ordinal]!]!.roles).toContain(role)
        for (const [stage, { name }] of slots.entries()) {
          const carried = stageOf.filter((at) => at === stage).length
          expect(carried).toBeGreaterThan(0)
          const capacity = given.find((offer) => offer.name === name)?.capacity ?? 0
          if (capacity > 0) expect(carried).toBeLessThanOrEqual(capacity)
        }
        expect(new Set(slots.map(({ name }) => name)).size).toBe(slots.length)
      }),
      { numRuns: 300 },
    )
  })

  test('does not depend on the order in which stages came', () => {
    fc.assert(
      fc.property(members, offers, (all, given) => {
        expect(place(all, given.toReversed())).toEqual(place(all, given))
      }),
    )
  })

  test('names a role as lacking only if nobody who takes it has room', () => {
    fc.assert(
      fc.property(members, offers, (all, given) => {
        const placement = place(all, given)
        if (!('lacking' in placement)) return
        for (const role of placement.lacking) {
          const room = given.filter((offer) => offer.roles.includes(role))
          expect(room.every(({ capacity }) => capacity > 0)).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })

  const HOST: Offer = { name: 'h', roles: ['host'], capacity: 0 }
  const ALL: Member[] = [
    { ordinal: 0, role: 'conductor' },
    { ordinal: 1, role: 'host' },
    { ordinal: 2, role: 'host' },
    { ordinal: 3, role: 'device' },
    { ordinal: 4, role: 'workload', host: 1 },
    { ordinal: 5, role: 'workload', host: 2 },
  ]

  test('names all roles for which nobody is there', () => {
    expect(place(ALL, [])).toEqual({ lacking: ['device', 'host', 'workload'] })
    expect(place(ALL, [HOST])).toEqual({ lacking: ['device', 'workload'] })
    expect(place(ALL, [{ ...HOST, capacity: 1 }])).toEqual({ lacking: ['device', 'host', 'workload'] })
  })

  test('deals hosts out evenly, and brings a workload to its host’s stage', () => {
    const given: Offer[] = [
      { name: 'b', roles: ['host', 'workload'], capacity: 0 },
      { name: 'a', roles: ['host', 'workload'], capacity: 0 },
      { name: 'd', roles: ['device'], capacity: 0 },
      { name: 'e', roles: ['device'], capacity: 0 },
    ]
    const { slots, stageOf } = placed(ALL, given)
    expect(slots.map(({ name }) => name)).toEqual(['conductor', 'a', 'b', 'd'])
    expect(stageOf).toEqual([0, 1, 2, 3, 1, 2])
  })

  test('keeps hosts with their device and promoters with their host, as long as all stages carry as many', () => {
    // Four devices, eight hosts by turns on two of each, eight promoters.
    const rack: Member[] = [
      { ordinal: 0, role: 'conductor' },
      ...Array.from({ length: 8 }, (_, i): Member => ({ ordinal: 1 + i, role: 'host', devices: [9 + Math.floor(i / 2)] })),
      ...Array.from({ length: 4 }, (_, i): Member => ({ ordinal: 9 + i, role: 'device' })),
      ...Array.from({ length: 8 }, (_, i): Member => ({ ordinal: 13 + i, role: 'promoter', host: 1 + i })),
    ]
    const { stageOf } = placed(rack, [
      { name: 'a', roles: STAGE_ROLES, capacity: 0 },
      { name: 'b', roles: STAGE_ROLES, capacity: 0 },
    ])
    expect(stageOf.slice(9, 13)).toEqual([1, 2, 1, 2])
    expect(stageOf.slice(1, 9)).toEqual([1, 1, 2, 2, 1, 1, 2, 2])
    expect(stageOf.slice(13)).toEqual(stageOf.slice(1, 9))
  })

  test('deals hosts of one device out evenly all the same, and a device to a stage of its own', () => {
    const pool: Member[] = [
      ...Array.from({ length: 4 }, (_, i): Member => ({ ordinal: i, role: 'host', devices: [4] })),
      { ordinal: 4, role: 'device' },
    ]
    const both = ['host', 'device']
    const { slots, stageOf } = placed(pool, [
      { name: 'a', roles: both, capacity: 0 },
      { name: 'b', roles: both, capacity: 0 },
      { name: 'd', roles: ['device'], capacity: 0 },
    ])
    expect(slots[stageOf[4]!]!.name).toBe('d')
    const hostsOf = (name: string): number => stageOf.slice(0, 4).filter((stage) => slots[stage]!.name === name).length
    expect(['a', 'b', 'd'].map(hostsOf)).toEqual([2, 2, 0])
  })

  test('brings workloads to a stage of their own if there is one, and beyond its capacity to the host’s', () => {
    const given: Offer[] = [
      { name: 'a', roles: ['host', 'workload'], capacity: 0 },
      { name: 'b', roles: ['host', 'workload'], capacity: 0 },
      { name: 'd', roles: ['device'], capacity: 0 },
      { name: 'w', roles: ['workload'], capacity: 1 },
    ]
    expect(placed(ALL, given).stageOf).toEqual([0, 1, 2, 3, 4, 2])
  })
})

describe('a newcomer', () => {
  const slots = [
    CONDUCTOR_SLOT,
    { name: 'a', roles: ['host', 'workload'], capacity: 0 },
    { name: 'b', roles: ['host', 'workload'], capacity: 0 },
    { name: 'w', roles: ['workload'], capacity: 0 },
    { name: 'x', roles: ['workload', 'host'], capacity: 0 },
  ]

  test('goes to the stage for workloads that carries least, else to its host’s, else to any that takes it', () => {
    expect(placeNewcomer({ slots, stageOf: [0, 1, 2, 3] }, 'workload', 1)).toBe(4)
    expect(placeNewcomer({ slots, stageOf: [0, 1, 2, 4] }, 'workload', 1)).toBe(3)
    expect(placeNewcomer({ slots: slots.slice(0, 3), stageOf: [0, 1, 2] }, 'workload', 2)).toBe(2)
    const apart = [CONDUCTOR_SLOT, { name: 'h', roles: ['host'], capacity: 0 }, slots[1]!, slots[2]!]
    expect(placeNewcomer({ slots: apart, stageOf: [0, 1, 2, 2, 3] }, 'workload', 1)).toBe(3)
  })

  test('goes to nobody who has as many as it takes', () => {
    const full = slots.map((slot) => ({ ...slot, capacity: 2 }))
    // x, of those for workloads alone; w; then the host's own; then any.
    expect(placeNewcomer({ slots: full, stageOf: [0, 1, 2, 3] }, 'workload', 1)).toBe(4)
    expect(placeNewcomer({ slots: full, stageOf: [0, 1, 2, 4, 4] }, 'workload', 1)).toBe(3)
    expect(placeNewcomer({ slots: full, stageOf: [0, 1, 2, 4, 4, 3, 3] }, 'workload', 1)).toBe(1)
    expect(placeNewcomer({ slots: full, stageOf: [0, 1, 2, 4, 4, 3, 3, 1] }, 'workload', 1)).toBe(2)
    expect(placeNewcomer({ slots: full, stageOf: [0, 1, 2, 4, 4, 3, 3, 1, 2] }, 'workload', 1)).toBe(-1)
  })

  test('has no place if nobody takes it', () => {
    expect(
      placeNewcomer({ slots: [CONDUCTOR_SLOT, { name: 'h', roles: ['host'], capacity: 0 }], stageOf: [0, 1] }, 'workload', 1),
    ).toBe(-1)
  })

  test('finds the same place whenever it is asked, and changes nothing', () => {
    fc.assert(
      fc.property(members, offers, fc.integer({ min: 1, max: 4 }), (all, given, host) => {
        const placement = place(all, given)
        if ('lacking' in placement) return
        const before = structuredClone(placement)
        const stage = placeNewcomer(placement, 'workload', host)
        expect(placeNewcomer(placement, 'workload', host)).toBe(stage)
        expect(placement).toEqual(before)
        if (stage >= 0) expect(placement.slots[stage]!.roles).toContain('workload')
        const carried = (of: number): number => placement.stageOf.filter((at) => at === of).length
        const room = placement.slots.map(({ capacity }, of) => capacity === 0 || carried(of) < capacity)
        if (stage >= 0) expect(room[stage]).toBe(true)
        else expect(placement.slots.some(({ roles }, of) => roles.includes('workload') && room[of])).toBe(false)
      }),
    )
  })
})
