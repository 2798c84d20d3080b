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

const [QUICKSTART, NEIGHBOUR] = ['quickstart', 'noisy-neighbour'].map((name) => join(ROOT, `scenarios/${name}.yaml`)) as [
  string,
  string,
]
const RANDOM = randomScenarioTexts(5).map((yaml, i): Case => [`random scenario ${i + 1}`, fileOf(yaml, i)])

const IN_ONE: readonly Case[] = [['quickstart', QUICKSTART], ['noisy-neighbour', NEIGHBOUR, '--duration', '5s'], ...RANDOM]
/** Costs more, so what is long is cut. */
const IN_MANY: readonly Case[] = [
  ['quickstart', QUICKSTART, '--duration', '3s'],
  ['noisy-neighbour', NEIGHBOUR, '--duration', '5s'],
  ...RANDOM,
]

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
