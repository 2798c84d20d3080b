/** Whole runs that replay a file of references: alike however they are run, and never mistaken for runs of another file. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseScenario, type Scenario } from '#shared/scenario.ts'
import { runScenario } from '#simulation/run.ts'
import { writeZipfReferences } from '#simulation/zipf-references.fixture.ts'
import { run } from './cluster.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'coldpool-references-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'zipf.refs')
beforeAll(() => writeZipfReferences(file, { pages: 20_000, count: 200_001, skew: 1, writeShare: 0.3, seed: 7 }))

/** DRAM for a fifth of the pages, a device for half of them, swap for the rest. */
function scenarioOf(path: string, duration = '10s'): Scenario {
  return parseScenario(
    `
name: references
duration: ${duration}
sample: 100ms
devices:
  pool: { physical: 24MiB, advertised: 40MiB, hotness: { epoch: 100ms, threshold: 2, hotlist: 64 } }
hosts:
  host: { memory: 16MiB, devices: [pool], watermarkScaleFactor: 1000, swap: { size: 64MiB, bandwidth: 2GB/s } }
promoters:
  promoter: { host: host, threshold: 1, batch: 64 }
workloads:
  trace: { host: host, kind: trace, file: ${JSON.stringify(path)}, epochReferences: 10000, epoch: 60ms, threads: 16 }
`,
    'references.yaml',
  )
}

describe('a file of references', () => {
  test('ends alike when the run is spread, killed and restored; pages are demoted, refused, swapped and promoted', async () => {
    const plain = await run(scenarioOf(file))
    const rough = await run(scenarioOf(file), {
      stageOf: (ordinal) => ordinal % 3,
      codec: true,
      restart: (grants) => grants % 97 === 5,
    })
    expect(rough.restarts).toBeGreaterThan(5)
    expect(rough.digests).toEqual(plain.digests)
    expect(plain.telemetry['trace']).toMatchObject({ epochsDone: 21, ended: 1 })
    for (const figure of ['demoted', 'refused', 'swappedIn', 'promoted']) {
      expect(plain.telemetry['host']![figure], figure).toBeGreaterThan(0)
    }
  })

  test('has a digest of its own, also where only what was not replayed differs', async () => {
    const bytes = readFileSync(file)
    bytes[bytes.length - 4]! ^= 1
    const other = join(folder, 'other.refs')
    writeFileSync(other, bytes)
    const [one, two] = await Promise.all([run(scenarioOf(file, '200ms')), run(scenarioOf(other, '200ms'))])
    expect(one.telemetry['trace']!['epochsDone']).toBeLessThan(10)
    expect(two.digests['host']).toBe(one.digests['host'])
    expect(two.digests['trace']).not.toBe(one.digests['trace'])
    expect(two.digest).not.toBe(one.digest)
  })

  test('tells how far it is read, in whatever thread, before the run begins', async () => {
    const scenario = parseScenario(
      `
name: apart
duration: 20ms
devices: { pool: { physical: 24MiB, advertised: 40MiB } }
hosts:
  one: { memory: 16MiB, devices: [pool] }
  two: { memory: 128MiB, devices: [] }
workloads:
  trace-1: { host: one, kind: trace, file: ${JSON.stringify(file)}, epoch: 10ms }
  trace-2: { host: two, kind: trace, file: ${JSON.stringify(file)}, epoch: 10ms }
`,
      'apart.yaml',
    )
    for (const workers of [1, 2]) {
      const told: unknown[] = []
      const onReading = (...said: unknown[]): void => void told.push(said)
      const { verdict } = await runScenario({ scenario, yaml: '', out: undefined }, { workers, onReading })
      expect(verdict.bus).toBe(workers === 1 ? 'memory' : 'workers')
      const all = statSync(file).size
      expect(told).toEqual([
        [file, all, all],
        [file, all, all],
      ])
    }
  })

  test('whose pages are more than its host could ever hold is refused before the run', async () => {
    const large = join(folder, 'large.refs')
    writeZipfReferences(large, { pages: 200_000, count: 10, skew: 0, writeShare: 0, seed: 1 })
    await expect(run(scenarioOf(large))).rejects.toThrow(
      /^CP_SCENARIO_LIMIT workloads\.trace\.file: its pages take 781 MiB; expected at most 480 MiB, what the workloads of host/,
    )
  })
})
