/** Commands that need a bus, and a bus that is not there, or takes a connection and never says a word. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TINY, TINY_SCENARIO } from '#simulation/sweep/tiny.fixture.ts'

/** The port of discarded bytes: nobody listens. */
const NOWHERE = 'nats://127.0.0.1:9'
/** Well below the five seconds after which a server that says nothing is given up. */
const AT_ONCE_MS = 2000

const folder = mkdtempSync(join(tmpdir(), 'coldpool-unreachable-'))
const SWEEP = join(folder, 'sweep.yaml')
writeFileSync(SWEEP, TINY)
writeFileSync(join(folder, 'tiny.yaml'), TINY_SCENARIO)

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})
afterAll(() => rmSync(folder, { recursive: true }))

function start(...argv: readonly string[]) {
  const child = spawn(process.execPath, [...argv], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  return { child, stderr: text(child.stderr), ended: once(child, 'exit') as Promise<[number | null, string | null]> }
}

describe('a process that waits for its bus', () => {
  const silent = createServer()
  let url: string
  beforeAll(async () => {
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    url = `nats://127.0.0.1:${(silent.address() as AddressInfo).port}`
  })
  afterAll(() => silent.close())

  const WAITING = [
    ['a stage', 'SIGTERM', ['cli/main.ts', 'stage', '--roles', 'host']],
    ['a stage', 'SIGINT', ['cli/main.ts', 'stage', '--roles', 'host']],
    ['a sweep worker', 'SIGTERM', ['cli/main.ts', 'sweep-worker']],
    ['a host', 'SIGTERM', ['services/host/main.ts']],
    ['a conductor', 'SIGTERM', ['services/conductor/main.ts']],
    ['an observer', 'SIGINT', ['services/observer/main.ts']],
  ] as const

  test.each(WAITING)('says so and ends at its first signal: %s, %s', async (_, signal, argv) => {
    const { child, stderr, ended } = start(...argv, '--bus', NOWHERE)
    let told = ''
    child.stderr.on('data', (bytes: Buffer) => {
      if (!told.includes('waited for') && (told += bytes.toString()).includes('waited for')) child.kill(signal)
    })
    expect(await ended).toEqual([0, null])
    expect((await stderr).trim().split('\n')).toHaveLength(1)
  })

  const AT_IT = [
    ['a stage', 'SIGTERM', 0, ['stage', '--roles', 'host']],
    ['a sweep worker', 'SIGINT', 0, ['sweep-worker']],
    ['a run', 'SIGINT', 130, ['run', 'scenarios/calm.yaml', '--out', join(folder, 'runs')]],
    ['a sweep', 'SIGINT', 130, ['sweep', SWEEP, '--out', join(folder, 'sweeps')]],
  ] as const

  test.each(AT_IT)('ends at its first signal while a server keeps it waiting: %s, %s', async (_, signal, code, argv) => {
    const taken = once(silent, 'connection') as Promise<[Socket]>
    const { child, stderr, ended } = start('cli/main.ts', ...argv, '--bus', url)
    await taken
    const asked = performance.now()
    child.kill(signal)
    expect(await ended).toEqual([code, null])
    expect(performance.now() - asked).toBeLessThan(AT_ONCE_MS)
    expect(await stderr).not.toMatch(/CP_|bug of coldpool/)
  })
})
