/** What each mapping promises, in random scenarios with bears; `direct`, which promises nothing, shows that the weather is rough. */
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { parseScenario, type Scenario } from '#shared/scenario.ts'
import { LoadMeter } from '#services/device/load-meter.ts'
import { Pool } from '#services/device/pool.ts'
import { WriteBudget } from '#services/host/write-budget.ts'
import { run, type Result } from './cluster.fixture.ts'
import { names } from './scenario.fixture.ts'

const RUNS = 200
const TIMEOUT_MS = 240_000

const mib = (min: number, max: number) => fc.integer({ min, max }).map((n) => `${n}MiB`)
const ms = (min: number, max: number) => fc.integer({ min, max }).map((n) => `${n}ms`)

const bear = (host: string) =>
  fc.record({
    host: fc.constant(host),
    kind: fc.constant('bear'),
    size: mib(8, 24),
    content: fc.constantFrom<unknown>('gcc', 'zero', { ratio: 4 }),
    rate: fc.constantFrom('50MB/s', '1GB/s', '8GB/s'),
    attack: ms(20, 60),
    threads: fc.constantFrom(1, 8),
  })

const service = (host: string) =>
  fc.oneof(
    fc.record({
      host: fc.constant(host),
      kind: fc.constant('zipf'),
      size: mib(4, 20),
      content: fc.constantFrom<unknown>('redis_json', { ratio: 3 }),
      writes: fc.constantFrom<unknown>('incompressible', { drift: 'redis_json' }),
      accesses: fc.constantFrom('50k/s', '2M/s'),
      writeShare: fc.constantFrom('10%', '90%'),
      miss: fc.constantFrom('5%', '100%'),
    }),
    fc.record({
      host: fc.constant(host),
      kind: fc.constant('scan'),
      size: mib(4, 12),
      rate: fc.constantFrom('100MB/s', '2GB/s'),
      overwrites: fc.boolean(),
      writes: fc.constantFrom('incompressible', 'gcc'),
    }),
    fc.record({
      host: fc.constant(host),
      kind: fc.constant('trace'),
      trace: fc.constant('sqlite'),
      epoch: ms(5, 20),
      writes: fc.constant('incompressible'),
    }),
  )

/** One device for one or two hosts of 16 MiB, a bear on each. */
const weather = fc.integer({ min: 1, max: 2 }).chain((count) => {
  const hosts = names('host', count)
  const animals = fc.tuple(...hosts.map((host) => fc.tuple(bear(host), service(host))))
  return fc.record({
    seed: fc.nat(),
    physical: fc.integer({ min: 2, max: 10 }),
    low: fc.constantFrom('0%', '8%'),
    flush: ms(5, 200),
    promoted: fc.boolean(),
    swap: fc.constantFrom('0B', '8MiB', '64MiB'),
    proactive: fc.constantFrom(undefined, { rate: '200MB/s', age: '20ms' }, { by: 'pressure', interval: '10ms', reclaim: '5%' }),
    watermarkScaleFactor: fc.constantFrom(10, 200),
    animals,
    hosts: fc.constant(hosts),
  })
})

type Weather = typeof weather extends fc.Arbitrary<infer T> ? T : never

function scenarioOf(given: Weather, access: unknown, shares?: object): Scenario {
  const { hosts, animals, physical, swap, proactive, watermarkScaleFactor } = given
  const host = {
    memory: '16MiB',
    devices: ['device-1'],
    access,
    swap: { size: swap },
    watermarkScaleFactor,
    ...(proactive && { proactive }),
  }
  const text = JSON.stringify({
    name: 'weather',
    seed: given.seed,
    duration: '160ms',
    devices: {
      'device-1': {
        physical: `${physical}MiB`,
        advertised: `${physical * 8}MiB`,
        low: given.low,
        high: '15%',
        flush: given.flush,
        ...(shares && { shares }),
      },
    },
    hosts: Object.fromEntries(hosts.map((id) => [id, host])),
    promoters: Object.fromEntries(given.promoted ? hosts.map((id, i) => [`promoter-${i + 1}`, { host: id, threshold: 1 }]) : []),
    workloads: Object.fromEntries(animals.flat().map((each, i) => [`workload-${i + 1}`, each])),
  })
  return parseScenario(text, 'weather')
}

const scenarios = fc.sample(weather, { numRuns: RUNS, seed: 7 })

/** Runs all of them; what a spy finds wrong fails the run at once. */
async function all(access: unknown, given = scenarios, shares?: (weather: Weather) => object): Promise<(key: string) => number> {
  const results: Result[] = []
  for (const each of given) results.push(await run(scenarioOf(each, access, shares?.(each))))
  return (key) => results.flatMap(({ telemetry }) => Object.values(telemetry)).reduce((sum, seen) => sum + (seen[key] ?? 0), 0)
}

/** Calls `grew` whenever a write that is not a demotion's copy made a device use more. */
function watchGrowth(grew: () => void): void {
  const write = Reflect.get(Pool.prototype, 'write')
  vi.spyOn(Pool.prototype, 'write').mockImplementation(function (this: Pool, host, page, sizeBytes) {
    const { usedBytes, reservedPages } = this
    const poisoned = write.call(this, host, page, sizeBytes)
    if (poisoned || (this.reservedPages === reservedPages && this.usedBytes > usedBytes)) grew()
    return poisoned
  })
}

