/** Who may allocate on a device: for each isolation policy exactly what it lets through, by which mechanism, and nothing else. */
import { describe, expect, test } from 'vitest'
import type { Telemetry } from '#shared/actor.ts'
import { parseScenario, type Scenario } from '#shared/scenario.ts'
import { run } from './cluster.fixture.ts'

const FILES = { size: '8MiB', rate: '40MB/s' }
const KERNEL = { size: '8MiB', rate: '10MB/s' }
const uniform = (size: string, task = {}) => ({
  host: 'host-1',
  kind: 'uniform',
  size,
  accesses: '2k/s',
  allocateRate: '100MB/s',
  ...task,
})

interface Setting {
  readonly isolation: object
  readonly duration?: string
  readonly host?: object
  readonly device?: object
  /** Another device, which the host does not use by itself. */
  readonly second?: object
  readonly workloads?: object
  readonly promoters?: object
}

/** One host of 32 MiB that is full within 0.4 s, on a device that has room for more than comes. */
function scenarioOf({
  isolation,
  duration = '1s',
  host,
  device,
  second,
  workloads = { web: uniform('44MiB') },
  promoters = {},
}: Setting): Scenario {
  const given = {
    name: 'case',
    duration,
    devices: { 'device-1': { physical: '64MiB', advertised: '128MiB', ...device }, ...(second && { 'device-2': second }) },
    hosts: {
      'host-1': {
        memory: '32MiB',
        devices: ['device-1'],
        watermarkScaleFactor: 200,
        swap: { size: '64MiB' },
        isolation,
        ...host,
      },
    },
    promoters,
    workloads,
  }
  return parseScenario(JSON.stringify(given), 'case')
}

async function hostOf(setting: Setting): Promise<Telemetry> {
  return (await run(scenarioOf(setting))).telemetry['host-1']!
}

/** What leaked, as kind.cause. */
function leaksIn(host: Telemetry): string[] {
  const leaked = Object.entries(host).filter(([key, pages]) => key.startsWith('leakedBy.') && pages > 0)
  return leaked.map(([key]) => key.slice('leakedBy.'.length))
}

const everything = { pageCache: { ...FILES, root: '20%', system: '30%' }, kernel: { ...KERNEL, interrupts: '30%' } }
const everybody = {
  web: uniform('36MiB'),
  agent: uniform('4MiB', { cgroup: 'root', start: '500ms' }),
  logger: uniform('4MiB', { cgroup: 'system', start: '600ms' }),
}
const rootLocked = { policy: 'cpuset', mems: { root: ['dram'], workloads: ['dram', 'device-1'] } }

