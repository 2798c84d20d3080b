import type { Verdict } from '#simulation/verdict.ts'
import { main } from './program.ts'

/** A command line in this process, and what it gave. */
export async function coldpool(...argv: readonly string[]) {
  let stdout = ''
  let stderr = ''
  const exitCode = await main(argv, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  })
  return { exitCode, stdout, stderr }
}

/** What `coldpool run` with these arguments comes to, in this process. Throws what it says if it does not end well. */
export async function runVerdict(...argv: readonly string[]): Promise<Verdict> {
  const { exitCode, stdout, stderr } = await coldpool('run', ...argv, '--json')
  if (exitCode !== 0) throw new Error(`ended with ${exitCode}:\n${stderr}`)
  return JSON.parse(stdout) as Verdict
}
