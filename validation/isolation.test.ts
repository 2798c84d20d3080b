/**
 * What a comparison of policies stands on: under one seed they see the same allocations arrive, the same phases and the
 * same contents, and a private node is never allocated on, whatever comes.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isKind, trial, type Trial } from './trial.ts'

const POLICIES = ['none', 'mempolicy', 'cpuset', 'zone', 'private-node', 'dedicated-driver'] as const

const scenarioOf = (policy: string): string => `
name: compared
duration: 2s
sample: 10ms
devices:
  pool: { physical: 24MiB, advertised: 96MiB, low: 10%, high: 15%, flush: 100ms }
hosts:
  host:
    memory: 48MiB
    devices: [pool]
    watermarkScaleFactor: 100
    swap: { size: 64MiB }
    isolation: { policy: ${policy} }
    pageCache: { size: 16MiB, rate: 40MB/s, root: 10%, system: 40%, content: sqlite }
    kernel: { size: 8MiB, rate: 5MB/s, interrupts: 20% }
workloads:
  moving: { host: host, kind: phases, size: 40MiB, accesses: 200k/s, writeShare: 0%, hot: 20%, hotShare: 90%, period: 300ms, content: redis_json }
  bursting: { host: host, kind: burst, cgroup: system, size: 16MiB, accesses: 20k/s, burst: 200k/s, writeShare: 0%, period: 400ms, length: 100ms, content: gcc }
`

interface Seen {
  readonly run: Trial
  /** Of each workload, its profiles in order. */
  readonly profiles: ReadonlyMap<number, unknown[]>
  /** What each page compressed to when it first came to the device. */
  readonly contents: ReadonlyMap<number, number>
  readonly landed: number
}

async function watch(policy: string, sets: readonly string[] = []): Promise<Seen> {
  const profiles = new Map<number, unknown[]>()
  const contents = new Map<number, number>()
  let landed = 0
  const run = await trial(scenarioOf(policy), sets, (mail) => {
    if (isKind(mail, 'profile')) profiles.set(mail.from, [...(profiles.get(mail.from) ?? []), mail.body])
    if (isKind(mail, 'landed')) landed += mail.body.pages.length
    if (!isKind(mail, 'landed') && !isKind(mail, 'demote')) return
    mail.body.pages.forEach((page, i) => {
      if (!contents.has(page)) contents.set(page, mail.body.sizes[i]!)
    })
  })
  return { run, profiles, contents, landed }
}

const arrivals = ({ run }: Seen): unknown[] =>
  run.samples.map(({ quantum, of }) => [quantum, of['host']!['asked.pageCache'], of['host']!['asked.kernel']])

/** As far as both have come. */
function expectSamePhases(one: Seen, other: Seen): void {
  expect(new Set(other.profiles.keys())).toEqual(new Set(one.profiles.keys()))
  for (const [workload, profiles] of one.profiles) {
    const theirs = other.profiles.get(workload)!
    const both = Math.min(profiles.length, theirs.length)
    expect(both).toBeGreaterThan(3)
    expect(theirs.slice(0, both)).toEqual(profiles.slice(0, both))
  }
}

/** Of the pages that came to the device under several of them; how many these are. */
function expectSameContents(several: readonly Seen[]): number {
  const holds = new Map<number, number[]>()
  for (const { contents } of several) {
    for (const [page, size] of contents) holds.set(page, [...(holds.get(page) ?? []), size])
  }
  const compared = [...holds.values()].filter((sizes) => sizes.length > 1)
  expect(compared.filter((sizes) => new Set(sizes).size > 1)).toEqual([])
  return compared.length
}

describe('two policies under one seed', () => {
  const seen = new Map(POLICIES.map((policy) => [policy, watch(policy)]))

  test.each(POLICIES.slice(1))('none and %s see the same arrivals, at every sample', async (policy) => {
    const [one, other] = [await seen.get('none')!, await seen.get(policy)!]
    expect(arrivals(other)).toEqual(arrivals(one))
    expect(one.run.final['host']!['asked.pageCache']).toBeGreaterThan(15_000)
    expect(one.run.final['host']!['asked.kernel']).toBeGreaterThan(2000)
  })

  test.each(POLICIES.slice(1))('none and %s see the same phases, though one may be further on', async (policy) => {
    const [one, other] = [await seen.get('none')!, await seen.get(policy)!]
    expectSamePhases(one, other)
  })

  test('a page holds the same, however it comes to the device', async () => {
    expect(expectSameContents(await Promise.all(seen.values()))).toBeGreaterThan(5000)
  })

  const WRITES = 'workloads.*.writeShare=20%'
  const writing = watch('private-node', [WRITES])

  test.each([
    'hosts.host.access=read-only',
    'hosts.host.access=write-budget',
    'hosts.host.access=fault-on-access',
    'devices.pool.shares={ policy: weighted }',
    'devices.pool.shares={ policy: hard, limits: { host: 12MiB } }',
    'devices.pool.shares={ policy: grace, limits: { host: 12MiB }, grace: 1MiB }',
  ])('direct, without shares, and %s see the same arrivals, phases and contents', async (set) => {
    const [one, other] = [await writing, await watch('private-node', [WRITES, set])]
    expect(arrivals(other)).toEqual(arrivals(one))
    expectSamePhases(one, other)
    expect(expectSameContents([one, other])).toBeGreaterThan(2000)
    expect(other.run.final).not.toEqual(one.run.final)
  })

  test('they differ in what they let through', async () => {
    const landed = await Promise.all(POLICIES.map(async (policy) => (await seen.get(policy)!).landed))
    expect(landed[POLICIES.indexOf('private-node')]).toBe(0)
    expect(landed[POLICIES.indexOf('dedicated-driver')]).toBe(0)
    expect(new Set(landed.slice(0, 4)).size).toBe(4)
    // Without a driver there is no other way to land than to leak.
    for (const one of await Promise.all(seen.values())) {
      const host = one.run.final['host']!
      expect(host['leaked.anon']! + host['leaked.pageCache']! + host['leaked.kernel']!).toBe(one.landed)
    }
  })
})

