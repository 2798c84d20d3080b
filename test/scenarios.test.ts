/** Every scenario tells the story that its comment promises; those of the policies stand in policy-scenarios.test.ts. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { loadProfiles } from '#shared/measured.ts'
import { parseScenario } from '#shared/scenario.ts'
import { renderVerdict } from '#simulation/run.ts'
import type { Verdict } from '#simulation/verdict.ts'
import { device, figure, host, SCENARIOS, series, tell, type Told } from './tell.fixture.ts'

/** A profile's own ratio once its sizes are rounded up to chunks and every page has its metadata. */
function chunkedRatio(sizes: Uint16Array, chunkBytes = 512, metadataBytes = 64): number {
  const stored = sizes.reduce((sum, size) => sum + Math.ceil(size / chunkBytes) * chunkBytes + metadataBytes, 0)
  return (sizes.length * 4096) / stored
}

// The rack's stand in rack.test.ts, for they are of a rack of another size.
test('there is a test here for every scenario', () => {
  expect(readdirSync(SCENARIOS).toSorted()).toEqual(
    [
      'bear-wins',
      'calm',
      'isolation',
      'noisy-neighbour',
      'promoter-wins',
      'quickstart',
      'rack',
      'read-only',
      'refusal',
      'shares',
    ].map((name) => `${name}.yaml`),
  )
})

test('quickstart: nodes are private, pages are mapped directly, and every promoter hears the devices', () => {
  const text = readFileSync(new URL('quickstart.yaml', SCENARIOS), 'utf8')
  const { hosts, promoters, devices } = parseScenario(text, 'quickstart.yaml')
  for (const { isolation, access } of Object.values(hosts)) {
    expect([isolation.policy, access.policy]).toEqual(['private-node', 'direct'])
  }
  for (const { shares } of Object.values(devices)) expect(shares.policy).toBe('none')
  expect(Object.values(promoters).map(({ chmu }) => chmu)).toEqual([true, true, true, true])
})

describe('quickstart', () => {
  let told: Told
  beforeAll(async () => {
    told = await tell('quickstart')
  }, 120_000)

  const at = (code: string, actor: string): number =>
    told.events.find((event) => event.code === code && event.actor === actor)?.seconds ?? Infinity

  test('demotion fills the pool with a million pages and more', () => {
    const pooled = Object.values(told.verdict.devices).reduce((sum, figures) => sum + figure(figures, 'peakStoredPages'), 0)
    expect(pooled).toBeGreaterThanOrEqual(1_000_000)
  })

  test('the ratio settles near what the profiles say', () => {
    const profiles = loadProfiles()
    const ratioOf = (id: string): number => {
      const used = series(told, 'device-2', `byHost.${id}.usedBytes`).get(29)!
      return (series(told, 'device-2', `byHost.${id}.storedPages`).get(29)! * 4096) / used
    }
    expect(ratioOf('host-3') / chunkedRatio(profiles.sqlite.lz4)).toBeCloseTo(1, 1)
    expect(ratioOf('host-4') / chunkedRatio(profiles.gcc.lz4)).toBeCloseTo(1, 1)
  })

  test('the bear comes at half time and pushes its device over the threshold within two seconds', () => {
    expect(at('attack', 'bear')).toBe(30)
    expect(at('low-threshold', 'device-1')).toBeGreaterThan(30)
    expect(at('low-threshold', 'device-1')).toBeLessThan(32)
    expect(at('low-threshold', 'device-2')).toBe(Infinity)
  })

  test('refusals begin with the pressure, and are at least one demotion in a hundred', () => {
    const hosts = Object.keys(told.verdict.hosts)
    const refused = hosts.reduce((sum, id) => sum + host(told.verdict, id, 'refused'), 0)
    const demoted = hosts.reduce((sum, id) => sum + host(told.verdict, id, 'demoted'), 0)
    expect(refused / (refused + demoted)).toBeGreaterThanOrEqual(0.01)
    expect(at('first-refusal', 'device-1')).toBeGreaterThan(at('low-threshold', 'device-1'))
    expect(refused).toBe(device(told.verdict, 'device-1', 'refused.pressure'))
  })

  test('swap and promotion answer', () => {
    for (const id of ['host-1', 'host-2']) expect(host(told.verdict, id, 'swappedOutPooled')).toBeGreaterThan(10_000)
    for (const id of ['host-3', 'host-4']) expect(host(told.verdict, id, 'swappedOut')).toBe(0)
    for (const id of Object.keys(told.verdict.hosts)) expect(host(told.verdict, id, 'promoted')).toBeGreaterThan(10_000)
    expect(at('high-threshold', 'device-1')).toBeLessThan(40)
  })

  test('the neighbour on the same device feels it, those on the other do not', () => {
    const since = (id: string): number => {
      const elapsed = series(told, id, 'elapsedSeconds')
      const work = series(told, id, 'workSeconds')
      return (elapsed.get(59)! - elapsed.get(29)!) / (work.get(59)! - work.get(29)!)
    }
    expect(since('host-1')).toBeGreaterThan(1.05)
    expect(since('host-3')).toBeLessThan(1.01)
    expect(since('host-4')).toBeLessThan(1.01)
  })

  test('the traces are replayed', () => {
    for (const id of ['redis-trace', 'sqlite-trace'])
      expect(figure(told.verdict.workloads[id]!, 'epochsDone')).toBeGreaterThan(150)
  })

  test('the verdict says so in words, within 100 columns', () => {
    const text = renderVerdict(told)
    for (const line of text.split('\n')) if (!line.startsWith('Run folder')) expect(line.length).toBeLessThanOrEqual(100)
    expect(told.verdict.story.join(' ')).toMatch(/device-1 crossed its low threshold at 30\.\d s, \d+ ms after the attack/)
    expect(told.verdict.story.join(' ')).toMatch(/device-1 began to refuse demotions \(pressure\)/)
  })

  test('is the run that the README shows', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    expect(readme).toContain(told.verdict.digest)
    for (const sentence of told.verdict.story) expect(readme.replace(/\s+/g, ' ')).toContain(sentence)
  })

  test('the run folder holds the scenario, the verdict, the events and a metrics file for each actor', () => {
    const files = ['events.ndjson', 'metrics', 'metrics.parquet', 'report.html', 'scenario.yaml', 'verdict.json']
    expect(readdirSync(told.folder).toSorted()).toEqual(files)
    expect(readdirSync(join(told.folder, 'metrics'))).toHaveLength(1 + 4 + 2 + 4 + 7)
    expect(JSON.parse(readFileSync(join(told.folder, 'verdict.json'), 'utf8'))).toEqual(told.verdict)
    expect(series(told, 'device-1', 'usedBytes').size).toBe(61)
  })
})

