/** The edge where a scenario comes from a file: only text of a bounded size gets in. */
import { readFileSync, statSync } from 'node:fs'
import { ColdpoolError, type ErrorCode } from '#shared/errors.ts'
import { printable } from '#shared/scenario/problems.ts'

const BYTES_MAX = 2 ** 20

/** Throws a ColdpoolError. */
export function readScenarioText(path: string): string {
  const fail = (problem: string, expected: string, code: ErrorCode = 'CP_SCENARIO_READ'): never => {
    throw new ColdpoolError(code, path === '' ? '""' : printable(path), problem, expected)
  }
  try {
    const found = statSync(path)
    if (!found.isFile()) fail(found.isDirectory() ? 'is a directory' : 'is no regular file', 'a scenario file')
    if (found.size > BYTES_MAX) fail(`has ${found.size} bytes`, `at most ${BYTES_MAX}`, 'CP_SCENARIO_SIZE')
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (error) {
    if (error instanceof ColdpoolError) throw error
    if (error instanceof TypeError && !('syscall' in error)) return fail('is no UTF-8 text', 'a scenario in YAML')
    const { code } = error as NodeJS.ErrnoException
    return fail(code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`, 'a scenario file')
  }
}
