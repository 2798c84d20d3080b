/** `--workers`: however a run is spread over threads, its verdict is that of one thread. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ColdpoolError } from '#shared/errors.ts'
import type { Script } from '#shared/command.ts'
import { parseScenario, type Scenario } from '#shared/scenario.ts'
import { NS_PER_S } from '#shared/time.ts'
import { Cast } from '#simulation/actors.ts'
import { runScenario, type Verdict } from '#simulation/run.ts'
import { Spread } from '#simulation/threads/spread.ts'
import { BASE } from './bad-input/case.ts'
import { interrupted } from './interrupt.fixture.ts'
import { HOMECOMING, randomScenarios, randomScenarioTexts, STORM } from './scenario.fixture.ts'
import { randomScript } from './script.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'coldpool-workers-'))
afterAll(() => rmSync(folder, { recursive: true }))

const hosts = [3, 1, 1, 1, 2].map((gibibytes, i) => `  host-${i}: { memory: ${gibibytes}GiB, devices: [device-${i % 2}] }\n`)
const RACK = `
name: rack
duration: 1s
devices:
  device-0: { physical: 1GiB, advertised: 1GiB }
  device-1: { physical: 1GiB, advertised: 1GiB }
hosts:
${hosts.join('')}
promoters:
  promoter-4: { host: host-4 }
workloads:
  web: { host: host-3, kind: zipf, size: 4GiB, accesses: 1k/s }
`

describe('a run over threads', () => {
  const cases = [STORM, HOMECOMING, ...randomScenarios(4)].map((one, i) => [one.name, one, randomScript(one, i)] as const)

  test.each(cases)('%s: the same verdict over 1, 2 and 3 threads, newcomers and strangers included', async (_, one, script) => {
    const first = await verdictOver(1, one, script)
    for (const workers of [2, 3]) expect(await verdictOver(workers, one, script)).toEqual(first)
  })

  test('that write to none but the conductor, which step ahead: the same verdict, also where all workloads leave early', async () => {
    let early = 0
    const pairs = apart(8)
    expect(pairs).toHaveLength(8)
    for (const one of pairs) {
      const first = await verdictOver(1, one)
      expect(await verdictOver(2, one)).toEqual(first)
      if (first.virtualSeconds < one.duration / NS_PER_S) early++
    }
    expect(early).toBeGreaterThan(0)
  })

  test('fails by a user’s mistake as on one thread, also where another one makes it', async () => {
    const yaml = `${RACK}  trace: { host: host-1, kind: trace, file: ${JSON.stringify(join(folder, 'missing.refs'))} }\n`
    const scenario = parseScenario(yaml, 'rack')
    const cast = new Cast(scenario)
    expect(Spread.over(2, cast).of(cast.ordinalOf('trace')!)).toBe(1)
    for (const workers of [1, 2]) {
      const failure: unknown = await runScenario({ scenario, yaml, out: undefined }, { workers }).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(ColdpoolError)
      expect((failure as ColdpoolError).message).toMatch(/^CP_TRACE .*missing\.refs/)
    }
  })

  test('that is interrupted ends soon and keeps its folder, with a whole verdict', async () => {
    const scenario = join(folder, 'long.yaml')
    const runs = join(folder, 'runs')
    const second = '  web-2: { host: host-2, kind: zipf, size: 32MiB, accesses: 1k/s }\n'
    writeFileSync(scenario, `${BASE.replace('duration: 1s', 'duration: 10h')}${second}`)
    const { stdout } = await interrupted(runs, 'run', scenario, '--workers', '2', '--out', runs, '--json')
    const verdict = JSON.parse(stdout) as Record<string, unknown>
    expect(verdict).toMatchObject({ scenario: 'base', interrupted: true, bus: 'workers' })
    const kept = join(runs, readdirSync(runs)[0]!)
    expect(JSON.parse(readFileSync(join(kept, 'verdict.json'), 'utf8'))).toEqual(verdict)
  })
})

describe('a spread', () => {
  const spreadOf = (yaml: string): ((...ids: string[]) => number[]) => {
    const cast = new Cast(parseScenario(yaml, 'rack'))
    const spread = Spread.over(2, cast)
    return (...ids) => ids.map((id) => spread.of(cast.ordinalOf(id)!))
  }

  test('keeps the hosts of a device with it, and workloads and promoters with their host', () => {
    const stages = spreadOf(RACK)
    // 3 + 1 + 2 GiB on device-0 against 1 GiB and web's 4.
    expect(stages('conductor', 'host-0', 'host-2', 'host-4', 'device-0', 'promoter-4')).toEqual([0, 0, 0, 0, 0, 0])
    expect(stages('host-1', 'host-3', 'device-1', 'web')).toEqual([1, 1, 1, 1])
  })

  test('balances hosts by what they hold where those of one device are too many, and devices by themselves', () => {
    const stages = spreadOf(RACK.replaceAll('devices: [device-1]', 'devices: [device-0]'))
    // Heaviest first: web's 4 GiB, 3, 2, 1, 1.
    expect(stages('host-3', 'host-0', 'host-4', 'host-1', 'host-2')).toEqual([0, 1, 1, 0, 0])
    expect(new Set(stages('device-0', 'device-1'))).toEqual(new Set([0, 1]))
    expect(stages('web', 'promoter-4')).toEqual([0, 1])
  })

  test('is apart where no thread has a device of another’s host, and each has workloads', () => {
    const isApart = (yaml: string): boolean => Spread.over(2, new Cast(parseScenario(yaml, 'rack'))).apart
    const both = `${RACK}  web-2: { host: host-0, kind: zipf, size: 32MiB, accesses: 1k/s }\n`
    expect(isApart(both)).toBe(true)
    expect(isApart(RACK)).toBe(false)
    expect(isApart(both.replaceAll('devices: [device-1]', 'devices: [device-0]'))).toBe(false)
    expect(isApart(both.replace('devices: [device-0]', 'devices: [device-0, device-1]'))).toBe(false)
  })

  test('has no more threads than hosts', () => {
    expect(stagesOf(parseScenario(RACK, 'rack'), 64)).toBe(5)
  })
})

/** Without what may differ: the bus, which is the one that was asked for, and the wall time. */
async function verdictOver(workers: number, scenario: Scenario, script?: Script): Promise<Omit<Verdict, 'bus' | 'wallSeconds'>> {
  const { verdict } = await runScenario({ scenario, yaml: '', out: undefined, ...(script && { script }) }, { workers })
  const { bus, wallSeconds, ...rest } = verdict
  expect(wallSeconds).toBeGreaterThan(0)
  expect(bus).toBe(workers === 1 || stagesOf(scenario, workers) === 1 ? 'memory' : 'workers')
  return rest
}

