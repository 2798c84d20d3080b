import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

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
    'cli/main.ts',
    'cli/program.ts',
    'cli/sweep-commands.ts',
    'commander',
    'scenario/problems.ts',
    'shared/errors.ts',
  ])
})
