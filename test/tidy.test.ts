import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { RULES, violations } from './tidy/rules.ts'
import { codeOf, sources } from './tidy/source.ts'

const ROOT = new URL('../', import.meta.url)

/** For each rule: files that break it, and files that look like it but do not. */
const EXAMPLES: Readonly<
  Record<string, { readonly bad: readonly (readonly [string, string])[]; readonly good: readonly (readonly [string, string])[] }>
> = {
  'imports point inwards': {
    bad: [
      ['shared/a.ts', `import { Host } from '#services/host/host.ts'`],
      ['shared/page/a.test.ts', `import { run } from '../../simulation/run.ts'`],
      ['services/host/a.ts', `export { run } from '#simulation/run.ts'`],
      ['services/host/a.ts', `const { main } = await import('#cli/program.ts')`],
      ['simulation/a.ts', `import type { Io } from '#cli/io.ts'`],
      ['cli/a.ts', `import { fixture } from '../test/fixture.ts'`],
      ['cli/a.ts', `import { page } from '../web/page.ts'`],
    ],
    good: [
      ['shared/a.ts', `import { b } from './b.ts'; import { z } from 'zod'`],
      ['services/host/a.ts', `import { b } from '#shared/b.ts'`],
      ['test/a.test.ts', `import { main } from '#cli/program.ts'`],
      ['shared/a.ts', `// import { Host } from '#services/host/host.ts'`],
    ],
  },
  'services never import each other': {
    bad: [
      ['services/host/a.ts', `import { Device } from '#services/device/device.ts'`],
      ['services/host/a.test.ts', `import type { Pool } from '../device/pool.ts'`],
    ],
    good: [
      ['services/host/a.ts', `import { b } from './b.ts'; import { c } from '#services/host/c.ts'`],
      ['simulation/a.ts', `import { Device } from '#services/device/device.ts'; import { Host } from '#services/host/host.ts'`],
    ],
  },
  'no clock in model code': {
    bad: [
      ['services/host/a.ts', 'const now = Date.now()'],
      ['services/host/a.ts', 'const now = new Date()'],
      ['shared/a.ts', 'const stamp = `${performance.now()}`'],
      ['shared/bus/memory.ts', 'setTimeout(() => next(), 1)'],
      ['shared/a.ts', 'setInterval(tick, 5); process.hrtime()'],
    ],
    good: [
      ['services/host/main.ts', 'const now = Date.now()'],
      ['shared/observe/log.ts', 'const now = new Date()'],
      ['shared/bus/nats.ts', 'setTimeout(() => next(), 1)'],
      ['simulation/run.ts', 'const now = performance.now()'],
      ['services/host/a.test.ts', 'const now = Date.now()'],
      ['services/host/a.ts', '/** Not Date.now(), nor new Date(). */ const updateNow = Update.now()'],
    ],
  },
  'no unseeded randomness in model code': {
    bad: [
      ['services/host/a.ts', 'const unit = Math.random()'],
      ['shared/a.ts', 'const id = crypto.randomUUID()'],
    ],
    good: [['services/host/a.ts', 'const unit = stream.unit() // no Math.random()']],
  },
  'transcendental functions only in shared/arithmetic.ts': {
    bad: [
      ['services/host/a.ts', 'const x = Math.exp(-y)'],
      ['services/host/a.ts', 'const x = Math.log2(y)'],
      ['shared/a.ts', 'const x = Math.sqrt(y)'],
      ['shared/a.ts', 'const x = y ** 0.5'],
      ['shared/a.ts', 'const x = 2 ** y'],
      ['shared/a.ts', 'x **= 2'],
    ],
    good: [
      ['shared/arithmetic.ts', 'export const exp = Math.exp'],
      ['shared/a.ts', 'const x = Math.floor(y) + 2 ** 32 + (u + 0.5) * 2 ** -32'],
      ['shared/a.ts', 'const x = 10n ** BigInt(digits)'],
      ['services/host/a.test.ts', 'const x = Math.exp(-y)'],
    ],
  },
  'nothing in model code depends on a locale or on the order of keys of unknown origin': {
    bad: [
      ['services/host/a.ts', 'names.sort((x, y) => x.localeCompare(y))'],
      ['shared/a.ts', 'for (const key in table) visit(key)'],
    ],
    good: [['shared/a.ts', 'for (const [key, value] of Object.entries(table)) visit(key in other, value)']],
  },
  'nothing of Node in model code, but at its edges': {
    bad: [
      ['services/host/a.ts', `import { readFileSync } from 'node:fs'`],
      ['shared/a.ts', `import { createHash } from 'node:crypto'`],
      ['shared/codec.ts', `import { readFileSync } from 'node:fs'`],
    ],
    good: [
      ['services/host/main.ts', `import { readFileSync } from 'node:fs'`],
      ['shared/codec.ts', `import { createHash } from 'node:crypto'`],
      ['simulation/folder.ts', `import { mkdirSync } from 'node:fs'`],
    ],
  },
  'model code prints nothing': {
    bad: [
      ['services/host/a.ts', 'console.log(page)'],
      ['shared/a.ts', 'process.stdout.write(text)'],
    ],
    good: [['cli/a.ts', 'process.stdout.write(text)']],
  },
  'no test is skipped or alone': {
    bad: [
      ['shared/a.test.ts', "test.skip('x', () => {})"],
      ['shared/a.test.ts', "describe.only('x', () => {})"],
      ['shared/a.test.ts', "test.concurrent.only('x', () => {})"],
      ['validation/a.test.ts', "it.todo('x')"],
      ['shared/bus/contract.ts', "describe.skip('x', () => {})"],
    ],
    good: [['shared/a.test.ts', `test('only the last page', () => { queue.skip() })`]],
  },
  'nothing is left for later': {
    bad: [
      ['shared/a.ts', '// TO\x44O: write it'],
      ['cli/a.ts', '/* FIX\x4dE */'],
    ],
    good: [['shared/a.ts', '// to do this, mastodons needed time']],
  },
  'no file has more than 500 lines': {
    bad: [['shared/a.ts', 'x\n'.repeat(501)]],
    good: [['shared/a.ts', 'x\n'.repeat(500)]],
  },
  'every file of shared, services and simulation opens by saying what it is': {
    bad: [['services/host/a.ts', 'export const a = 1']],
    good: [
      ['services/host/a.ts', '/** What it is. */\nexport const a = 1'],
      ['services/host/a.test.ts', 'const a = 1'],
    ],
  },
  'files are named by noun': {
    bad: [
      ['shared/utils.ts', ''],
      ['shared/page-helpers.ts', ''],
      ['cli/common/a.ts', ''],
    ],
    good: [['shared/uncommon.ts', '']],
  },
  'no banner comments': {
    bad: [
      ['cli/a.ts', '// ---- the end ----'],
      ['cli/a.ts', '  /* ======'],
    ],
    good: [['cli/a.ts', `// -1: never\nconst line = '-----'`]],
  },
}

