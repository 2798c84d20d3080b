import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

/** Prints the name of every module that is loaded, on stderr. */
const LISTEN = `import { registerHooks } from 'node:module'
import { writeSync } from 'node:fs'
registerHooks({ load(url, context, next) { writeSync(2, url + '\\n'); return next(url, context) } })`

function loadedBy(...argv: readonly string[]): string[] {
  const listener = `data:text/javascript,${encodeURIComponent(LISTEN)}`
  const { status, stderr } = spawnSync(process.execPath, ['--import', listener, 'cli/main.ts', ...argv], { encoding: 'utf8' })
  expect(status).toBe(0)
  const files = stderr.split('\n').filter((url) => url.startsWith('file:'))
  return files.map((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? /\/([^/]+\/[^/]+)$/.exec(url)![1]!)
}

test('help loads what it says and nothing of what the commands do', () => {
  const loaded = new Set(loadedBy('run', '--help'))
  expect([...loaded].toSorted()).toEqual([
    'cli/cluster-commands.ts',
    'cli/interrupt.ts',
    'cli/main.ts',
    'cli/program.ts',
    'cli/sweep-commands.ts',
    'commander',
    'scenario/problems.ts',
    'shared/errors.ts',
    'simulation/make-folder.ts',
  ])
})

describe('what is compiled', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coldpool-start-'))
  const file = join(folder, 'file')
  writeFileSync(file, '')
  afterAll(() => rmSync(folder, { recursive: true }))

  const help = (env: NodeJS.ProcessEnv) =>
    spawnSync(process.execPath, ['cli/main.ts', '--help'], {
      encoding: 'utf8',
      env: { ...process.env, NODE_COMPILE_CACHE: undefined, XDG_CACHE_HOME: undefined, ...env },
      timeout: 10_000,
    })

  test.each([
    { HOME: '/proc/1' },
    { HOME: '/proc/1/nowhere' },
    { HOME: file },
    { HOME: '/dev/null' },
    { XDG_CACHE_HOME: '/proc' },
    { HOME: '' },
  ])('is not kept where nothing can be, and the command goes on: %o', (env) => {
    const { status, stdout, stderr } = help(env)
    expect(stdout).toContain('Usage: coldpool')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  test('is kept in the folder for caches, which is made', () => {
    expect(help({ HOME: join(folder, 'home') }).status).toBe(0)
    expect(readdirSync(join(folder, 'home', '.cache', 'coldpool'))).toHaveLength(1)
  })
})
