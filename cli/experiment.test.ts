import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { EXPERIMENTS } from '#experiments/catalogue.ts'
import { coldpool } from './coldpool.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'coldpool-experiment-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('coldpool experiment', () => {
  test('prints the answer, and leaves it with its pictures and the figures of every run in a folder', async () => {
    const out = join(folder, 'one')
    const { exitCode, stdout, stderr } = await coldpool('experiment', 'race', '--seeds', '1', '--out', out)
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/^(\d+ of 40 runs · \d+ s left\n)*$/)
    const [name] = readdirSync(out)
    const kept = join(out, name!)
    expect(name).toMatch(/^experiment-race-\d{8}T\d{6}$/)
    expect(readdirSync(kept).toSorted()).toEqual(['answer.md', 'rate.svg', 'room.svg', 'runs.ndjson', 'scenario.yaml'])
    const answer = readFileSync(join(kept, 'answer.md'), 'utf8')
    expect(stdout).toBe(`${answer.replace('# race\n\n', '')}\n${kept}\n`)
    const runs = readFileSync(join(kept, 'runs.ndjson'), 'utf8').trimEnd().split('\n')
    expect(runs).toHaveLength(40)
    expect(JSON.parse(runs[0]!)).toMatchObject({ axis: 'rate', at: 15, seed: 1, outrun: 1, poisoned: 0 })
  })

  test('stopped by Ctrl-C keeps what was run, and has no answer', async () => {
    const out = join(folder, 'two')
    const child = spawn(process.execPath, ['cli/main.ts', 'experiment', 'race', '--out', out, '--quiet'])
    const done = (): boolean => existsSync(out) && existsSync(join(out, readdirSync(out)[0] ?? '', 'runs.ndjson'))
    while (!done() && child.exitCode === null) await sleep(20)
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([130, null])
    expect(readdirSync(join(out, readdirSync(out)[0]!)).toSorted()).toEqual(['runs.ndjson', 'scenario.yaml'])
  })
})

test('coldpool experiments lists them, a question each', async () => {
  const { exitCode, stdout } = await coldpool('experiments')
  expect(exitCode).toBe(0)
  const lines = stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(EXPERIMENTS.length)
  for (const [i, { name, question }] of EXPERIMENTS.entries())
    expect(lines[i]).toMatch(new RegExp(`^${name} +${question.replace('?', '\\?')}$`))
})
