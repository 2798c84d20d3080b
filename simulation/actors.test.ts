import { describe, expect, test } from 'vitest'
import { parseScenario } from '#shared/scenario.ts'
import { Cast } from './actors.ts'

const scenario = parseScenario(
  `
name: cast
duration: 1s
devices:
  device-1: { physical: 16MiB, advertised: 64MiB }
hosts:
  host-1: { memory: 32MiB, devices: [device-1] }
  host-2: { memory: 32MiB, devices: [] }
promoters:
  promoter-1: { host: host-1 }
workloads:
  web: { host: host-2, kind: uniform, size: 16MiB, accesses: 1k/s }
  tape: { host: host-1, kind: trace, trace: redis }
`,
  'cast',
)
const BEAR = { host: 'host-1', kind: 'bear', size: '16MiB', rate: '1MB/s' }

describe('a cast', () => {
  test('lists its members by ordinal, with whom they speak most', () => {
    expect(new Cast(scenario).members).toEqual([
      { id: 'conductor', ordinal: 0, role: 'conductor' },
      { id: 'host-1', ordinal: 1, role: 'host', devices: [3] },
      { id: 'host-2', ordinal: 2, role: 'host', devices: [] },
      { id: 'device-1', ordinal: 3, role: 'device' },
      { id: 'promoter-1', ordinal: 4, role: 'promoter', host: 1 },
      { id: 'web', ordinal: 5, role: 'workload', host: 2 },
      { id: 'tape', ordinal: 6, role: 'workload', host: 1 },
    ])
  })

  test('makes each of them under its name and ordinal, anew with every call', () => {
    const cast = new Cast(scenario)
    for (const { id, ordinal } of cast.members) {
      expect(cast.actor(ordinal)).toMatchObject({ id, ordinal })
      expect(cast.actor(ordinal)).not.toBe(cast.actor(ordinal))
    }
  })

  test('learns newcomers: the next ordinals, a place in the scenario, and whom they live with', () => {
    const cast = new Cast(scenario)
    expect(cast.learn({ kind: 'inject', id: 'bear', ordinal: 7, workload: BEAR })).toBe(7)
    expect(cast.learn({ kind: 'join', id: 'stranger', ordinal: 8, host: 'host-2' })).toBe(8)
    expect(cast.learn({ kind: 'stop', id: 'bear' })).toBeUndefined()
    expect(cast.members.slice(7)).toEqual([
      { id: 'bear', ordinal: 7, role: 'workload', host: 1 },
      { id: 'stranger', ordinal: 8, role: 'workload', host: 2 },
    ])
    expect(cast.scenario.workloads['bear']).toMatchObject({ kind: 'bear', size: 2 ** 24, writes: 'incompressible' })
    expect(Object.keys(scenario.workloads)).toEqual(['web', 'tape'])
    expect([cast.nameOf(8), cast.ordinalOf('stranger'), cast.ordinalOf('nobody')]).toEqual(['stranger', 8, undefined])
    expect(cast.actor(7).nextWake(41)).toBe(42)
    expect(cast.actor(8)).toMatchObject({ id: 'stranger', ordinal: 8 })
  })

  test('that is told of a newcomer again, as after a rollback, knows it already', () => {
    const cast = new Cast(scenario)
    const bear = { kind: 'inject', id: 'bear', ordinal: 7, workload: BEAR } as const
    expect([cast.learn(bear), cast.learn(bear)]).toEqual([7, 7])
    expect(cast.members).toHaveLength(8)
  })

  test('knows one that comes before another that was admitted earlier', () => {
    const cast = new Cast(scenario)
    expect(cast.learn({ kind: 'join', id: 'stranger', ordinal: 8, host: 'host-2' })).toBe(8)
    expect([cast.nameOf(7), cast.nameOf(8)]).toEqual(['actor-7', 'stranger'])
    expect(cast.learn({ kind: 'inject', id: 'bear', ordinal: 7, workload: BEAR })).toBe(7)
    expect(cast.members.map(({ ordinal }) => ordinal)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  test.each([
    ['an ordinal that is taken', 'bear', 5],
    ['a name that is taken', 'web', 7],
    ['a name and an ordinal that are taken', 'web', 5],
  ])('takes no newcomer with %s', (_, id, ordinal) => {
    expect(() => new Cast(scenario).learn({ kind: 'inject', id, ordinal, workload: BEAR })).toThrow(/^invariant broken/)
  })
})