describe('what leaks, and by whom', () => {
  const cases: readonly (readonly [mechanism: string, setting: Setting, leaks: readonly string[]])[] = [
    [
      'none: on a full DRAM node the default allocator falls back to the device, for everybody',
      { isolation: { policy: 'none' }, host: everything, workloads: everybody },
      [
        'anon.workload',
        'anon.systemService',
        'anon.rootTask',
        'pageCache.workload',
        'pageCache.systemService',
        'pageCache.rootTask',
        'kernel.kernelThread',
        'kernel.interrupt',
      ],
    ],
    [
      'none: while DRAM has room, not even kernel allocations leave it',
      { isolation: { policy: 'none' }, host: everything, workloads: { web: uniform('12MiB') } },
      [],
    ],
    [
      'mempolicy: a bound workload stays in DRAM, and so do files that it touches first',
      { isolation: { policy: 'mempolicy' }, host: { pageCache: FILES } },
      [],
    ],
    [
      'mempolicy: a task of the root cgroup is not bound',
      {
        isolation: { policy: 'mempolicy' },
        workloads: { web: uniform('40MiB'), agent: uniform('4MiB', { cgroup: 'root', start: '500ms' }) },
      },
      ['anon.rootTask'],
    ],
    [
      'mempolicy: page cache follows the unbound service that touches it first',
      { isolation: { policy: 'mempolicy' }, host: { pageCache: { ...FILES, system: '50%' } } },
      ['pageCache.systemService'],
    ],
    [
      'mempolicy: kernel threads and interrupts have no policy',
      { isolation: { policy: 'mempolicy' }, host: { kernel: { ...KERNEL, interrupts: '50%' } } },
      ['kernel.kernelThread', 'kernel.interrupt'],
    ],
    [
      'mempolicy: a bound workload is rebound when its cgroup changes mems_allowed',
      { isolation: { policy: 'mempolicy', changes: [{ at: '200ms', cgroup: 'workloads', mems: ['device-1'] }] } },
      ['anon.rebind'],
    ],
    [
      'mempolicy: a rebound workload is bound to DRAM again when its cgroup has DRAM again',
      {
        isolation: {
          policy: 'mempolicy',
          changes: [
            { at: '50ms', cgroup: 'workloads', mems: ['device-1'] },
            { at: '60ms', cgroup: 'workloads', mems: ['dram', 'device-1'] },
          ],
        },
        workloads: { late: uniform('44MiB', { start: '100ms' }) },
      },
      [],
    ],
    [
      'cpuset: the workloads’ subtree has no device, for pages and for files that it touches first',
      { isolation: { policy: 'cpuset' }, host: { pageCache: FILES } },
      [],
    ],
    [
      'cpuset: an unlocked root leaks by every root task and service, kernel threads among them',
      { isolation: { policy: 'cpuset' }, host: everything, workloads: everybody },
      [
        'anon.systemService',
        'anon.rootTask',
        'pageCache.systemService',
        'pageCache.rootTask',
        'kernel.kernelThread',
        'kernel.interrupt',
      ],
    ],
    [
      'cpuset: a locked root holds every task, but no interrupt',
      { isolation: rootLocked, host: everything, workloads: everybody },
      ['kernel.interrupt'],
    ],
    [
      'cpuset: the device is open to the workloads from when the locked root gets it back',
      { isolation: { ...rootLocked, changes: [{ at: '300ms', cgroup: 'root', mems: ['dram', 'device-1'] }] } },
      ['anon.workload'],
    ],
    [
      'zone: ZONE_MOVABLE takes anonymous pages and page cache, and no kernel allocation',
      { isolation: { policy: 'zone' }, host: everything },
      ['anon.workload', 'pageCache.workload', 'pageCache.systemService', 'pageCache.rootTask'],
    ],
    [
      'zone: ZONE_DEVICE takes nothing from an allocator',
      { isolation: { policy: 'zone', zone: 'device' }, host: everything, workloads: everybody },
      [],
    ],
    [
      'private-node: it is in nobody’s fallback list',
      { isolation: { policy: 'private-node' }, host: everything, workloads: everybody },
      [],
    ],
    [
      'dedicated-driver: nor is a device with a driver of its own',
      { isolation: { policy: 'dedicated-driver' }, host: everything, workloads: everybody },
      [],
    ],
  ]

  test.each(cases)('%s', async (_, setting, leaks) => {
    const host = await hostOf(setting)
    expect(leaksIn(host)).toEqual(leaks)
    // No sleepy host: but for the one with room, somebody had to look for a place beside DRAM.
    if (setting.workloads === undefined)
      expect(host['origin.demoted']! + host['swappedOut']! + host['leaked.anon']!).toBeGreaterThan(1000)
    for (const kind of ['anon', 'pageCache', 'kernel']) {
      const causes = leaksIn(host).filter((leak) => leak.startsWith(`${kind}.`))
      expect(host[`leaked.${kind}`]).toBe(causes.reduce((sum, leak) => sum + host[`leakedBy.${leak}`]!, 0))
    }
  })
})

