/** Programs that some tests need. On a developer's machine one may be missing, then its tests step aside and say so; in CI it is an error. */
import { spawnSync } from 'node:child_process'

/** The arguments ask for the version: whether a program is there is seen by running it. */
export function isMissing(program: string, ...version: readonly string[]): boolean {
  const found = spawnSync(program, version, { stdio: 'ignore' }).status === 0
  if (!found && process.env['CI'] === 'true') throw new Error(`${program} ${version.join(' ')}: failed, expected in CI`)
  if (!found) process.stderr.write(`tests step aside: ${program} is missing\n`)
  return !found
}
