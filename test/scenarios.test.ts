/** Every scenario tells the story that its comment promises. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadProfiles } from '#shared/measured.ts'
import { loadScenario } from '#shared/scenario.ts'
import { renderVerdict, runScenario, type RunResult } from '#simulation/run.ts'
import type { Figures, Verdict } from '#simulation/verdict.ts'

const SCENARIOS = new URL('../scenarios/', import.meta.url)
const out = mkdtempSync(join(tmpdir(), 'coldpool-scenarios-'))
afterAll(() => rmSync(out, { recursive: true }))

interface Told extends RunResult {
  readonly folder: string
  readonly events: readonly { seconds: number; actor: string; code: string; [field: string]: number | string }[]
}

async function tell(name: string, ...overrides: string[]): Promise<Told> {
  const file = `${name}.yaml`
  const { scenario, yaml } = loadScenario(readFileSync(new URL(file, SCENARIOS), 'utf8'), file, overrides)
  const result = await runScenario({ scenario, yaml, out })
  const folder = result.folder!
  const lines = readFileSync(join(folder, 'events.ndjson'), 'utf8').trimEnd().split('\n')
  return { ...result, folder, events: lines.map((line) => JSON.parse(line) as Told['events'][number]) }
}

function figure(figures: Figures, path: string): number {
  const value = path.split('.').reduce<number | Figures | undefined>((at, part) => (at as Figures)[part], figures)
  if (typeof value !== 'number') throw new Error(`no figure ${path}`)
  return value
}

function host(verdict: Verdict, id: string, path: string): number {
  return figure(verdict.hosts[id]!, path)
}

function device(verdict: Verdict, id: string, path: string): number {
  return figure(verdict.devices[id]!, path)
}

/** A profile's own ratio once its sizes are rounded up to chunks and every page has its metadata. */
function chunkedRatio(sizes: Uint16Array, chunkBytes = 512, metadataBytes = 64): number {
  const stored = sizes.reduce((sum, size) => sum + Math.ceil(size / chunkBytes) * chunkBytes + metadataBytes, 0)
  return (sizes.length * 4096) / stored
}

/** The column of an actor's metrics, by virtual second. */
function series(told: Told, actor: string, column: string): Map<number, number> {
  const [head, ...rows] = readFileSync(join(told.folder, 'metrics', `${actor}.csv`), 'utf8')
    .trimEnd()
    .split('\n')
  const index = head!.split(',').indexOf(column)
  if (index < 0) throw new Error(`no column ${column}`)
  return new Map(rows.map((row) => [Number(row.split(',')[0]), Number(row.split(',')[index])]))
}

