import { describe, expect, test } from 'vitest'
import { loadScenario } from '#shared/scenario.ts'
import { expectAlike, run } from './cluster.fixture.ts'

const SETTLED = `
name: settled
duration: 1200ms
devices:
  device-1: { physical: 48MiB, advertised: 160MiB, hotness: { epoch: 50ms, threshold: 1 } }
  device-2: { physical: 48MiB, advertised: 160MiB, hotness: { epoch: 50ms, threshold: 1 } }
hosts:
  host-1: { memory: 48MiB, devices: [device-1, device-2], watermarkScaleFactor: 300, swap: { size: 64MiB }, pooledAtStart: 34MiB, isolation: { policy: private-node, numaBalancing: true } }
  host-2: { memory: 32MiB, devices: [device-2], watermarkScaleFactor: 300, pooledAtStart: 16MiB }
promoters:
  promoter-1: { host: host-1, threshold: 1, sleep: 50ms, batch: 64 }
workloads:
  one: { host: host-1, kind: phases, size: 40MiB, accesses: 1M/s, hot: 20%, hotShare: 90%, period: 200ms }
  two: { host: host-1, kind: zipf, size: 40MiB, accesses: 1M/s, skew: 1.2, writes: { drift: redis_json } }
  late: { host: host-1, kind: zipf, start: 300ms, size: 8MiB, accesses: 100k/s }
  three: { host: host-2, kind: uniform, size: 40MiB, accesses: 20k/s, content: sqlite }
`
const settled = (...sets: string[]) => loadScenario(SETTLED, 'settled', sets).scenario

/** What decides how a host's pages may lie on a device, and how many. */
const COMBINATIONS = [
  'hosts.*.access=read-only',
  'hosts.*.access={ policy: write-budget, poll: 20ms }',
  ...['none', 'mempolicy', 'zone'].map((policy) => `hosts.*.isolation={ policy: ${policy} }`),
  'hosts.*.isolation={ policy: cpuset, demotionHonoursMems: false }',
  'hosts.host-1.isolation={ policy: dedicated-driver, numaBalancing: true }',
  'hosts.host-1.pageCache={ size: 16MiB, rate: 10MB/s }',
  'devices.device-2.shares={ policy: hard, limits: { host-1: 20MiB, host-2: 20MiB } }',
  'devices.device-2.shares={ policy: grace, grace: 1MiB, limits: { host-1: 20MiB, host-2: 20MiB } }',
  'devices.device-2.shares={ policy: weighted }',
  'hosts.*.generations=2',
]

describe('a host that starts with pages on its devices gives one digest', () => {
  test.each(['seed=2', ...COMBINATIONS])(
    'under %s: spread, through the codec, killed and restored again and again',
    async (set) => {
      const scenario = settled(set)
      // run() checks conservation over all actors.
      const plain = await run(scenario)
      expect(plain.telemetry['host-1']).toMatchObject({
        startedPooled: (34 * 2 ** 20) / 4096,
        'leaked.anon': expect.any(Number) as number,
      })
      expect(plain.telemetry['host-1']!['demoted']).toBeGreaterThan(0)
      await expectAlike(scenario, plain.digests)
    },
  )

  test('killed before the devices have heard of them', async () => {
    const plain = await run(settled())
    const rough = await run(settled(), { codec: true, restart: (grants) => grants < 4 })
    expect(rough.digests).toEqual(plain.digests)
  })
})

test('it lies there as if it had come by demotion: as many bytes for as many pages', async () => {
  const sets = [
    'hosts.host-1.pooledAtStart=0B',
    'hosts.host-2.pooledAtStart=0B',
    'workloads.*.allocateRate=200MB/s',
    'duration=3s',
    'promoters.promoter-1.chmu=false',
    'promoters.promoter-1.hints=false',
  ]
  const grown = (await run(settled(...sets))).telemetry
  const begun = (await run(settled('duration=10ms'))).telemetry
  for (const [id, host] of [
    ['device-1', 'host-1'],
    ['device-2', 'host-2'],
  ] as const) {
    const bytes = (of: typeof grown): number => of[id]![`byHost.${host}.usedBytes`]! / of[id]![`byHost.${host}.storedPages`]!
    // 4,000 pages or more, with a standard deviation of half their size: four standard errors.
    expect(Math.abs(bytes(begun) / bytes(grown) - 1)).toBeLessThan(0.04)
  }
})

test.each([
  [
    'hosts.host-1.pooledAtStart=1GiB',
    'hosts.host-1.pooledAtStart: got 1.00 GiB; expected at most what its workloads with start 0s hold (80.0 MiB',
  ],
  ['hosts.host-2.pooledAtStart=4MiB', 'hosts.host-2.pooledAtStart: got 4.00 MiB; expected at least 8MiB'],
  ['hosts.host-1.devices=[]', 'hosts.host-1.pooledAtStart: got 34.0 MiB (line 8); expected 0B, for the host has no device'],
  ['hosts.host-1.access=swap-only', 'under access swap-only'],
  ['hosts.host-1.access=fault-on-access', 'under access fault-on-access'],
  ['hosts.host-1.isolation={ policy: cpuset }', 'where cpusets confine demotion'],
  [
    'devices.device-2.advertised=32MiB',
    'devices.device-2.advertised: got 32.0 MiB; expected room for the pooledAtStart of its hosts (33.0 MiB)',
  ],
])('%s is refused with a line', (set, line) => {
  const more = set.startsWith('devices.device-2.advertised') ? ['devices.device-2.physical=32MiB'] : []
  expect(() => settled(set, ...more)).toThrow(line)
})

test('what does not fit a device ends the run with a line', async () => {
  await expect(run(settled('devices.device-1.physical=4MiB'))).rejects.toThrow('CP_SCENARIO_LIMIT hosts.host-1.pooledAtStart')
})
