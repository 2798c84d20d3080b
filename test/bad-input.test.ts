import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { main } from '#cli/program.ts'
import { BASE, type Case } from './bad-input/case.ts'
import { CASES } from './bad-input/cases.ts'

const folder = mkdtempSync(join(tmpdir(), 'coldpool-bad-input-'))
const scenario = join(folder, 'scenario.yaml')
const runs = join(folder, 'runs')
afterAll(() => rmSync(folder, { recursive: true }))

function commandLine({ change, file, args = ['run', 'FILE'] }: Case): string[] {
  writeFileSync(scenario, file ?? BASE.replace(change?.[0] ?? '', () => change?.[1] ?? ''))
  const [command, ...rest] = args.map((arg) => (arg === 'FILE' ? scenario : arg))
  return command === 'run' && !rest.includes('--out') ? [command, '--out', runs, ...rest] : [command!, ...rest]
}

/** What a person sees, each line cut to the beginning that the case tells. */
function seen({ lines }: Case, exitCode: number | null, stdout: string, stderr: string) {
  const starts = startsOf(lines)
  const got = stderr.split('\n')
  return {
    exitCode,
    stdout,
    lines: got.map((line, i) => line.slice(0, starts[i]?.length)),
    formless: got.filter((line, i) => i < lines.length && !/^CP_[A-Z_]+ .+: .+; expected .{1,400}$/.test(line)),
    runFolder: existsSync(runs),
  }
}

function refusal({ lines }: Case) {
  return { exitCode: 2, stdout: '', lines: [...startsOf(lines), ''], formless: [], runFolder: false }
}

function startsOf(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace('FILE', scenario))
}

describe('bad input gives a line for each problem, exit code 2 and no run folder', () => {
  it.each(CASES)('$name', async (given) => {
    let stdout = ''
    let stderr = ''
    const exitCode = await main(commandLine(given), {
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
    })
    expect(seen(given, exitCode, stdout, stderr)).toEqual(refusal(given))
  })

  it('and there are at least 40 kinds of it, each with a name of its own, each a change', () => {
    expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length)
    expect(CASES.length).toBeGreaterThanOrEqual(40)
    expect(CASES.filter(({ change }) => change !== undefined && !BASE.includes(change[0]))).toEqual([])
  })
})

describe('the command itself', () => {
  const spawned = new Set(['an unknown key at the top', '10 MB', 'a file that is not there', 'a bad --seed'])

  it.each(CASES.filter(({ name }) => spawned.has(name)))('refuses $name', (given) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['cli/main.ts', ...commandLine(given)], { encoding: 'utf8' })
    expect(seen(given, status, stdout, stderr)).toEqual(refusal(given))
  })
})