test('a change of cpuset.mems is told when it takes effect, with the nodes that the cgroup has from then on', async () => {
  const changes = '[{ at: 50ms, cgroup: workloads, mems: [pool] }, { at: 200ms, cgroup: system, mems: [dram, pool] }]'
  const { events } = await trial(scenarioOf('none'), [
    'duration=300ms',
    `hosts.host.isolation={ policy: mempolicy, changes: ${changes} }`,
  ])
  expect(events.filter(({ code }) => code === 'mems-changed')).toMatchObject([
    { actor: 'host', quantum: 50, fields: { cgroup: 'workloads', mems: 'pool' } },
    { actor: 'host', quantum: 200, fields: { cgroup: 'system', mems: 'dram,pool' } },
  ])
})

describe('a page is in exactly one place, with files and kernel in DRAM and on the device', () => {
  test.each(POLICIES)('under %s', async (policy) => {
    const { samples } = await trial(scenarioOf(policy))
    for (const { of } of samples) {
      const host = of['host']!
      const sum = (...keys: string[]): number => keys.reduce((total, key) => total + host[key]!, 0)
      const inDram = sum('pages.local', 'pages.demoting', 'pages.promoting', 'writebackPages', 'freePages')
      expect(inDram).toBe((48 * 2 ** 20) / 4096)
      expect(sum('dram.pageCache', 'dram.kernel')).toBeLessThanOrEqual(host['pages.local']!)
      expect(sum('pages.pooled', 'pages.promoting', 'pages.poisoned')).toBe(host['slots.pool'])
      expect(sum('origin.demoted', 'origin.deliberate', 'origin.anon', 'origin.pageCache', 'origin.kernel')).toBe(
        host['slots.pool'],
      )
    }
  })
})

describe('a private node', () => {
  const mib = (min: number, max: number) => fc.integer({ min, max }).map((n) => `${n}MiB`)
  const percent = (max: number) => fc.integer({ min: 0, max }).map((n) => `${n}%`)
  const content = fc.constantFrom('redis_json', 'gcc', 'incompressible', 'zero')
  const workload = fc.record({
    host: fc.constant('host'),
    kind: fc.constant('uniform'),
    size: mib(1, 24),
    accesses: fc.constantFrom('0/s', '20k/s'),
    cgroup: fc.constantFrom('root', 'system', 'workloads'),
    start: fc.integer({ min: 0, max: 100 }).map((n) => `${n}ms`),
    content,
  })
  const scenario = fc.record({
    name: fc.constant('private'),
    seed: fc.nat(),
    duration: fc.constant('250ms'),
    devices: fc.record({ pool: fc.record({ physical: mib(2, 16), advertised: fc.constant('64MiB') }) }),
    hosts: fc.record({
      host: fc.record({
        memory: fc.constant('16MiB'),
        devices: fc.constant(['pool']),
        watermarkScaleFactor: fc.constantFrom(10, 300),
        swap: fc.record({ size: fc.constantFrom('0B', '32MiB') }),
        isolation: fc.record({ policy: fc.constant('private-node') }),
        pageCache: fc.record({
          size: mib(1, 32),
          rate: fc.constantFrom('10MB/s', '400MB/s'),
          root: percent(50),
          system: percent(50),
          content,
        }),
        kernel: fc.record({ size: mib(1, 4), rate: fc.constantFrom('5MB/s', '200MB/s'), interrupts: percent(100), content }),
      }),
    }),
    workloads: fc
      .array(workload, { minLength: 1, maxLength: 3 })
      .map((list) => Object.fromEntries(list.map((one, i) => [`workload-${i}`, one]))),
  })

  test('leaks nothing in 200 random scenarios', async () => {
    let demoted = 0
    let kernel = 0
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        let landed = 0
        const { final } = await trial(JSON.stringify(given), [], (mail) => {
          if (isKind(mail, 'landed')) landed++
        })
        const host = final['host']!
        expect(landed).toBe(0)
        for (const [key, pages] of Object.entries(host)) if (key.startsWith('leaked')) expect(pages, key).toBe(0)
        expect(host['origin.demoted']).toBe(host['slots.pool'])
        demoted += host['demoted']!
        kernel += host['dram.kernel']!
      }),
      { seed: 11, numRuns: 200 },
    )
    expect(demoted).toBeGreaterThan(10_000)
    expect(kernel).toBeGreaterThan(10_000)
  }, 60_000)

  test('is what holds them back: on an ordinary node most of the same scenarios leak, and each kind leaks in many', async () => {
    const kinds = ['anon', 'pageCache', 'kernel'] as const
    const runs = fc.sample(scenario, { seed: 11, numRuns: 20 })
    const leaks: number[][] = []
    for (const given of runs) {
      const { final } = await trial(JSON.stringify(given), ['hosts.host.isolation={ policy: none }'])
      leaks.push(kinds.map((kind) => final['host']![`leaked.${kind}`]!))
    }
    expect(leaks.filter((pages) => pages.some((n) => n > 0)).length).toBeGreaterThan(runs.length / 2)
    for (const kind of kinds.keys()) expect(leaks.filter((pages) => pages[kind]! > 0).length).toBeGreaterThan(runs.length / 4)
  })
})