test('calm: nothing is refused or swapped, and nobody is slowed', async () => {
  const { verdict } = await tell('calm')
  expect(device(verdict, 'device-1', 'interrupts')).toBe(0)
  for (const id of Object.keys(verdict.hosts)) {
    expect(host(verdict, id, 'demoted')).toBeGreaterThan(100_000)
    expect(host(verdict, id, 'refused')).toBe(0)
    expect(host(verdict, id, 'swappedOut')).toBe(0)
    expect(host(verdict, id, 'slowdown')).toBeLessThan(1.01)
  }
  const profile = chunkedRatio(loadProfiles().redis_json.lz4)
  expect(device(verdict, 'device-1', 'compressionRatio') / profile).toBeCloseTo(1, 1)
}, 60_000)

test('refusal: pressure refuses both; the host under need swaps, the proactive one leaves its pages alone', async () => {
  const { verdict } = await tell('refusal')
  expect(device(verdict, 'device-1', 'refused.pressure')).toBeGreaterThan(10_000)
  expect(host(verdict, 'host-1', 'refused')).toBeGreaterThan(10_000)
  expect(host(verdict, 'host-1', 'refusedProactive')).toBe(0)
  expect(host(verdict, 'host-1', 'swappedOut')).toBeGreaterThan(10_000)
  expect(host(verdict, 'host-1', 'slowdown')).toBeGreaterThan(1.2)
  expect(host(verdict, 'host-2', 'refused')).toBe(host(verdict, 'host-2', 'refusedProactive'))
  expect(host(verdict, 'host-2', 'refused')).toBeGreaterThan(1000)
  expect(host(verdict, 'host-2', 'swappedOut')).toBe(0)
}, 60_000)

test('bear-wins: the device is full within a second and pages are poisoned', async () => {
  const { verdict, events } = await tell('bear-wins')
  expect(verdict.bear.outrun).toBe(false)
  expect(device(verdict, 'device-1', 'poisonedPages')).toBeGreaterThan(1000)
  const poison = events.find((event) => event.code === 'poison')!
  expect(poison.seconds).toBeGreaterThan(10)
  expect(poison.seconds).toBeLessThan(11)
}, 60_000)

test('promoter-wins: nothing is lost, and without the monitor the same bear wins', async () => {
  const { verdict } = await tell('promoter-wins')
  expect(verdict.bear.outrun).toBe(true)
  expect(host(verdict, 'host-1', 'promoted')).toBeGreaterThan(100_000)
  const { verdict: without } = await tell('promoter-wins', 'promoters.*.chmu=false')
  expect(without.bear.outrun).toBe(false)
}, 60_000)

test('noisy-neighbour: the steady host on the shared device waits longer than its twin on a device of its own', async () => {
  const { verdict } = await tell('noisy-neighbour')
  const shared = device(verdict, 'device-1', 'byHost.host-1.readNs.mean')
  const alone = device(verdict, 'device-2', 'byHost.host-3.readNs.mean')
  expect(shared / alone).toBeGreaterThan(1.05)
  expect(host(verdict, 'host-1', 'latencyNs.p99') / host(verdict, 'host-3', 'latencyNs.p99')).toBeGreaterThan(1.3)
  expect(host(verdict, 'host-1', 'slowdown')).toBeGreaterThan(host(verdict, 'host-3', 'slowdown'))
  expect(host(verdict, 'host-1', 'refused')).toBe(0)
}, 60_000)

test('noisy-neighbour: where the scan heeds the load class, it is slowed and the steady host waits less', async () => {
  const { verdict: deaf } = await tell('noisy-neighbour', 'duration=9s')
  const { verdict } = await tell('noisy-neighbour', 'duration=9s', 'hosts.host-2.throttle={}')
  const waits = (of: Verdict): number => device(of, 'device-1', 'byHost.host-1.readNs.mean')
  expect(waits(verdict)).toBeLessThan(waits(deaf))
  expect(host(verdict, 'host-2', 'throttledSeconds')).toBeGreaterThan(1)
  expect(host(verdict, 'host-2', 'slowdown')).toBeGreaterThan(host(deaf, 'host-2', 'slowdown'))
  expect(host(deaf, 'host-2', 'throttledSeconds')).toBe(0)
  expect(waits(verdict)).toBeGreaterThan(device(verdict, 'device-2', 'byHost.host-3.readNs.mean'))
}, 60_000)
