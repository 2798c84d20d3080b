/** Scenario, seed and stamped commands decide a run, however it is carried out. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { main } from '#cli/program.ts'
import { Script } from '#shared/command.ts'
import { parseScenario } from '#shared/scenario.ts'
import { runScenario, type Verdict } from '#simulation/run.ts'
import { parseInjections } from '#simulation/injections.ts'
import { run } from './cluster.fixture.ts'
import { HOMECOMING, randomScenarios, STORM } from './scenario.fixture.ts'
import { randomScript } from './script.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'coldpool-injections-'))
afterAll(() => rmSync(folder, { recursive: true }))

const QUIET = `
name: quiet
duration: 3s
devices:
  device-1: { physical: 32MiB, advertised: 96MiB }
hosts:
  host-1: { memory: 48MiB, devices: [device-1], watermarkScaleFactor: 100, swap: { size: 64MiB } }
workloads:
  web: { host: host-1, kind: zipf, size: 60MiB, accesses: 100k/s }
`
const BEAR = `
- { quantum: 1000, inject: late-bear, workload: { host: host-1, kind: bear, size: 24MiB, content: zero, rate: 200MB/s, attack: 500ms } }
- { quantum: 2500, stop: late-bear }
`
const scenario = parseScenario(QUIET, 'quiet')

async function verdictOf(injections: string): Promise<Verdict> {
  const script = parseInjections(injections, 'injections.yaml', scenario)
  return (await runScenario({ scenario, yaml: QUIET, out: undefined, script })).verdict
}

describe('an injected bear', () => {
  test('changes the run, is told in its story and counted in its verdict', async () => {
    const calm = await verdictOf('')
    const attacked = await verdictOf(BEAR)
    expect(attacked.digest).not.toBe(calm.digest)
    expect((await verdictOf(BEAR)).digest).toBe(attacked.digest)
    expect(Object.keys(attacked.workloads)).toEqual(['web', 'late-bear'])
    expect(attacked.workloads['late-bear']).toMatchObject({ ended: 1, phases: 1 })
    expect(attacked.story.join(' ')).toMatch(
      /At 1\.5 s late-bear on host-1 began to overwrite its pooled pages at 200 MB\/s \(incompressible\)\./,
    )
    expect(calm.story.join(' ')).toContain('No bear came')
    expect(attacked.story.join(' ')).not.toContain('No bear came')
  })

  test('and one that was there from the start are both told', async () => {
    const { story } = await verdictOf(
      BEAR.replace(
        'quantum: 2500, stop: late-bear',
        'quantum: 1200, inject: later-bear, workload: { host: host-1, kind: bear, size: 4MiB, rate: 1MB/s, attack: 1s }',
      ),
    )
    expect(story.filter((line) => line.includes('began to overwrite'))).toHaveLength(2)
  })
})

test('a run goes on for commands to come, though all have left', async () => {
  const gone = `
- { quantum: 10, stop: web }
- { quantum: 2000, inject: web-2, workload: { host: host-1, kind: uniform, size: 4MiB, accesses: 1k/s, stop: 100ms } }
`
  const { virtualSeconds, workloads } = await verdictOf(gone)
  expect(virtualSeconds).toBeGreaterThan(2.1)
  expect(virtualSeconds).toBeLessThan(2.2)
  expect(workloads).toMatchObject({ web: { ended: 1 }, 'web-2': { ended: 1 } })
})

test('a stop for one that has left changes nobody', async () => {
  const stay = '- { quantum: 100, inject: stay, workload: { host: host-1, kind: uniform, size: 4MiB, accesses: 1k/s } }\n'
  const { commands } = parseInjections(`${stay}- { quantum: 500, stop: web }\n`, 'injections.yaml', scenario)
  const script = new Script(commands)
  const again = new Script([...commands, { quantum: 900, command: { kind: 'stop', id: 'web' } }])
  expect((await run(scenario, { script: again })).digests).toEqual((await run(scenario, { script })).digests)
})

describe('random scripts in random scenarios', () => {
  const cases = [STORM, HOMECOMING, ...randomScenarios(10)].map(
    (one, i) => [i < 2 ? one.name : `random scenario ${i - 1}`, one, randomScript(one, i)] as const,
  )

  test('are no empty ones', () => {
    const kinds = cases.flatMap(([, , script]) => script.commands.map(({ command }) => command.kind))
    for (const kind of ['inject', 'stop', 'join', 'mail', 'gone'] as const) {
      expect(kinds.filter((one) => one === kind).length, kind).toBeGreaterThan(5)
    }
  })

  test.each(cases)(
    '%s: give one digest, twice, spread over two stages through the codec, and by the product itself',
    async (_, one, script) => {
      const { digest, digests } = await run(one, { script })
      expect(digests).not.toEqual((await run(one)).digests)
      expect((await run(one, { script })).digests).toEqual(digests)
      const spread = await run(one, { script, stageOf: (ordinal) => ordinal % 2, codec: true })
      expect(spread.digests).toEqual(digests)
      const { verdict } = await runScenario({ scenario: one, yaml: '', out: undefined, script })
      expect(verdict.digest).toBe(digest)
    },
  )

  test.each(cases)('%s: keep their digest when all is killed and restored, newcomers too', async (_, one, script) => {
    const { digests } = await run(one, { script })
    const restarted = await run(one, {
      script,
      stageOf: (ordinal) => ordinal % 3,
      codec: true,
      restart: (grants) => grants % 61 === 5,
    })
    expect(restarted.restarts).toBeGreaterThan(1)
    expect(restarted.digests).toEqual(digests)
    const objects = await run(one, { script, snapshots: 'objects', restart: (grants) => grants % 97 === 50 })
    expect(objects).toMatchObject({ spoiled: 0, digests })
  })
})

describe('coldpool run --injections', () => {
  test('writes the script into the run folder, from where it gives the same run again', async () => {
    const file = join(folder, 'quiet.yaml')
    const injections = join(folder, 'injections.yaml')
    writeFileSync(file, QUIET)
    writeFileSync(injections, BEAR)
    const verdict = async (script: string): Promise<Verdict & { readonly path: string }> => {
      let stdout = ''
      const io = { stdout: { write: (text: string) => (stdout += text) }, stderr: { write: () => true } }
      expect(await main(['run', file, '--injections', script, '--out', join(folder, 'runs'), '--quiet'], io)).toBe(0)
      const path = /Run folder: (.*)/.exec(stdout)![1]!
      return { ...(JSON.parse(readFileSync(join(path, 'verdict.json'), 'utf8')) as Verdict), path }
    }
    const first = await verdict(injections)
    const written = join(first.path, 'injections.yaml')
    expect(readFileSync(written, 'utf8')).toContain('- { quantum: 2500, at: 2.5s, stop: late-bear }\n')
    expect(readFileSync(join(first.path, 'events.ndjson'), 'utf8')).toContain('"actor":"late-bear","code":"attack"')
    expect(readFileSync(join(first.path, 'metrics', 'late-bear.csv'), 'utf8').split('\n')).toHaveLength(1 + 2 + 1 + 1)
    expect((await verdict(written)).digest).toBe(first.digest)
  })
})
