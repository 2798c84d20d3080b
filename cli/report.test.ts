import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { TINY_YAML } from '#simulation/cluster/tiny.fixture.ts'
import { coldpool } from './coldpool.fixture.ts'

const parent = mkdtempSync(join(tmpdir(), 'coldpool-report-'))
afterAll(() => rmSync(parent, { recursive: true }))

test('a run writes its report, and coldpool report writes it again', async () => {
  const scenario = join(parent, 'tiny.yaml')
  const out = join(parent, 'runs')
  writeFileSync(scenario, TINY_YAML)
  expect(await coldpool('run', scenario, '--out', out, '--quiet', '--seed', '3')).toMatchObject({ exitCode: 0, stderr: '' })
  const folder = join(out, readdirSync(out)[0]!)
  const file = join(folder, 'report.html')
  const written = readFileSync(file, 'utf8')
  expect(written).toContain('<title>tiny, seed 3: a run of coldpool</title>')
  rmSync(file)
  expect(await coldpool('report', folder)).toEqual({ exitCode: 0, stdout: `${file}\n`, stderr: '' })
  expect(readFileSync(file, 'utf8')).toBe(written)
})

test('what is no run folder is told in one line, and nothing is written', async () => {
  const { exitCode, stdout, stderr } = await coldpool('report', parent)
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  expect(stderr).toMatch(/^CP_RUN_FOLDER \S+verdict\.json: there is no such file; expected the folder of a run that has ended\n$/)
  expect(existsSync(join(parent, 'report.html'))).toBe(false)
})