test('there is a test here for every scenario', () => {
  expect(readdirSync(SCENARIOS).toSorted()).toEqual(
    ['bear-wins', 'calm', 'isolation', 'noisy-neighbour', 'promoter-wins', 'quickstart', 'read-only', 'refusal', 'shares'].map(
      (name) => `${name}.yaml`,
    ),
  )
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
    const files = ['events.ndjson', 'metrics', 'report.html', 'scenario.yaml', 'verdict.json']
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

describe('read-only', () => {
  const LOW = 0.08 * 1344 * 2 ** 20
  const inPeace = (told: Told, id: string): number =>
    series(told, id, 'elapsedSeconds').get(11)! / series(told, id, 'workSeconds').get(11)!
  let caged: Told
  let free: Told
  beforeAll(async () => {
    caged = await tell('read-only')
    free = await tell('read-only', 'hosts.*.access=direct')
  }, 120_000)

  test('the cage holds the bear: headroom stays near the threshold, where direct leaves next to none', () => {
    expect(caged.verdict.bear.outrun).toBe(true)
    expect(caged.verdict.bear.closestHeadroomBytes).toBeLessThan(LOW)
    expect(caged.verdict.bear.closestHeadroomBytes).toBeGreaterThan(0.9 * LOW)
    expect(free.verdict.bear.closestHeadroomBytes).toBeLessThan(0.01 * LOW)
    expect(device(caged.verdict, 'device-1', 'refused.pressure')).toBeGreaterThan(100_000)
  })

  test('and what it costs: a fault for each first store, waits for frames, a percent of slowdown in peace', () => {
    for (const id of ['host-1', 'host-2']) {
      expect(host(caged.verdict, id, 'writeFaults')).toBeGreaterThan(100_000)
      expect(host(free.verdict, id, 'writeFaults')).toBe(0)
    }
    expect(host(caged.verdict, 'host-2', 'faultWaits')).toBeGreaterThan(100)
    expect(host(caged.verdict, 'host-2', 'faultStallSeconds')).toBeGreaterThan(1)
    expect(inPeace(free, 'host-1') - 1).toBeLessThan(0.005)
    expect(inPeace(caged, 'host-1') - 1).toBeGreaterThan(2 * (inPeace(free, 'host-1') - 1))
    expect(inPeace(caged, 'host-1') - 1).toBeLessThan(0.02)
    expect(renderVerdict(caged)).toMatch(/^host +write faults/m)
    for (const line of renderVerdict(caged).split('\n'))
      if (!line.startsWith('Run folder')) expect(line.length).toBeLessThanOrEqual(100)
  })

  test('holds it at 2 GB/s too, where direct loses pages and both services', async () => {
    const rate = 'workloads.bear.rate=2GB/s'
    const { verdict } = await tell('read-only', rate)
    expect(verdict.bear.closestHeadroomBytes).toBeGreaterThan(0.9 * LOW)
    expect(device(verdict, 'device-1', 'poisonedPages')).toBe(0)
    const { verdict: without } = await tell('read-only', rate, 'hosts.*.access=direct')
    expect(without.bear.outrun).toBe(false)
    expect(device(without, 'device-1', 'poisonedPages')).toBeGreaterThan(10_000)
    for (const id of ['service-1', 'service-2']) expect(figure(without.workloads[id]!, 'killed')).toBe(1)
  }, 120_000)
})

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

describe('shares: a bear meets a device that is divided', () => {
  const set = (shares: string) => `devices.device-1.shares=${shares}`
  const limits = 'limits: { host-1: 384MiB, host-2: 352MiB }'

  test('with a grace the neighbour feels nothing, nothing is lost, and the bear is paused', async () => {
    const { verdict, events } = await tell('shares')
    expect(verdict.bear.outrun).toBe(true)
    expect(device(verdict, 'device-1', 'poisonedPages')).toBe(0)
    for (const key of ['refused', 'swappedOut', 'pausedSeconds']) expect(host(verdict, 'host-1', key)).toBe(0)
    expect(host(verdict, 'host-1', 'slowdown')).toBeLessThan(1.01)
    expect(device(verdict, 'device-1', 'byHost.host-2.pauses')).toBeGreaterThan(0)
    expect(host(verdict, 'host-2', 'pausedSeconds')).toBeGreaterThan(0.5)
    expect(host(verdict, 'host-2', 'swappedOutPooled')).toBeGreaterThan(10_000)
    const paused = events.find(({ code }) => code === 'share-paused')!
    expect(paused['host']).toBe('host-2')
    expect(paused['takenBytes']).toBeLessThanOrEqual(362 * 2 ** 20)
    expect(verdict.story.join(' ')).toMatch(/device-1 paused the writers of host-2 at 8\.\d s/)
  }, 60_000)

  test('without shares a service of the neighbour dies', async () => {
    const { verdict, events } = await tell('shares', set('{ policy: none }'))
    expect(verdict.bear.outrun).toBe(false)
    expect(events.some(({ code, actor }) => code === 'killed' && actor === 'service-1')).toBe(true)
    expect(host(verdict, 'host-1', 'refused')).toBeGreaterThan(10_000)
    expect(device(verdict, 'device-1', 'refused.share')).toBe(0)
  }, 60_000)

  test('by weight the pressure goes to the bear alone, which wins all the same', async () => {
    const { verdict, events } = await tell('shares', set('{ policy: weighted }'))
    const pressed = events.filter(({ code }) => code === 'share-pressed')
    expect(pressed.length).toBeGreaterThan(0)
    expect(pressed.filter((event) => event['host'] !== 'host-2')).toEqual([])
    expect(device(verdict, 'device-1', 'byHost.host-1.refusedFor.pressure')).toBe(0)
    expect(verdict.bear.outrun).toBe(false)
  }, 60_000)

  test('with hard limits the neighbour is as safe, and the bear loses what it writes beyond', async () => {
    const { verdict } = await tell('shares', set(`{ policy: hard, ${limits} }`))
    for (const key of ['refused', 'swappedOut']) expect(host(verdict, 'host-1', key)).toBe(0)
    expect(device(verdict, 'device-1', 'byHost.host-1.poisonedPages')).toBe(0)
    expect(device(verdict, 'device-1', 'byHost.host-2.poisonedPages')).toBeGreaterThan(10_000)
    expect(device(verdict, 'device-1', 'byHost.host-2.peakUsedBytes')).toBeLessThanOrEqual(352 * 2 ** 20)
  }, 60_000)
})

describe('isolation', () => {
  let told: Told
  beforeAll(async () => {
    told = await tell('isolation')
  }, 60_000)
  const leaked = (verdict: Verdict, id: string) => (verdict.hosts[id] as { leaked: Figures }).leaked

  test('what one host leaks past its mempolicy poisons the device for both', () => {
    const { verdict, events } = told
    expect(leaked(verdict, 'host-1')).toEqual({ anon: 0, pageCache: 0, kernel: 0 })
    expect(leaked(verdict, 'host-2')).toMatchObject({ anon: 0 })
    for (const kind of ['pageCache.systemService', 'kernel.kernelThread', 'kernel.interrupt']) {
      expect(host(verdict, 'host-2', `leakedBy.${kind}`), kind).toBeGreaterThan(100)
    }
    const at = (code: string): number => events.find((event) => event.code === code)!.seconds
    expect(at('first-leak')).toBeLessThan(at('low-threshold'))
    expect(at('first-refusal')).toBeGreaterThanOrEqual(at('low-threshold'))
    expect(at('poison') - at('low-threshold')).toBeLessThan(1)
    const killed = events.filter(({ code, cause, pages }) => code === 'killed' && cause === 'sigbus' && pages === undefined)
    expect(killed.map(({ actor }) => actor).toSorted()).toEqual(['service-1', 'service-2'])
    expect(verdict.story.join(' ')).toMatch(/host-2 leaked page cache onto device-1 from \d+ ms on, by system services/)
  })

  test('its leaks are a curve over time, and nothing of the kernel comes back', () => {
    const cache = [...series(told, 'host-2', 'leaked.pageCache').values()]
    expect(cache).toEqual(cache.toSorted((x, y) => x - y))
    expect(series(told, 'host-2', 'origin.kernel')).toEqual(series(told, 'host-2', 'leaked.kernel'))
  })

  test('with both nodes private the same allocations harm nobody', async () => {
    const { verdict } = await tell('isolation', 'hosts.host-2.isolation.policy=private-node')
    expect(verdict.bear.outrun).toBe(true)
    expect(device(verdict, 'device-1', 'interrupts')).toBe(0)
    for (const id of ['host-1', 'host-2']) {
      expect(leaked(verdict, id)).toEqual({ anon: 0, pageCache: 0, kernel: 0 })
      expect(host(verdict, id, 'demoted')).toBeGreaterThan(50_000)
      expect(host(verdict, id, 'refused') + host(verdict, id, 'swappedOut')).toBe(0)
    }
  }, 60_000)
})
