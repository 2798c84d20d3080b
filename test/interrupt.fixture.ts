import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'

/** Until what has begun is under way. */
const UNDER_WAY_MS = 500
const SOON_MS = 2000

/** A command that hears Ctrl-C a moment after `begun` is there: it ends soon, with 130. What it printed. */
export async function interrupted(begun: string, ...argv: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['cli/main.ts', ...argv])
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)]
  while (!existsSync(begun) && child.exitCode === null) await sleep(20)
  await sleep(UNDER_WAY_MS)
  const asked = performance.now()
  child.kill('SIGINT')
  const [exitCode] = (await once(child, 'exit')) as [number | null]
  expect(performance.now() - asked).toBeLessThan(SOON_MS)
  expect(exitCode, await stderr).toBe(130)
  return { stdout: await stdout, stderr: await stderr }
}
