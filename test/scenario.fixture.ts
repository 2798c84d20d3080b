/** Small random scenarios that put every kind of workload, host and device under strain. JSON is YAML, so they are read as any other. */
import fc from 'fast-check'
import { parseScenario, type Scenario } from '#shared/scenario.ts'

const MIB = 2 ** 20

const content = fc.constantFrom<unknown>(
  'redis_json',
  'gcc',
  'bfs',
  'zero',
  'incompressible',
  { ratio: 3 },
  { mix: { sqlite: '70%', zero: '30%' } },
)
const writes = fc.oneof(content, fc.constantFrom<unknown>('incompressible', 'incompressible', { drift: 'redis_json' }))
const mib = (min: number, max: number) => fc.integer({ min, max }).map((n) => `${n}MiB`)
const ms = (min: number, max: number) => fc.integer({ min, max }).map((n) => `${n}ms`)
const accesses = fc.constantFrom('50k/s', '2M/s', '20M/s')
const writeShare = fc.constantFrom('0%', '20%', '90%')
/** Leaves the key out half of the time. */
const maybe = (key: string, value: fc.Arbitrary<unknown>) =>
  fc.option(value).map((given) => (given === null ? {} : { [key]: given }))

const kinds: Readonly<Record<string, fc.Arbitrary<object>>> = {
  zipf: fc.record({ accesses, writeShare, skew: fc.constantFrom(0, 0.99, 1.3) }),
  uniform: fc.record({ accesses, writeShare }),
  scan: fc.record({ rate: fc.constantFrom('10MB/s', '400MB/s'), overwrites: fc.boolean() }),
  phases: fc.record({ accesses, writeShare, hot: fc.constant('20%'), hotShare: fc.constant('90%'), period: ms(50, 300) }),
  burst: fc.record({ accesses, burst: fc.constant('4M/s'), writeShare, period: ms(201, 400), length: ms(10, 200) }),
  bear: fc
    .tuple(
      fc.record({ rate: fc.constantFrom('20MB/s', '1GB/s'), attack: ms(0, 400), passes: fc.nat(2) }),
      maybe('for', ms(1, 500)),
    )
    .map(([fixed, optional]) => ({ ...fixed, ...optional })),
  trace: fc.record({ trace: fc.constantFrom('redis', 'sqlite'), epoch: ms(10, 100), repeat: fc.nat(2) }),
}

/** A workload of any kind, as a scenario gives it. */
export const workload = (host: string) =>
  fc
    .tuple(
      fc.constantFrom(...Object.keys(kinds)),
      mib(8, 60),
      content,
      writes,
      fc.constantFrom(1, 8),
      ms(0, 300),
      fc.oneof(
        { weight: 3, arbitrary: fc.constant({}) },
        ms(301, 900).map((stop) => ({ stop })),
      ),
    )
    .chain(([kind, size, holds, wrote, threads, start, stop]) =>
      kinds[kind]!.map((fields) => ({
        host,
        kind,
        ...(kind === 'trace' ? {} : { size }),
        content: holds,
        writes: wrote,
        threads,
        start,
        ...stop,
        ...fields,
      })),
    )

const device = fc
  .tuple(
    fc.integer({ min: 1, max: 12 }),
    fc.constantFrom(1, 3, 8),
    fc.record({
      chunk: fc.constantFrom('64B', '512B', '4KiB'),
      flush: ms(1, 300),
      low: fc.constantFrom('0%', '8%'),
      high: fc.constantFrom('8%', '20%'),
    }),
    fc.record({
      granule: fc.constantFrom('4KiB', '16KiB'),
      epoch: fc.constantFrom('10ms', '100ms'),
      threshold: fc.constantFrom(1, 16),
      hotlist: fc.constantFrom(4, 1024),
      shared: fc.boolean(),
    }),
    maybe('rejectAbove', fc.constant('3KiB')),
    maybe('offline', fc.constant([{ from: '200ms', to: '350ms' }])),
  )
  .map(([physical, overcommit, fixed, hotness, rejectAbove, offline]) => ({
    physical: `${physical}MiB`,
    advertised: `${physical * overcommit}MiB`,
    ...fixed,
    hotness,
    ...rejectAbove,
    ...offline,
  }))

const host = (devices: readonly string[]) =>
  fc
    .tuple(
      fc.integer({ min: 16, max: 64 }),
      fc.oneof({ weight: 5, arbitrary: fc.subarray([...devices], { minLength: 1 }) }, fc.constant([])),
      fc.record({
        watermarkScaleFactor: fc.constantFrom(10, 200),
        generations: fc.integer({ min: 2, max: 4 }),
        demotionBatch: fc.constantFrom(1, 64, 512),
      }),
      fc.record({ size: fc.constantFrom('0B', '0B', '8MiB', '256MiB'), bandwidth: fc.constantFrom('50MB/s', '2GB/s') }),
      maybe('proactive', fc.constant({ rate: '100MB/s', age: '100ms' })),
    )
    .map(([memory, uses, fixed, swap, proactive]) => ({
      memory: `${memory}MiB`,
      devices: uses,
      ...fixed,
      swap,
      ...proactive,
      isolation: { policy: 'private-node', numaBalancing: true },
    }))

