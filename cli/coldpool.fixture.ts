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
