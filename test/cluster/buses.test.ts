import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { randomScenarioTexts } from '../scenario.fixture.ts'
import { expectAsOnMemory, FOLDER, verdictOf } from './reference.fixture.ts'
import { NOTHING_STORED } from './scenario.fixture.ts'
import { NatsServer, noServer } from './server.fixture.ts'

const ROOT = new URL('../../', import.meta.url).pathname

type Case = readonly [name: string, file: string, ...options: readonly string[]]

const scenario = (name: string): string => join(ROOT, `scenarios/${name}.yaml`)
const [QUICKSTART, NEIGHBOUR] = [scenario('quickstart'), scenario('noisy-neighbour')]
const RANDOM = randomScenarioTexts(5).map((yaml, i): Case => [`random scenario ${i + 1}`, fileOf(yaml, i)])
/** Their workloads have come within 300 ms, and some have gone again. */
const RANDOM_CUT = RANDOM.map((random): Case => [...random, '--duration', '500ms'])

const DAMON = ['hosts.*.isolation={ policy: private-node, damon: true }', 'promoters.*.damon=true'].flatMap((set) => [
  '--set',
  set,
])
const COARSE = ['--quantum', '10ms', '--duration']
/** Leaks, a cage, a budget, a share that pauses, DAMON. */
const RULES: readonly Case[] = [
  ['isolation', scenario('isolation'), ...COARSE, '4s'],
  ['read-only', scenario('read-only'), ...COARSE, '4s'],
  ['a write budget', scenario('read-only'), ...COARSE, '4s', '--set', 'hosts.*.access=write-budget'],
  ['shares', scenario('shares'), ...COARSE, '9s'],
  ['DAMON', scenario('shares'), ...COARSE, '4s', ...DAMON],
]
/** The bear attacks when pages have come home, and is refused before the end. */
const BEAR: Case = ['quickstart', QUICKSTART, '--quantum', '50ms', '--duration', '15s', '--set', 'workloads.bear.attack=12s']
/** The scan begins at 5 s. */
const SCANNED: Case = ['noisy-neighbour', NEIGHBOUR, '--quantum', '20ms', '--duration', '7s']
const IN_ONE: readonly Case[] = [BEAR, SCANNED, ...RULES, ...RANDOM]
/** Costs more, so what adds little is left out, and what is long is cut. */
const IN_MANY: readonly Case[] = [BEAR, SCANNED, RULES[0]!, ...RANDOM_CUT]

describe.skipIf(noServer())('a run gives on NATS what it gives on the memory bus:', () => {
  let server: NatsServer

  beforeAll(async () => {
    server = await NatsServer.start()
  })

  afterAll(async () => {
    await server.stop()
  })

  test.each(IN_ONE)('%s in one process', async (_, file, ...options) => {
    await expectSame(file, ...options)
  })

  test.each(IN_MANY)('%s with a process for each actor', async (_, file, ...options) => {
    await expectSame(file, '--processes', ...options)
    expect(await server.stored()).toEqual(NOTHING_STORED)
  })

  async function expectSame(file: string, ...options: readonly string[]): Promise<void> {
    const out = mkdtempSync(join(FOLDER, 'run-'))
    const args = ['cli/main.ts', 'run', file, '--bus', server.url, '--json', '--out', out, ...options]
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    expect(code, stderr).toBe(0)
    const folder = join(out, readdirSync(out)[0]!)
    expect(JSON.parse(stdout)).toEqual(verdictOf(folder))
    await expectAsOnMemory(folder, readFileSync(join(folder, 'scenario.yaml'), 'utf8'))
  }
})

function fileOf(yaml: string, i: number): string {
  const file = join(FOLDER, `random-${i + 1}.yaml`)
  writeFileSync(file, yaml)
  return file
}
