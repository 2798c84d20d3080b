import { describe, expect, test } from 'vitest'
import { parseScenario } from '#shared/scenario.ts'
import { runScenario } from '#simulation/run.ts'
import { run } from './cluster.fixture.ts'
import { HOMECOMING, randomScenarios, STORM } from './scenario.fixture.ts'

const SMALL = `
name: small
duration: 2s
devices:
  device-1: { physical: 16MiB, advertised: 64MiB }
hosts:
  host-1: { memory: 48MiB, devices: [device-1], watermarkScaleFactor: 100, swap: { size: 64MiB }, isolation: { policy: private-node, numaBalancing: true } }
  host-2: { memory: 32MiB, devices: [device-1], swap: { size: 64MiB } }
promoters:
  promoter-1: { host: host-1, threshold: 1 }
workloads:
  web: { host: host-1, kind: zipf, size: 64MiB, accesses: 400k/s, writes: { drift: redis_json } }
  bear: { host: host-2, kind: bear, size: 48MiB, rate: 100MB/s, attack: 500ms }
`

describe('one scenario', () => {
  const scenario = parseScenario(SMALL, 'small')

  test('and one seed give one digest, and another seed another', async () => {
    const digests = await Promise.all([1, 1, 2, 3].map(async (seed) => (await run({ ...scenario, seed })).digest))
    expect(digests[1]).toBe(digests[0])
    expect(new Set(digests).size).toBe(3)
  })

  test('gives the same digest as the product runs it', async () => {
    const { verdict } = await runScenario({ scenario, yaml: SMALL, out: undefined })
    const { digest, telemetry } = await run(scenario)
    expect(verdict.digest).toBe(digest)
    // Not a sleepy one: it demotes, is refused, and swaps.
    expect(telemetry['host-1']!['demoted']).toBeGreaterThan(1000)
    expect(telemetry['host-2']!['refused']).toBeGreaterThan(100)
    expect(telemetry['host-2']!['swappedOut']).toBeGreaterThan(100)
  })

  test('gives the same digest whatever is observed on the way', async () => {
    const often = await run({ ...scenario, sample: scenario.quantum })
    const { digest, quanta } = await run(scenario)
    expect(often.quanta).toBeGreaterThan(quanta)
    expect(often.digest).toBe(digest)
  })
})

describe('random scenarios give the same digest', () => {
  const scenarios = [STORM, HOMECOMING, ...randomScenarios(20)].map(
    (scenario, i) => [i < 2 ? scenario.name : `random scenario ${i - 1}`, scenario] as const,
  )

  test.each(scenarios)('%s: twice, and spread over two stages with every bag through the codec', async (_, scenario) => {
    const { digests } = await run(scenario)
    expect((await run(scenario)).digests).toEqual(digests)
    const spread = await run(scenario, { stageOf: (ordinal) => ordinal % 2, codec: true })
    expect(spread.digests).toEqual(digests)
  })

  test('and they are no sleepy ones', async () => {
    const sums: Record<string, number> = {}
    for (const [, scenario] of scenarios) {
      const { telemetry } = await run(scenario)
      for (const values of Object.values(telemetry)) {
        for (const [key, value] of Object.entries(values)) sums[key] = (sums[key] ?? 0) + value
      }
    }
    for (const key of [
      'demoted',
      'refused',
      'promoted',
      'declined',
      'swappedOut',
      'swappedIn',
      'swappedOutPooled',
      'hintFaults',
      'poisonHits',
      'oomKills',
      'hotlistDropped',
      'interrupts',
    ]) {
      expect(sums[key], key).toBeGreaterThan(0)
    }
  })
})
