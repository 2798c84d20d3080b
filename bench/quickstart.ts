/** The whole product on its ready-made scenario: 60 virtual seconds, in a process of its own so that its memory is its own. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Benchmark } from './harness.ts'

const CHILD = new URL('quickstart-child.ts', import.meta.url).pathname

export const quickstart: Benchmark = {
  figures: [
    { name: 'quickstart-wall-seconds', unit: 's', goal: 20, better: 'lower' },
    { name: 'quickstart-memory-mib', unit: 'MiB', goal: 1024, better: 'lower' },
  ],
  runs: 5,
  prepare: () => async () => {
    const startMs = performance.now()
    const { stdout } = await promisify(execFile)(process.execPath, [CHILD])
    return [(performance.now() - startMs) / 1000, Number(stdout.split(' ')[0]) / 1024]
  },
}