describe('demotion', () => {
  test('is blocked by the parent’s lockout, although the workloads’ own cpuset names the device: swap pays', async () => {
    const host = await hostOf({ isolation: rootLocked })
    expect(host['demoted']).toBe(0)
    expect(host['swappedOut']).toBeGreaterThan(1000)
  })

  test('passed over cpusets up to 6.15', async () => {
    const host = await hostOf({ isolation: { ...rootLocked, demotionHonoursMems: false } })
    expect(host['demoted']).toBeGreaterThan(1000)
    expect(host['swappedOut']).toBe(0)
  })

  test('takes root tasks’ pages where only the workloads are locked, swap or no swap', async () => {
    const host = await hostOf({
      isolation: { policy: 'cpuset' },
      host: { swap: { size: '0B' } },
      workloads: { agent: uniform('16MiB', { cgroup: 'root' }), web: uniform('28MiB', { start: '300ms', accesses: '0/s' }) },
    })
    expect(host['demoted']).toBeGreaterThan(1000)
    expect(host['origin.demoted']).toBeLessThanOrEqual((16 * 2 ** 20) / 4096)
  })

  test('goes to whichever device the page’s cgroup may use', async () => {
    const { telemetry } = await run(
      scenarioOf({
        isolation: { policy: 'cpuset', mems: { workloads: ['dram', 'device-2'] } },
        second: { physical: '64MiB', advertised: '128MiB' },
        host: { devices: ['device-1', 'device-2'] },
      }),
    )
    expect(telemetry['host-1']!['slots.device-1']).toBe(0)
    expect(telemetry['host-1']!['slots.device-2']).toBeGreaterThan(1000)
  })
})

describe('a leaked page', () => {
  const narrow = { physical: '16MiB', advertised: '64MiB', low: '20%', high: '30%', flush: '50ms' }

  test('takes space without admission: past the physical capacity it is poison', async () => {
    const { telemetry } = await run(
      scenarioOf({
        isolation: { policy: 'none' },
        device: { ...narrow, physical: '4MiB' },
        host: { kernel: { size: '12MiB', rate: '100MB/s', content: 'incompressible' } },
        workloads: { web: uniform('40MiB', { content: 'incompressible' }) },
      }),
    )
    expect(telemetry['device-1']!['poisonedPages']).toBeGreaterThan(100)
    expect(telemetry['device-1']!['refused.pressure']! + telemetry['device-1']!['refused.full']!).toBe(
      telemetry['host-1']!['refused'],
    )
  })

  test('of a file is clean: the device’s reclaim drops it without writing', async () => {
    const files = { pageCache: { size: '40MiB', rate: '100MB/s', system: '100%', content: 'incompressible' } }
    const host = await hostOf({ isolation: { policy: 'mempolicy' }, device: narrow, host: { ...files, swap: { size: '0B' } } })
    expect(leaksIn(host)).toEqual(['pageCache.systemService'])
    expect(host['origin.pageCache']).toBeLessThan(host['leaked.pageCache']!)
    expect(host['swappedOut']).toBe(0)
  })

  test('of the kernel stays for ever: pressure moves everything but it', async () => {
    const host = await hostOf({
      isolation: { policy: 'none' },
      device: { ...narrow, physical: '8MiB' },
      host: { kernel: { size: '12MiB', rate: '15MB/s', content: 'incompressible' } },
    })
    expect(host['leaked.kernel']).toBeGreaterThan(100)
    expect(host['origin.kernel']).toBe(host['leaked.kernel'])
    expect(host['swappedOutPooled']).toBeGreaterThan(100)
  })

  test('of a workload is an ordinary pooled page afterwards: it comes home, and is swapped under pressure', async () => {
    const web = uniform('44MiB', {
      kind: 'phases',
      accesses: '200k/s',
      hot: '10%',
      hotShare: '90%',
      period: '200ms',
      miss: '100%',
    })
    const promoted = await hostOf({
      isolation: { policy: 'none' },
      host: { watermarkScaleFactor: 400 },
      workloads: { web, guest: uniform('8MiB', { stop: '600ms' }) },
      promoters: { 'promoter-1': { host: 'host-1', threshold: 1, sleep: '50ms', batch: 64 } },
      device: { hotness: { epoch: '50ms', threshold: 1 } },
    })
    expect(promoted['promoted']).toBeGreaterThan(100)
    expect(promoted['origin.anon']).toBeLessThan(promoted['leaked.anon']!)
    const swapped = await hostOf({ isolation: { policy: 'none' }, device: { ...narrow, physical: '4MiB' } })
    expect(swapped['swappedOutPooled']).toBeGreaterThan(100)
  })

  test('is where it was, and known for what it is, after every stage was killed and restored', async () => {
    const changes = [{ at: '300ms', cgroup: 'workloads', mems: ['device-1'] }]
    const scenario = scenarioOf({
      isolation: { policy: 'mempolicy', changes },
      device: narrow,
      host: everything,
      workloads: everybody,
    })
    const { digests, telemetry } = await run(scenario)
    const restarted = await run(scenario, {
      codec: true,
      stageOf: (ordinal) => ordinal % 3,
      restart: (grants) => grants % 7 === 3,
    })
    expect(restarted).toMatchObject({ digests, spoiled: 0 })
    expect(restarted.restarts).toBeGreaterThan(50)
    expect(restarted.telemetry['host-1']).toEqual(telemetry['host-1'])
    expect(leaksIn(telemetry['host-1']!)).toContain('anon.rebind')
  })
})

