import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { BASE } from './bad-input/case.ts'
import { interrupted } from './interrupt.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'coldpool-interrupt-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('Ctrl-C', () => {
  it('ends the run within two seconds, keeps its folder, and the verdict says interrupted', async () => {
    const scenario = join(folder, 'long.yaml')
    const runs = join(folder, 'runs')
    writeFileSync(scenario, BASE.replace('duration: 1s', 'duration: 10h'))
    const { stdout } = await interrupted(runs, 'run', scenario, '--out', runs, '--json')
    const verdict = JSON.parse(stdout) as Record<string, unknown>
    expect(verdict).toMatchObject({ scenario: 'base', interrupted: true })
    const kept = join(runs, readdirSync(runs)[0]!)
    expect(JSON.parse(readFileSync(join(kept, 'verdict.json'), 'utf8'))).toEqual(verdict)
    expect(readFileSync(join(kept, 'scenario.yaml'), 'utf8')).toContain('duration: 10h')
  })

  it('ends a contention without a result, and the folders of the runs that were under way stay', async () => {
    const scenario = join(folder, 'contention.yaml')
    const out = join(folder, 'contention')
    const second = '  web-2: { host: host-2, kind: zipf, size: 32MiB, accesses: 1k/s }\n'
    writeFileSync(scenario, `${BASE.replace('duration: 1s', 'duration: 10h')}${second}`)
    const { stdout, stderr } = await interrupted(join(out, 'shared'), 'contention', scenario, '--out', out, '--json')
    expect(stdout).toBe('')
    expect(stderr).toContain('0 of 3 runs were done, too few to compare')
    const begun = readdirSync(out)
    expect(begun).toContain('shared')
    for (const name of begun) {
      const kept = join(out, name, readdirSync(join(out, name))[0]!)
      expect(JSON.parse(readFileSync(join(kept, 'verdict.json'), 'utf8'))).toMatchObject({ interrupted: true })
    }
  })
})
