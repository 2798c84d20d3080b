import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { loadScenario, parseScenario, scenarioJsonSchema, type Scenario } from './scenario.ts'
import { ScenarioError } from './scenario/problems.ts'

const GIB = 2 ** 30

const MINIMAL = `
name: small
duration: 60s
devices:
  device-1: { physical: 1GiB, advertised: 2GiB }
hosts:
  host-1: { memory: 2GiB, devices: [device-1] }
workloads:
  web-1: { host: host-1, kind: zipf, size: 2.5GiB, accesses: 2M/s }
`

const FULL = `# what it shows
name: full
seed: 7
duration: 60s
quantum: 500us # fine
devices:
  device-1:
    physical: 1GiB
    advertised: 2GiB
    codec: zstd1
    decompress: 2.9ns
    rejectAbove: 2990B
    offline: [{ from: 10s, to: 12s }]
    hotness: { granule: 8KiB, epoch: 100ms, shared: true }
hosts:
  host-1:
    memory: 2GiB
    devices: [device-1]
    proactive: { rate: 100MB/s, age: 10s }
    swap: { size: 4GiB }
  host-2: { memory: 1GiB, devices: [] } # no pool
promoters:
  promoter-1: { host: host-1, hints: false }
workloads:
  a: { host: host-1, kind: zipf, size: 1GiB, accesses: 2M/s, content: { mix: { redis_json: 70%, zero: 30% } }, writes: { drift: redis_json } }
  b: { host: host-1, kind: uniform, size: 1GiB, accesses: 500k/s, content: { ratio: 2.5 } }
  c: { host: host-1, kind: scan, size: 1GiB, rate: 1GB/s, overwrites: true }
  d: { host: host-1, kind: phases, size: 1GiB, accesses: 1M/s, hot: 20%, hotShare: 90%, period: 10s }
  e: { host: host-1, kind: burst, size: 1GiB, accesses: 1M/s, burst: 4M/s, period: 10s, length: 1s, start: 5s, stop: 50s }
  f: { host: host-1, kind: bear, size: 1GiB, rate: 4GB/s, attack: 30s, for: 10s }
  g: { host: host-1, kind: trace, trace: sqlite, repeat: 0 }
`

/** The lines of the ScenarioError that it throws; none where it throws nothing. */
function problemsOf(run: () => unknown): string[] {
  try {
    run()
    return []
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error
    return error.message.split(/[\n\r\u2028\u2029]/)
  }
}

const overridden = (...overrides: string[]): Scenario => loadScenario(FULL, 'full.yaml', overrides).scenario

const withQuantum = (quantum: string): Scenario =>
  loadScenario(MINIMAL, 'x', [`quantum=${quantum}`, 'devices.*.hotness={epoch: 4s}']).scenario

