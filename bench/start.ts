/**
 * How soon the command line answers: the help, and quickstart's first progress line, as a plain line and on a terminal (the later
 * of the two counts). What an earlier call has left compiled is used, as it is by anybody who calls twice.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Benchmark } from './harness.ts'

const MAIN = fileURLToPath(new URL('../cli/main.ts', import.meta.url))
const SCENARIO = fileURLToPath(new URL('../scenarios/quickstart.yaml', import.meta.url))
/** Both forms of a progress line have it. */
const PROGRESS = / of 60 s/

export const start: Benchmark = {
  figures: [
    { name: 'help-milliseconds', unit: 'ms', goal: 150, better: 'lower' },
    { name: 'first-progress-milliseconds', unit: 'ms', goal: 500, better: 'lower' },
  ],
  runs: 7,
  prepare: () => async () => {
    const runs = mkdtempSync(join(tmpdir(), 'coldpool-start-'))
    const run = [MAIN, 'run', SCENARIO, '--out', runs]
    try {
      const help = await millisecondsUntil(() => promisify(execFile)(process.execPath, [MAIN, '--help']))
      const plain = await untilProgress(() => spawn(process.execPath, run, { stdio: ['ignore', 'ignore', 'pipe'] }), 'stderr')
      // script(1) runs a command on a terminal of its own.
      const quoted = [process.execPath, ...run].map((word) => `'${word}'`).join(' ')
      const terminal = await untilProgress(() => spawn('script', ['-qfec', quoted, '/dev/null'], { stdio: 'pipe' }), 'stdout')
      return [help, Math.max(plain, terminal)]
    } finally {
      rmSync(runs, { recursive: true, force: true })
    }
  },
}

async function untilProgress(begin: () => ChildProcess, output: 'stdout' | 'stderr'): Promise<number> {
  let child: ChildProcess
  const milliseconds = await millisecondsUntil(async () => {
    child = begin()
    const stream = child[output] as Readable
    let text = ''
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) if (PROGRESS.test((text += String(chunk)))) return
    throw new Error(`no progress in ${text}`)
  })
  const gone = once(child!, 'exit')
  child!.kill('SIGTERM')
  child![output]!.resume()
  await gone
  return milliseconds
}

async function millisecondsUntil(done: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await done()
  return performance.now() - startMs
}
