import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { coldpool } from '#cli/coldpool.fixture.ts'
import { parseScenario } from '#shared/scenario.ts'
import { Cast } from '#simulation/actors.ts'
import { amended, SHORT_NEIGHBOUR, SHORT_QUICKSTART, shipped } from '../amended.fixture.ts'
import { randomScenarioTexts } from '../scenario.fixture.ts'
import { Cluster, type Run } from './cluster.fixture.ts'
import { expectAsOnMemory, FOLDER, verdictOf } from './reference.fixture.ts'
import { NOTHING_STORED } from './scenario.fixture.ts'
import { NatsServer, noServer } from './server.fixture.ts'

const ROOT = new URL('../../', import.meta.url).pathname

/** A scenario, and what is said on the command line besides. */
type Case = readonly [name: string, yaml: string, ...options: readonly string[]]

const cut = (name: string, duration: string): string => amended(shipped(name), 'quantum=10ms', `duration=${duration}`)
const DAMON = ['hosts.*.isolation={ policy: private-node, damon: true }', 'promoters.*.damon=true']
/** A cage, a budget, a share that pauses, DAMON. */
const RULES: readonly Case[] = [
  ['read-only', cut('read-only', '4s')],
  ['a write budget', cut('read-only', '4s'), '--set', 'hosts.*.access=write-budget'],
  ['shares', cut('shares', '9s')],
  ['DAMON', cut('shares', '4s'), ...DAMON.flatMap((set) => ['--set', set])],
]
/** Each quantum costs, so there are few: as they are, they run in containers. Their workloads have come within 300 ms, and some have gone. */
const RANDOM = randomScenarioTexts(5).map((yaml, i): Case => [
  `random scenario ${i + 1}`,
  amended(yaml, 'quantum=2ms', 'duration=500ms'),
])
const OTHERS: readonly Case[] = [['noisy-neighbour', SHORT_NEIGHBOUR], ['isolation', cut('isolation', '4s')], ...RANDOM]

const members = (role: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${role}-${i + 1}`)
/** As many as any of the others has actors. */
const PROCESSES = [...members('host', 3), ...members('device', 2), ...members('promoter', 3), ...members('workload', 9)]

describe.skipIf(noServer())('a run gives on NATS what it gives on the memory bus:', () => {
  let server: NatsServer
  let cluster: Cluster

  beforeAll(async () => {
    server = await NatsServer.start()
    cluster = new Cluster(server)
    cluster.start(PROCESSES)
  })

  afterAll(async () => {
    await cluster.stop()
    await server.stop()
  })

  test('quickstart in one process, by itself', async () => {
    await expectSame(byItself, SHORT_QUICKSTART)
  })

  test.each([...RULES, ...OTHERS])('%s in one process', async (_, yaml, ...options) => {
    await expectSame(coldpool, yaml, ...options)
  })

  test('quickstart with a process for each actor, started for it', async () => {
    await expectSame(byItself, SHORT_QUICKSTART, '--processes')
    expect(await server.stored()).toEqual(NOTHING_STORED)
  })

  test.each(OTHERS)('%s with a process for each actor', async (_, yaml) => {
    const run = await cluster.conduct(yaml)
    const folder = await run.ended()
    await expectAsOnMemory(folder, yaml)
    const actors = new Cast(parseScenario(yaml, 'given')).members.filter(({ role }) => role !== 'conductor')
    expect(carried(run).toSorted()).toEqual(actors.map(({ id }) => id).toSorted())
    expect(await server.stored()).toEqual(NOTHING_STORED)
  })

  /** By each process that took part, its actors. */
  function carried({ conductor }: Run): string[] {
    const { run } = conductor.log.find(({ message }) => message === 'a new run')!
    const lines = PROCESSES.flatMap((name) => cluster.of(name).log)
    return lines.filter((line) => line.message === 'ready' && line['run'] === run).map((line) => String(line['actors']))
  }

  async function expectSame(command: typeof coldpool, yaml: string, ...options: readonly string[]): Promise<void> {
    const out = mkdtempSync(join(FOLDER, 'run-'))
    const file = join(out, 'given.yaml')
    writeFileSync(file, yaml)
    const args = ['--bus', server.url, '--json', '--out', join(out, 'runs'), ...options]
    const { exitCode, stdout, stderr } = await command('run', file, ...args)
    expect(exitCode, stderr).toBe(0)
    const folder = join(out, 'runs', readdirSync(join(out, 'runs'))[0]!)
    expect(JSON.parse(stdout)).toEqual(verdictOf(folder))
    await expectAsOnMemory(folder, readFileSync(join(folder, 'scenario.yaml'), 'utf8'))
  }
})

/** A command line in a process of its own, which must end. */
async function byItself(...argv: readonly string[]) {
  const child = spawn(process.execPath, ['cli/main.ts', ...argv], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { exitCode: exitCode as number, stdout, stderr }
}