describe('parseScenario', () => {
  it('fills in every default', () => {
    const scenario = parseScenario(MINIMAL, 'small.yaml')
    expect(scenario).toMatchObject({
      name: 'small',
      seed: 1,
      duration: 60e9,
      quantum: 1e6,
      tick: 10e6,
      sample: 1e9,
      promoters: {},
    })
    expect(scenario.devices['device-1']).toEqual({
      physical: GIB,
      advertised: 2 * GIB,
      chunk: 512,
      metadata: 64,
      codec: 'lz4',
      low: 0.1,
      high: 0.15,
      flush: 1e9,
      channels: 1,
      extraLatency: 0,
      offline: [],
      shares: { policy: 'none' },
      hotness: { granule: 4096, epoch: 1e9, threshold: 16, hotlist: 1024, counterBits: 16, shared: false },
    })
    expect(scenario.hosts['host-1']).toEqual({
      memory: 2 * GIB,
      devices: ['device-1'],
      watermarkScaleFactor: 10,
      generations: 4,
      demotionBatch: 512,
      access: { policy: 'direct' },
      demotionStores: 'plain',
      swap: { size: 0, bandwidth: 2e9, latency: 80_000 },
      pooledAtStart: 0,
      isolation: { policy: 'private-node', numaBalancing: false, damon: false },
    })
    expect(scenario.workloads['web-1']).toEqual({
      host: 'host-1',
      kind: 'zipf',
      start: 0,
      size: 2.5 * GIB,
      content: 'redis_json',
      writes: 'redis_json',
      threads: 8,
      allocateRate: 2e9,
      cache: 32 * 2 ** 20,
      accesses: 2e6,
      writeShare: 0.2,
      skew: 0.99,
      cgroup: 'workloads',
      deliberate: 0,
    })
  })

  it.each<[string, object]>([
    ['read-only', { policy: 'read-only' }],
    ['{ policy: read-only }', { policy: 'read-only' }],
    ['swap-only', { policy: 'swap-only' }],
    ['write-budget', { policy: 'write-budget', poll: 100e6, share: 0.25 }],
    ['{ policy: write-budget, poll: 1s }', { policy: 'write-budget', poll: 1e9, share: 0.25 }],
    ['fault-on-access', { policy: 'fault-on-access', rejectAbove: 2990, pool: 0.2, reaccept: 0.9 }],
    ['{ policy: fault-on-access, pool: 5% }', { policy: 'fault-on-access', rejectAbove: 2990, pool: 0.05, reaccept: 0.9 }],
  ])('takes the access %s by name or as a form', (given, access) => {
    expect(loadScenario(MINIMAL, 'x', [`hosts.host-1.access=${given}`]).scenario.hosts['host-1']!.access).toEqual(access)
  })

  it('takes proactive reclaim by cold age, as before there was a choice, or by pressure', () => {
    const proactive = (given: string) =>
      loadScenario(MINIMAL, 'x', [`hosts.host-1.proactive=${given}`]).scenario.hosts['host-1']!.proactive
    expect(proactive('{ rate: 1MB/s, age: 1s }')).toEqual(proactive('{ by: age, rate: 1MB/s, age: 1s }'))
    expect(proactive('{ by: pressure, interval: 1s }')).toEqual({
      by: 'pressure',
      interval: 1e9,
      reclaim: 0.0005,
      pressure: 0.001,
    })
  })

  it('reads every kind of thing into numbers and canonical content', () => {
    const { devices, hosts, promoters, workloads } = parseScenario(FULL, 'full.yaml')
    expect(devices['device-1']).toMatchObject({ decompress: 2.9, rejectAbove: 2990, offline: [{ from: 10e9, to: 12e9 }] })
    expect(hosts['host-1']!.proactive).toEqual({ by: 'age', rate: 100e6, age: 10e9 })
    expect(promoters['promoter-1']).toEqual({
      host: 'host-1',
      chmu: true,
      hints: false,
      damon: false,
      window: 3e9,
      threshold: 2,
      sleep: 100e6,
      batch: 512,
      rateLimit: 65_536e6,
      scanSize: 256 * 2 ** 20,
      scanPeriod: 1e9,
      hintLatency: 1e9,
    })
    expect(workloads['a']).toMatchObject({ content: 'redis_json*0.7+zero*0.3', writes: 'drift=redis_json' })
    expect(workloads['b']).toMatchObject({ content: 'ratio=2.5', writes: 'ratio=2.5' })
    expect(workloads['e']).toMatchObject({ burst: 4e6, start: 5e9, stop: 50e9, skew: 0.99 })
    expect(workloads['f']).toMatchObject({ content: 'redis_json', writes: 'incompressible', attack: 30e9, for: 10e9, passes: 0 })
    expect(workloads['g']).toEqual({
      host: 'host-1',
      kind: 'trace',
      start: 0,
      content: 'redis_json',
      writes: 'redis_json',
      threads: 8,
      allocateRate: 2e9,
      trace: 'sqlite',
      epoch: 100e6,
      repeat: 0,
      cgroup: 'workloads',
      deliberate: 0,
    })
  })

  it('keeps the order in which things are written, which is the order of the actors', () => {
    const text = MINIMAL.replace('  web-1:', '  z: { host: host-1, kind: scan, size: 4KiB, rate: 1GB/s }\n  web-1:')
    expect(Object.keys(parseScenario(text, 'x').workloads)).toEqual(['z', 'web-1'])
  })

  it('puts tick and sample on the grid of a coarse or odd quantum', () => {
    expect(withQuantum('4ms')).toMatchObject({ tick: 12e6, sample: 1e9 })
    expect(withQuantum('50ms')).toMatchObject({ tick: 50e6, sample: 1e9 })
    expect(withQuantum('32ms')).toMatchObject({ tick: 32e6, sample: 1024e6 })
  })

  it('follows anchors and aliases', () => {
    const text = MINIMAL.replace('host-1: {', 'host-0: &host {').replace('workloads:', '  host-1: *host\nworkloads:')
    const { hosts } = parseScenario(text, 'x')
    expect(hosts['host-1']).toEqual(hosts['host-0'])
  })

  it('gives every problem its own line with the place, what was got and what was expected', () => {
    const text = MINIMAL.replace('60s', '60').replace('memory: 2GiB', 'memroy: 2GiB').replace('2M/s', '-2M/s')
    expect(problemsOf(() => parseScenario(text, 'x.yaml'))).toEqual([
      'CP_SCENARIO_SHAPE duration: got 60 (line 3); expected a time from 1ms to 10h in whole nanoseconds, with its unit',
      'CP_SCENARIO_SHAPE hosts.host-1.memory: missing (line 7); expected a size from 16MiB to 1TiB, with its unit',
      'CP_SCENARIO_SHAPE hosts.host-1.memroy: unknown key "memroy" (line 7); expected memory, or another one of memory, devices, watermarkScaleFactor, generations, demotionBatch, access, demotionStores, proactive, swap, pooledAtStart, throttle, isolation, pageCache, kernel',
      'CP_SCENARIO_SHAPE workloads.web-1.accesses: got "-2M/s", which is negative (line 9); expected a rate such as 2M/s (a number and one of /s, k/s, M/s, G/s)',
    ])
  })

  it('says how many more problems there are beyond the first twenty', () => {
    const keys = Array.from({ length: 50 }, (_, i) => `key-${i}: 1`).join('\n')
    const lines = problemsOf(() => parseScenario(`${MINIMAL}${keys}`, 'x.yaml'))
    expect(lines).toHaveLength(21)
    expect(lines[20]).toContain('30 more problems')
  })

  it('gives scenarios or ScenarioErrors and nothing else, one line a problem, whatever the values are', () => {
    const value = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.double(),
      fc.constantFrom('\u2028', '9e999', '!!js x', '*a', '&a b', '<<'),
    )
    const json = fc.json()
    const place = fc.constantFrom(
      'name: small',
      '60s',
      '{ physical: 1GiB, advertised: 2GiB }',
      '[device-1]',
      'web-1',
      'zipf',
      '2.5GiB',
    )
    fc.assert(
      fc.property(place, fc.oneof(value, json), fc.boolean(), (where, put, encoded) => {
        const text = MINIMAL.replace(where, () => (encoded ? JSON.stringify(put) : `${put}`))
        return problemsOf(() => parseScenario(text, 'x.yaml')).every((line) => /^CP_[A-Z_]+ .*: .*; expected .+/.test(line))
      }),
      { numRuns: 300 },
    )
  })
})