test('zone: ZONE_DEVICE has no LRU, so pressure reclaims nothing from it', async () => {
  const device = { physical: '4MiB', advertised: '64MiB', low: '50%', high: '90%', flush: '50ms' }
  const host = await hostOf({ isolation: { policy: 'zone', zone: 'device' }, device })
  expect(host['demoted']).toBeGreaterThan(100)
  expect(host['swappedOutPooled']).toBe(0)
  expect((await hostOf({ isolation: { policy: 'private-node' }, device }))['swappedOutPooled']).toBeGreaterThan(100)
})

describe('dedicated-driver', () => {
  const isolation = { policy: 'dedicated-driver' }

  test('user space takes on purpose what it said, and neither reclaim nor promotion moves it', async () => {
    const device = {
      physical: '16MiB',
      advertised: '64MiB',
      low: '60%',
      high: '70%',
      flush: '50ms',
      hotness: { epoch: '50ms', threshold: 1 },
    }
    const { telemetry } = await run(
      scenarioOf({
        isolation: { ...isolation, numaBalancing: true },
        device,
        workloads: { web: uniform('44MiB', { deliberate: '8MiB', miss: '100%', accesses: '200k/s' }) },
        promoters: { 'promoter-1': { host: 'host-1', threshold: 1, sleep: '50ms' } },
      }),
    )
    const host = telemetry['host-1']!
    expect(leaksIn(host)).toEqual([])
    expect(host['origin.deliberate']).toBe((8 * 2 ** 20) / 4096)
    expect(telemetry['device-1']!['interrupts']).toBeGreaterThan(0)
    expect(telemetry['promoter-1']!['gone']).toBeGreaterThan(100)
  })

  test('its pages count against the capacity, and it takes none while the interrupt is up', async () => {
    const device = { physical: '8MiB', advertised: '64MiB', low: '50%', high: '60%' }
    const workloads = { web: uniform('24MiB', { deliberate: '24MiB', content: 'incompressible', allocateRate: '40MB/s' }) }
    const { telemetry } = await run(scenarioOf({ isolation, device, workloads }))
    expect(telemetry['device-1']).toMatchObject({ pressure: 1000, poisonedPages: 0 })
    expect(telemetry['host-1']!['origin.deliberate']).toBeGreaterThan(500)
    expect(telemetry['host-1']!['origin.deliberate']).toBeLessThan(1200)
    expect(telemetry['host-1']!['pages.local']).toBeGreaterThan(4000)
  })
})

