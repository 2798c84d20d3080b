/** The edge where scenarios and scripts come from files: only text of a bounded size gets in. Throws a ColdpoolError. */
import { readFileSync, statSync } from 'node:fs'
import { ColdpoolError, type ErrorCode } from '#shared/errors.ts'
import { printable } from '#shared/scenario/problems.ts'
import { INJECTIONS_BYTES_MAX } from './injections.ts'

interface TextFile {
  /** What an error says it expected: of the file, and of what is in it. */
  readonly file: string
  readonly form: string
  readonly bytesMax: number
  readonly unreadable: ErrorCode
  readonly tooLarge: ErrorCode
}

const SCENARIO: TextFile = {
  file: 'a scenario file',
  form: 'a scenario in YAML',
  bytesMax: 2 ** 20,
  unreadable: 'CP_SCENARIO_READ',
  tooLarge: 'CP_SCENARIO_SIZE',
}
const INJECTIONS: TextFile = {
  file: 'a file of injections',
  form: 'a list in YAML',
  bytesMax: INJECTIONS_BYTES_MAX,
  unreadable: 'CP_INJECTION',
  tooLarge: 'CP_INJECTION',
}

export function readScenarioText(path: string): string {
  return readText(path, SCENARIO)
}

export function readInjectionsText(path: string): string {
  return readText(path, INJECTIONS)
}

function readText(path: string, { file, form, bytesMax, unreadable, tooLarge }: TextFile): string {
  const fail = (problem: string, expected: string, code: ErrorCode = unreadable): never => {
    throw new ColdpoolError(code, path === '' ? '""' : printable(path), problem, expected)
  }
  try {
    const found = statSync(path)
    if (!found.isFile()) fail(found.isDirectory() ? 'is a directory' : 'is no regular file', file)
    if (found.size > bytesMax) fail(`has ${found.size} bytes`, `at most ${bytesMax}`, tooLarge)
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (error) {
    if (error instanceof ColdpoolError) throw error
    if (error instanceof TypeError && !('syscall' in error)) return fail('is no UTF-8 text', form)
    const { code } = error as NodeJS.ErrnoException
    return fail(code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`, file)
  }
}
