import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TINY, TINY_SCENARIO } from '#simulation/sweep/tiny.fixture.ts'
import { coldpool } from './coldpool.fixture.ts'

const parent = mkdtempSync(join(tmpdir(), 'coldpool-cli-sweep-'))
afterAll(() => rmSync(parent, { recursive: true }))
const file = join(parent, 'sweep.yaml')
writeFileSync(file, TINY)
writeFileSync(join(parent, 'tiny.yaml'), TINY_SCENARIO)

interface Printed {
  readonly folder: string
  readonly variants: number
  readonly settings: number
  readonly front: readonly object[]
  readonly compromise: object
}

describe('coldpool sweep', () => {
  let whole: Buffer

  /** Starts one, and stops it when some variants have ended; gives its folder and what it said. */
  async function stopped(
    out: string,
    signal: NodeJS.Signals,
  ): Promise<{ folder: string; stderr: string; code: unknown; lines: string[] }> {
    const child: ChildProcess = spawn(process.execPath, ['cli/main.ts', 'sweep', file, '--out', out, '--workers', '1'])
    let stderr = ''
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const lines = (): string[] => {
      const log = join(out, (existsSync(out) && readdirSync(out)[0]) || '', 'results.ndjson')
      return existsSync(log) ? readFileSync(log, 'utf8').split('\n') : []
    }
    while (lines().length < 4 && child.exitCode === null) await sleep(5)
    const gone = once(child, 'exit')
    child.kill(signal)
    const [code, killed] = (await gone) as unknown[]
    return { folder: join(out, readdirSync(out)[0]!), stderr, code: code ?? killed, lines: lines() }
  }

  let printed: Awaited<ReturnType<typeof coldpool>>
  let files: string[]

  beforeAll(async () => {
    printed = await coldpool('sweep', file, '--out', join(parent, 'whole'), '--json')
    const { folder } = JSON.parse(printed.stdout) as Printed
    files = readdirSync(folder).toSorted()
    whole = readFileSync(join(folder, 'results.parquet'))
  })

  test('prints what came of it, and leaves its table and its page', () => {
    expect(printed).toMatchObject({ exitCode: 0, stderr: '' })
    const { variants, settings, front, compromise } = JSON.parse(printed.stdout) as Printed
    expect([variants, settings]).toEqual([12, 6])
    expect(front).toContainEqual(compromise)
    expect(files).toEqual(['results.ndjson', 'results.parquet', 'scenario.yaml', 'sweep.html', 'sweep.yaml'])
  })

  test('killed by SIGKILL loses nothing, and goes on to the same table', async () => {
    const { folder, lines, code } = await stopped(join(parent, 'killed'), 'SIGKILL')
    expect(code).toBe('SIGKILL')
    expect(existsSync(join(folder, 'results.parquet'))).toBe(false)
    const { exitCode, stdout } = await coldpool('sweep', '--resume', folder, '--quiet')
    expect(exitCode).toBe(0)
    expect(stdout).toContain(`Page: ${join(folder, 'sweep.html')}\n`)
    expect(readFileSync(join(folder, 'results.parquet')).equals(whole)).toBe(true)
    expect(
      readFileSync(join(folder, 'results.ndjson'), 'utf8')
        .split('\n')
        .slice(0, lines.length - 1),
    ).toEqual(lines.slice(0, -1))
  })

  test('stopped by Ctrl-C keeps its folder and says how it goes on', async () => {
    const { folder, stderr, code } = await stopped(join(parent, 'interrupted'), 'SIGINT')
    expect(code).toBe(130)
    expect(stderr).toContain(`the sweep stops now and keeps what was run; "coldpool sweep --resume ${folder}" goes on`)
    expect(readdirSync(folder).toSorted()).toEqual(['results.ndjson', 'scenario.yaml', 'sweep.yaml'])
    expect((await coldpool('sweep', '--resume', folder, '--quiet')).exitCode).toBe(0)
    expect(readFileSync(join(folder, 'results.parquet')).equals(whole)).toBe(true)
  })

  test.each([
    ['nothing to do', [], 'CP_OPTION FILE: neither a file nor --resume is given'],
    ['two things to do', [file, '--resume', parent], 'CP_OPTION FILE: a file and --resume are given'],
    [
      'no such file',
      [join(parent, 'none.yaml')],
      `CP_SWEEP ${join(parent, 'none.yaml')}: there is no such file; expected a sweep file`,
    ],
    ['no such folder', ['--resume', join(parent, 'none')], `CP_SWEEP_FOLDER ${join(parent, 'none')}: has no sweep.yaml`],
    ['no threads', [file, '--workers', '0'], 'CP_OPTION --workers: got 0; expected a whole number from 1 to 1024'],
    ['a cluster without a bus', [file, '--cluster', 'x'], 'CP_OPTION --cluster: no bus is named; expected --bus as well'],
    ['threads on a bus', [file, '--bus', 'nats://127.0.0.1:1', '--workers', '2'], 'CP_OPTION --workers: the workers on a bus'],
    ['an address that is none', [file, '--bus', 'x'], 'CP_OPTION --bus: got something else'],
  ] as const)('with %s says so in a line, and makes nothing', async (_, args, line) => {
    const out = join(parent, 'refused')
    const { exitCode, stdout, stderr } = await coldpool('sweep', ...args, '--out', out)
    expect([exitCode, stdout, stderr.slice(0, line.length), stderr.split('\n').length]).toEqual([2, '', line, 2])
    expect(existsSync(out)).toBe(false)
  })

  test('is described to editors as scenarios are', async () => {
    const { stdout } = await coldpool('schema', 'sweep')
    expect(JSON.parse(stdout)).toMatchObject({ title: 'coldpool sweep', required: ['name', 'scenario', 'axes'] })
    expect(await coldpool('schema', 'x')).toMatchObject({
      exitCode: 2,
      stderr: 'CP_OPTION KIND: got x; expected scenario or sweep\n',
    })
  })
})

test('the ready-made sweep is one, of a thousand variants', async () => {
  const [{ parseSweep, sweepOf }, { readScenarioText, readSweepText, scenarioOfSweep }] = await Promise.all([
    import('#simulation/sweep/sweep-file.ts'),
    import('#simulation/scenario-file.ts'),
  ])
  const path = 'sweeps/quickstart-1000.yaml'
  const form = parseSweep(readSweepText(path), path)
  expect(sweepOf(form, readScenarioText(scenarioOfSweep(form.scenario, path))).variants).toHaveLength(1000)
})
