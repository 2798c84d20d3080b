import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { battle, parentFolder } from '#simulation/report/folder.fixture.ts'
import type { Verdict } from '#simulation/run.ts'
import { coldpool } from './coldpool.fixture.ts'

const parent = parentFolder()
let runs: readonly string[]

beforeAll(async () => {
  const overrides = [[], ['promoters.promoter-2.threshold=2', 'seed=1'], ['hosts.host-2.memory=32MiB']]
  const made: string[] = []
  for (const own of overrides) made.push(await battle(parent, own))
  runs = made
})

function verdictOf(folder: string): Verdict {
  return JSON.parse(readFileSync(join(folder, 'verdict.json'), 'utf8')) as Verdict
}

interface Data {
  readonly runs: readonly { readonly name: string; readonly digest: string }[]
  readonly settings: readonly unknown[]
  readonly differences: readonly { kind: string; actor: string; figure: string; values: number[]; absolute: number[] }[]
  readonly equal: Readonly<Record<string, number>>
}

describe('coldpool compare', () => {
  test('prints what was asked differently and what came of it, and writes the page', async () => {
    const page = join(parent, 'three.html')
    const { exitCode, stdout, stderr } = await coldpool('compare', ...runs, '--out', page)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toMatch(/^run +seed +digest +outcome +closest headroom\nA {2}battle-/)
    expect(stdout).toMatch(/\nhosts\.host-2\.memory +24MiB +24MiB +32MiB\n/)
    // Written out, but what it is by default too.
    expect(stdout).not.toMatch(/\nseed /)
    expect(stdout).toMatch(/\nHosts: \d+ figures differ, \d+ are the same\nfigure +A +B +C +B against A +C against A\n/)
    expect(stdout).toMatch(/\n… and \d+ more\n/)
    expect(stdout.endsWith(`\nPage: ${page}\n`)).toBe(true)
    const html = readFileSync(page, 'utf8')
    expect(html).toContain('<h1>3 runs compared</h1>')
    for (const run of runs) for (const line of verdictOf(run).story) expect(html).toContain(`<li>${line}</li>`)
    expect(html).not.toMatch(/<script|https?:|\bstyle="/)
  })

  test('prints the differences as data, with the figures of the verdicts; no page is written unless asked for', async () => {
    const [one, , three] = runs as [string, string, string]
    const { exitCode, stdout } = await coldpool('compare', one, three, '--json')
    const data = JSON.parse(stdout) as Data
    expect(exitCode).toBe(0)
    expect(existsSync('compare.html')).toBe(false)
    expect(data.runs).toMatchObject([one, three].map((run, i) => ({ name: 'AB'[i], digest: verdictOf(run).digest })))
    expect(data.settings).toEqual([{ path: 'hosts.host-2.memory', values: ['24MiB', '32MiB'] }])
    const demoted = data.differences.find(
      ({ kind, actor, figure }) => kind === 'hosts' && actor === 'host-2' && figure === 'demoted',
    )!
    const values = [one, three].map((run) => verdictOf(run).hosts['host-2']!['demoted'] as number)
    expect(demoted.values).toEqual(values)
    expect(demoted.absolute).toEqual([values[1]! - values[0]!])
    expect(data.equal['workloads']).toBeGreaterThan(0)
  })

  test('of a run with itself finds nothing', async () => {
    const page = join(parent, 'same.html')
    const { stdout } = await coldpool('compare', runs[0]!, runs[0]!, '--out', page)
    expect(stdout).toContain('The scenarios say the same.')
    expect(stdout).toMatch(/\nDevices: 0 figures differ, \d+ are the same\n\nHosts: 0 figures/)
    const html = readFileSync(page, 'utf8')
    expect(html).toContain('0 figures differ')
    expect(html).not.toContain('<figure>')
    expect(html).toMatch(/The same in all runs, and so not drawn: Used \(device-1\)/)
  })

  test.each([
    [['compare', 'A'], /^CP_OPTION RUNS: got 1; expected the folders of 2 to 8 runs\n$/],
    [['compare', 'A', 'nowhere'], /^CP_RUN_FOLDER nowhere: is no folder; expected the folder of a run/],
    [['compare', 'A', 'A', '--out', ''], /^CP_OPTION --out: got ""; expected the name of a file\n$/],
    [['compare', 'A', 'A', '--out', 'A'], /^CP_OUTPUT .*EISDIR.*; expected a folder that can be written\n$/],
  ])('%j is refused in one line', async (argv, message) => {
    const { exitCode, stdout, stderr } = await coldpool(...argv.map((arg) => (arg === 'A' ? runs[0]! : arg)))
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })

  test('names of actors that somebody has tampered with stay text', async () => {
    const path = await battle(parent, ['duration=200ms'])
    const file = join(path, 'verdict.json')
    const verdict = verdictOf(path)
    const evil = '<script>alert(1)</script>\u001b[31m'
    writeFileSync(file, JSON.stringify({ ...verdict, hosts: { ...verdict.hosts, [evil]: { demoted: 1 } }, story: [evil] }))
    const page = join(parent, 'evil.html')
    const { stdout } = await coldpool('compare', runs[0]!, path, '--out', page)
    expect(stdout).not.toContain('\u001b')
    expect(readFileSync(page, 'utf8')).not.toContain('<script')
  })
})