describe('overrides', () => {
  it('leave the text alone where there are none', () => {
    expect(loadScenario(FULL, 'full.yaml', []).yaml).toBe(FULL)
  })

  it('set a value, a star stands for every name, and comments stay', () => {
    const { scenario, yaml } = loadScenario(FULL, 'full.yaml', [
      'seed=9',
      'quantum=1ms',
      'hosts.*.memory=4GiB',
      'devices.*.offline.*.to=13s',
    ])
    expect(scenario).toMatchObject({ seed: 9, quantum: 1e6 })
    expect(Object.values(scenario.hosts).map((host) => host.memory)).toEqual([4 * GIB, 4 * GIB])
    expect(scenario.devices['device-1']!.offline).toEqual([{ from: 10e9, to: 13e9 }])
    expect(yaml).toContain('# what it shows')
    expect(yaml).toContain('quantum: 1ms # fine')
    expect(yaml).toContain('# no pool')
    expect(parseScenario(yaml, 'again')).toEqual(scenario)
  })

  it('may set an absent key of an existing mapping, or a whole mapping', () => {
    expect(overridden('hosts.host-2.swap={size: 1GiB}').hosts['host-2']!.swap.size).toBe(GIB)
    expect(overridden('tick=20ms').tick).toBe(20e6)
    expect(overridden('hosts.host-2.devices=[device-1]').hosts['host-2']!.devices).toEqual(['device-1'])
    expect(overridden('hosts.*={memory: 2GiB, devices: []}').hosts['host-2']!.memory).toBe(2 * GIB)
  })

  it('under a star pass by what lacks the mapping, as long as one has it', () => {
    const { hosts } = overridden('hosts.*.swap.size=0B')
    expect(hosts['host-1']!.swap.size).toBe(0)
    expect(hosts['host-2']!.swap.size).toBe(0)
  })

  it('of something with an anchor change no alias of it', () => {
    const text = MINIMAL.replace('host-1: {', 'host-0: &host {').replace('workloads:', '  host-1: *host\nworkloads:')
    const { hosts } = loadScenario(text, 'x', ['hosts.host-0.memory=4GiB']).scenario
    expect([hosts['host-0']!.memory, hosts['host-1']!.memory]).toEqual([4 * GIB, 2 * GIB])
    const through = loadScenario(text, 'x', ['hosts.host-1.memory=4GiB'])
    expect([through.scenario.hosts['host-0']!.memory, through.scenario.hosts['host-1']!.memory]).toEqual([2 * GIB, 4 * GIB])
    expect(parseScenario(through.yaml, 'again')).toEqual(through.scenario)
  })

  it.each([
    ['seed', 'CP_OVERRIDE --set: got "seed"; expected path=value, such as hosts.*.swap.size=0B'],
    ['=5', 'CP_OVERRIDE --set: got "=5"; expected path=value, such as hosts.*.swap.size=0B'],
    ['hosts..memory=1GiB', 'CP_OVERRIDE --set: got "hosts..memory=1GiB"; expected path=value, such as hosts.*.swap.size=0B'],
    [
      'host.host-1.memory=1GiB',
      'CP_OVERRIDE host.host-1.memory: "host" is no mapping or item of the scenario; expected hosts, or another one of',
    ],
    [
      'hosts.hots-1.memory=1GiB',
      'CP_OVERRIDE hosts.hots-1.memory: "hots-1" is no mapping or item of hosts; expected host-1, or another one of host-1, host-2',
    ],
    [
      'hosts.host-2.swap.size=1GiB',
      'CP_OVERRIDE hosts.host-2.swap.size: "swap" is no mapping or item of hosts.host-2; expected one of memory, devices',
    ],
    ['seed.x=1', 'CP_OVERRIDE seed.x: "seed" is no mapping'],
    ['devices.device-1.offline.1.to=1s', 'CP_OVERRIDE devices.device-1.offline.1.to: "1" is no mapping'],
    [
      'hosts.host-1.devices.3=device-1',
      'CP_OVERRIDE hosts.host-1.devices.3: "3" is no mapping or item of hosts.host-1.devices; expected one of 0',
    ],
    ['hosts.host-1.devices=[', 'CP_OVERRIDE hosts.host-1.devices: got "["; expected a value in YAML'],
    ['hosts.host-1.devices=*x', 'CP_OVERRIDE hosts.host-1.devices: got "*x"; expected a value in YAML'],
    ['sede=3', 'CP_OVERRIDE sede: unknown key "sede"; expected seed, or another one of'],
    ['hosts.*.memroy=1GiB', 'CP_OVERRIDE hosts.host-1.memroy: unknown key "memroy"; expected memory, or'],
    ['hosts.host-1.memory=1', 'CP_SCENARIO_SHAPE hosts.host-1.memory: got 1; expected a size'],
    ['__proto__.x=1', 'CP_OVERRIDE __proto__.x: "__proto__" is no mapping'],
    ['__proto__={}', 'CP_OVERRIDE __proto__: unknown key "__proto__"; expected one of'],
  ])('refuse %s', (override, line) => {
    expect(problemsOf(() => overridden(override))[0]).toContain(line)
  })
})

describe('the JSON Schema', () => {
  const json = scenarioJsonSchema() as { properties: Record<string, { description?: string; default?: unknown }> }

  it('describes every field, with defaults as one writes them', () => {
    const bare: string[] = []
    const visit = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return
      const { properties } = node as { properties?: Record<string, { description?: string; const?: string }> }
      for (const [key, field] of Object.entries(properties ?? {})) {
        if (!path.includes('anyOf') && field.description === undefined && field.const === undefined) bare.push(`${path}.${key}`)
      }
      for (const [key, child] of Object.entries(node)) visit(child, `${path}.${key}`)
    }
    visit(json, '')
    expect(bare).toEqual([])
    expect(json.properties['quantum']).toMatchObject({ type: 'string', default: '1ms' })
    expect(parseYaml(JSON.stringify(json))).toEqual(json)
  })
})