describe('hint faults and DAMON on a private node', () => {
  const promoters = { 'promoter-1': { host: 'host-1', chmu: false, hints: true } }
  const asked = (isolation: object, given: object = promoters) => scenarioOf({ isolation, promoters: given })

  test.each([{ policy: 'private-node' }, { policy: 'dedicated-driver' }])(
    'hint faults are refused as a source: $policy',
    (isolation) => {
      expect(() => asked(isolation)).toThrow(
        `CP_SCENARIO_SHAPE promoters.promoter-1.hints: got true, but NUMA balancing does not reach the devices of host-1 under ${isolation.policy} (line 1); expected false, or numaBalancing: true in hosts.host-1.isolation`,
      )
    },
  )

  test('hint faults are refused on ZONE_DEVICE, which nothing opts in to', () => {
    expect(() => asked({ policy: 'zone', zone: 'device' })).toThrow(/hints: got true, .* under zone \(line 1\); expected false$/)
  })

  test('hint faults are off where nobody names them, and on where they reach', () => {
    const implied = { 'promoter-1': { host: 'host-1' } }
    expect(asked({ policy: 'private-node' }, implied).promoters['promoter-1']!.hints).toBe(false)
    for (const isolation of [{ policy: 'none' }, { policy: 'zone' }, { policy: 'private-node', numaBalancing: true }]) {
      expect(asked(isolation, implied).promoters['promoter-1']!.hints).toBe(true)
    }
  })

  test('nor is DAMON a source there, unless the scenario opts in', () => {
    const damon = { 'promoter-1': { host: 'host-1', chmu: false, damon: true } }
    for (const policy of ['private-node', 'dedicated-driver']) {
      expect(() => asked({ policy, numaBalancing: true }, damon)).toThrow(
        `CP_SCENARIO_SHAPE promoters.promoter-1.damon: got true, but DAMON does not reach the devices of host-1 under ${policy} (line 1); expected false, or damon: true in hosts.host-1.isolation`,
      )
      expect(asked({ policy, damon: true }, damon).promoters['promoter-1']).toMatchObject({ damon: true, hints: false })
    }
    expect(() => asked({ policy: 'zone', zone: 'device' }, damon)).toThrow(
      /damon: got true, .* under zone \(line 1\); expected false$/,
    )
    for (const isolation of [{ policy: 'none' }, { policy: 'zone' }])
      expect(asked(isolation, damon).promoters['promoter-1']!.damon).toBe(true)
  })

  test('neither has a demoted page to look at where none is mapped', () => {
    const setting = {
      isolation: { policy: 'private-node', numaBalancing: true, damon: true },
      host: { access: 'fault-on-access' },
    }
    for (const source of ['hints', 'damon']) {
      expect(() => scenarioOf({ ...setting, promoters: { 'promoter-1': { host: 'host-1', [source]: true } } })).toThrow(
        `promoters.promoter-1.${source}: got true, under access fault-on-access, where no demoted page is mapped (line 1); expected false`,
      )
    }
    expect(scenarioOf({ ...setting, promoters: { 'promoter-1': { host: 'host-1' } } }).promoters['promoter-1']!.hints).toBe(false)
  })

  test('DAMON brings home what is hot for who opts in, and the run ends alike when it is killed and restored', async () => {
    const hot = uniform('12MiB', { accesses: '200k/s', miss: '100%', start: '300ms' })
    const scenario = scenarioOf({
      isolation: { policy: 'private-node', damon: true },
      duration: '4s',
      host: { watermarkScaleFactor: 400, proactive: { rate: '100MB/s', age: '100ms' } },
      promoters: { 'promoter-1': { host: 'host-1', chmu: false, damon: true, threshold: 1 } },
      workloads: { cold: uniform('8MiB', { accesses: '0/s' }), hot },
    })
    const { digests, telemetry } = await run(scenario)
    expect(telemetry['promoter-1']!['damonPages']).toBeGreaterThan(100)
    expect(telemetry['host-1']!['promoted']).toBeGreaterThan(100)
    const restarted = await run(scenario, {
      codec: true,
      stageOf: (ordinal) => ordinal % 2,
      restart: (grants) => grants % 97 === 5,
    })
    expect(restarted.restarts).toBeGreaterThan(10)
    expect(restarted.digests).toEqual(digests)
  })

  test('hint faults are a source for who opts in', async () => {
    const web = uniform('44MiB', { accesses: '200k/s', miss: '100%' })
    const host = await hostOf({
      isolation: { policy: 'private-node', numaBalancing: true },
      duration: '2s',
      promoters,
      workloads: { web },
    })
    expect(host['hintFaults']).toBeGreaterThan(100)
  })
})