const promoter = (served: string) =>
  fc.record({
    host: fc.constant(served),
    chmu: fc.boolean(),
    hints: fc.boolean(),
    threshold: fc.integer({ min: 1, max: 3 }),
    rateLimit: fc.constantFrom('2MB/s', '1000MB/s'),
    sleep: ms(50, 100),
    scanSize: fc.constantFrom('4MiB', '256MiB'),
  })

/** As the object that the scenario file holds. */
const given = fc
  .tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 500, max: 2000 }))
  .chain(([deviceCount, hostCount, durationMs]) => {
    const deviceNames = names('device', deviceCount)
    const hostNames = names('host', hostCount)
    const workloads = fc
      .array(fc.constantFrom(...hostNames).chain(workload), { minLength: hostCount, maxLength: hostCount * 3 })
      .map((list) => Object.fromEntries(list.map((one, i) => [`workload-${i + 1}`, one])))
    return fc.record({
      name: fc.constant('random'),
      seed: fc.nat(),
      duration: fc.constant(`${durationMs}ms`),
      quantum: fc.constantFrom('500us', '1ms', '2ms'),
      sample: fc.constant('100ms'),
      devices: fc.tuple(...deviceNames.map(() => device)).map((list) => keyed(deviceNames, list)),
      hosts: fc.tuple(...hostNames.map(() => host(deviceNames))).map((list) => keyed(hostNames, list)),
      promoters: fc
        .tuple(...hostNames.map((name) => fc.option(promoter(name))))
        .map((list) => keyed(names('promoter', hostCount), list, (one) => one !== null)),
      workloads,
    })
  })

/** `hosts` of 16 to 64 MiB, 1 to 3 of them, on 1 or 2 devices, for 0.5 to 2 s. */
export function randomScenarios(count: number): Scenario[] {
  return randomScenarioTexts(count).map((text) => parseScenario(text, 'random'))
}

/** As files hold them. */
export function randomScenarioTexts(count: number): string[] {
  return fc.sample(given, count).map((object) => JSON.stringify(withRoom(object)))
}

/** What chance brings too seldom: a device that overflows with nobody to relieve it, so that reads meet poison. */
export const STORM = parseScenario(
  `
name: storm
duration: 1500ms
devices:
  device-1: { physical: 8MiB, advertised: 64MiB, low: 0%, high: 0%, flush: 20ms }
hosts:
  host-1: { memory: 24MiB, devices: [device-1], watermarkScaleFactor: 200 }
  host-2: { memory: 24MiB, devices: [device-1], watermarkScaleFactor: 200, swap: { size: 64MiB }, isolation: { policy: private-node, numaBalancing: true } }
promoters:
  promoter-2: { host: host-2, threshold: 1 }
workloads:
  one: { host: host-1, kind: uniform, size: 36MiB, accesses: 100k/s, content: { ratio: 4 }, writes: incompressible }
  two: { host: host-2, kind: zipf, size: 36MiB, accesses: 500k/s, content: { ratio: 4 }, writes: incompressible }
  three: { host: host-1, kind: bear, size: 4MiB, content: zero, rate: 100MB/s, attack: 700ms }
`,
  'storm',
)

/** A working set that moves, so that there are always pages on their way home, more than the rate limit lets pass. */
export const HOMECOMING = parseScenario(
  `
name: homecoming
duration: 1500ms
devices:
  device-1: { physical: 32MiB, advertised: 64MiB, hotness: { epoch: 50ms, threshold: 1 } }
hosts:
  host-1: { memory: 48MiB, devices: [device-1], watermarkScaleFactor: 300, swap: { size: 64MiB }, isolation: { policy: private-node, numaBalancing: true } }
promoters:
  promoter-1: { host: host-1, threshold: 1, sleep: 50ms, batch: 64, rateLimit: 4MB/s }
workloads:
  one: { host: host-1, kind: phases, size: 60MiB, accesses: 2M/s, hot: 20%, hotShare: 90%, period: 200ms, allocateRate: 500MB/s }
`,
  'homecoming',
)

/** A host may not be asked for more than four times what it could hold. */
function withRoom<T extends { hosts: Record<string, { memory: string }>; workloads: Record<string, object> }>(object: T): T {
  for (const [name, { memory }] of Object.entries(object.hosts)) {
    let room = 4 * Number.parseInt(memory, 10) * MIB
    for (const [id, one] of Object.entries(object.workloads) as [string, { host: string; size?: string }][]) {
      if (one.host !== name) continue
      room -= Number.parseInt(one.size ?? '0', 10) * MIB
      if (room < 0) delete object.workloads[id]
    }
  }
  return object
}

export function names(kind: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${kind}-${i + 1}`)
}

function keyed<T>(keys: readonly string[], values: readonly T[], keep: (value: T) => boolean = () => true): Record<string, T> {
  return Object.fromEntries(keys.map((key, i) => [key, values[i]!] as const).filter(([, value]) => keep(value)))
}