afterEach(() => {
  vi.restoreAllMocks()
})

const never = (what: string) => (): void => {
  throw new Error(what)
}

describe(`in ${RUNS} random scenarios with bears`, () => {
  test(
    'direct lets devices grow by writes, and overflow',
    async () => {
      let growths = 0
      watchGrowth(() => growths++)
      const sum = await all('direct', scenarios.slice(0, 40))
      expect(growths).toBeGreaterThan(10_000)
      expect(sum('poisonedPages')).toBeGreaterThan(1000)
      expect(sum('poisonHits')).toBeGreaterThan(10)
      expect(sum('writeFaults')).toBe(0)
    },
    TIMEOUT_MS,
  )

  test(
    'read-only never lets a write make a device grow, and nothing is ever poisoned',
    async () => {
      watchGrowth(never('a write made the device grow'))
      const sum = await all('read-only')
      expect(sum('poisonedPages')).toBe(0)
      expect(sum('writeFaults')).toBeGreaterThan(100_000)
      expect(sum('faultWaits')).toBeGreaterThan(100)
    },
    TIMEOUT_MS,
  )

  test(
    'fault-on-access never lets one either, and no page is accessed where it is compressed',
    async () => {
      watchGrowth(never('a write made the device grow'))
      const add = Reflect.get(LoadMeter.prototype, 'add')
      vi.spyOn(LoadMeter.prototype, 'add').mockImplementation(function (this: LoadMeter, host, traffic) {
        if (traffic.pages.length > 0) throw new Error('a page was accessed where it is compressed')
        add.call(this, host, traffic)
      })
      const sum = await all('fault-on-access')
      expect(sum('poisonedPages')).toBe(0)
      expect(sum('accessFaults')).toBeGreaterThan(100_000)
      expect(sum('rejected.size')).toBeGreaterThan(1000)
      expect(sum('rejected.limit')).toBeGreaterThan(1000)
    },
    TIMEOUT_MS,
  )

  test(
    'direct under a grace grows by writes as well, and nothing is ever poisoned: its writers are paused',
    async () => {
      let growths = 0
      watchGrowth(() => growths++)
      const sum = await all('direct', scenarios, ({ hosts, physical }) => {
        const limit = `${Math.floor((physical * 1024) / hosts.length) - 64}KiB`
        return { policy: 'grace', grace: '64KiB', limits: Object.fromEntries(hosts.map((host) => [host, limit])) }
      })
      expect(growths).toBeGreaterThan(10_000)
      expect(sum('poisonedPages')).toBe(0)
      expect(sum('pausedSeconds')).toBeGreaterThan(1)
    },
    TIMEOUT_MS,
  )

  test(
    'swap-only never puts a page on a device, so nothing can overflow',
    async () => {
      const sum = await all('swap-only', scenarios.slice(0, 40))
      for (const key of ['peakStoredPages', 'demoted', 'poisonedPages']) expect(sum(key), key).toBe(0)
      expect(sum('swappedIn')).toBeGreaterThan(1000)
    },
    TIMEOUT_MS,
  )

  test(
    'write-budget never has more tokens out than the last answer allows',
    async () => {
      const check = (budget: WriteBudget): void => {
        const { 'tokens.out': out, 'tokens.budget': allowed } = budget.observe()
        if (out! > allowed!) throw new Error(`${out} tokens are out, ${allowed} are allowed`)
      }
      const take = Reflect.get(WriteBudget.prototype, 'take')
      const refill = Reflect.get(WriteBudget.prototype, 'refill')
      vi.spyOn(WriteBudget.prototype, 'take').mockImplementation(function (this: WriteBudget, device) {
        const taken = take.call(this, device)
        check(this)
        return taken
      })
      vi.spyOn(WriteBudget.prototype, 'refill').mockImplementation(function (this: WriteBudget, device, bytes, protect) {
        refill.call(this, device, bytes, protect)
        check(this)
      })
      const sum = await all({ policy: 'write-budget', poll: '20ms', share: '50%' })
      expect(sum('tokens.taken')).toBeGreaterThan(10_000)
      expect(sum('tokens.revoked')).toBeGreaterThan(1000)
      expect(sum('writeFaults')).toBeGreaterThan(sum('tokens.taken'))
    },
    TIMEOUT_MS,
  )
})

describe.each(['read-only', 'write-budget', 'fault-on-access', 'swap-only'])('under %s', (access) => {
  const some = scenarios.slice(0, 4).map((given, i) => [i + 1, scenarioOf(given, access)] as const)

  test.each(some)(
    'random scenario %d gives the same digest spread, killed and restored from its snapshots',
    async (_, scenario) => {
      const { digests } = await run(scenario)
      const rough = await run(scenario, {
        stageOf: (ordinal) => ordinal % 2,
        codec: true,
        restart: (grants) => grants % 37 === 5,
      })
      expect(rough.restarts).toBeGreaterThan(1)
      expect(rough.digests).toEqual(digests)
    },
  )
})