describe('the house is tidy', () => {
  const files = sources(ROOT)

  test('and the search has found it', () => {
    const paths = files.map(({ path }) => path)
    expect(paths).toContain('shared/actor.ts')
    expect(paths).toContain('services/host/host.ts')
    expect(paths).toContain('test/tidy.test.ts')
    expect(paths.length).toBeGreaterThan(100)
  })

  test.each(Object.keys(RULES))('%s', (name) => {
    expect(files.flatMap((source) => RULES[name]!(source).map((problem) => `${source.path} ${problem}`))).toEqual([])
  })
})

describe('each rule can fail', () => {
  test('and each has its examples', () => {
    expect(Object.keys(EXAMPLES)).toEqual(Object.keys(RULES))
  })

  test.each(Object.entries(EXAMPLES))('%s', (name, { bad, good }) => {
    for (const [path, text] of bad) expect(violations([{ path, text }]).join('\n'), `${path}: ${text}`).toContain(name)
    for (const [path, text] of good) expect(RULES[name]!({ path, text }), `${path}: ${text}`).toEqual([])
  })

  test('comments and quoted texts are no code, templates are', () => {
    expect(codeOf(`a // b\n/* c\nd */ e 'f // g' "h" \`\${i} // j\``)).toBe(`a     \n    \n     e '' '' \`\${i} // j\``)
  })
})

describe('npm brings Node 24', () => {
  test('to the tests, and to the processes that they start', () => {
    expect(process.versions.node).toMatch(/^24\./)
    expect(execFileSync('node', ['--version'], { encoding: 'utf8' })).toMatch(/^v24\./)
  })
})
