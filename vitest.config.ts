import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configDefaults, defineConfig } from 'vitest/config'
import type { Reporter } from 'vitest/node'

/** Ends the output with one plain line that a script can read. A file that cannot even be loaded counts as one failure. */
const tally: Reporter = {
  onTestRunEnd(modules, errors) {
    let passed = 0
    let failed = errors.length
    for (const module of modules) {
      failed += module.errors().length
      for (const suite of module.children.allSuites()) failed += suite.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed++
        if (state === 'failed') failed++
      }
    }
    process.stdout.write(`${passed} passed, ${failed} failed\n`)
  },
}

/** Tests that start processes, containers and browsers: when the others are done, two files at a time; on two cores three take longer. */
const CLUSTER = ['test/{browser,cluster,compose,nats}/**/*.test.ts', 'test/foreign.test.ts']
/** What keeps the machine busy by itself, within a time of its own, or listens for a while to how it is in peace: last, one by one. */
const ALONE = ['test/compose/containers.test.ts', 'test/hostile.test.ts']

const common = {
  setupFiles: 'test/setup.ts',
  pool: 'forks',
  // Whole runs of the simulator, on a machine that may be busy with others.
  testTimeout: 60_000,
  hookTimeout: 60_000,
  // For the many processes that tests start: most of the time until one is ready it would blank out types and compile.
  env: { NODE_COMPILE_CACHE: join(tmpdir(), 'coldpool-tests-compiled') },
} as const

export default defineConfig({
  test: {
    // The default leaves one core idle, which on two is half of them.
    maxWorkers: '100%',
    reporters: ['default', tally],
    projects: [
      {
        test: {
          ...common,
          name: 'models',
          // The files share a process for each core: to load the models anew for each file took a third of their processor time.
          isolate: false,
          restoreMocks: true,
          include: ['**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...CLUSTER, ...ALONE],
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: 'cluster',
          include: CLUSTER,
          exclude: [...configDefaults.exclude, ...ALONE],
          maxWorkers: 2,
          testTimeout: 180_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...common,
          name: 'alone',
          include: ALONE,
          maxWorkers: 1,
          testTimeout: 180_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
