/** What a snapshot of a whole rack takes on one core, written to a file: a full one, and what has changed four virtual seconds later. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Benchmark } from './harness.ts'
import type { StoredSnapshot } from './rack-snapshot-child.ts'

const CHILD = new URL('rack-snapshot-child.ts', import.meta.url).pathname

export const rackSnapshot: Benchmark = {
  figures: [
    { name: 'rack-full-snapshot-seconds', unit: 's', goal: 10, better: 'lower' },
    { name: 'rack-full-snapshot-gigabytes', unit: 'GB', goal: 2, better: 'lower' },
    { name: 'rack-increment-seconds', unit: 's', goal: 5, better: 'lower' },
    { name: 'rack-increment-gigabytes', unit: 'GB', goal: 1, better: 'lower' },
  ],
  runs: 5,
  prepare: () => async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [CHILD])
    const snapshots = JSON.parse(stdout) as StoredSnapshot[]
    return snapshots.flatMap(({ seconds, bytes }) => [seconds, bytes / 1e9])
  },
}