/** Pairs of random scenarios side by side, whose hosts and devices fall apart; in every other pair all workloads stop early. */
function apart(count: number): Scenario[] {
  const texts = randomScenarioTexts(8 * count)
  const pairs = Array.from({ length: 4 * count }, (_, i) => {
    const [one, other] = [texts[2 * i]!, texts[2 * i + 1]!.replaceAll(/(?<=")(host|device|promoter|workload)-/g, '$1-b-')].map(
      (text) => JSON.parse(text) as Record<string, Record<string, object>>,
    )
    const both = (section: string): Record<string, object> => ({ ...one![section], ...other![section] })
    const workloads = Object.entries(both('workloads')).map(
      ([id, fields], at) => [id, i % 2 === 0 ? fields : { ...fields, stop: `${400 + 50 * at}ms` }] as const,
    )
    const sides = { devices: both('devices'), hosts: both('hosts'), promoters: both('promoters') }
    return parseScenario(JSON.stringify({ ...one, duration: '2s', ...sides, workloads: Object.fromEntries(workloads) }), 'pair')
  })
  return pairs.filter((pair) => Spread.over(2, new Cast(pair)).apart).slice(0, count)
}

function stagesOf(scenario: ConstructorParameters<typeof Cast>[0], threads: number): number {
  return Spread.over(threads, new Cast(scenario)).stages
}
