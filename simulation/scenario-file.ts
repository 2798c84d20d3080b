/** The edge where scenarios and scripts come from files: only text of a bounded size gets in. Throws a ColdpoolError. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
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

const SWEEP: TextFile = {
  file: 'a sweep file',
  form: 'a sweep in YAML',
  bytesMax: 2 ** 20,
  unreadable: 'CP_SWEEP',
  tooLarge: 'CP_SWEEP',
}
const READY_MADE = new URL('../scenarios/', import.meta.url)

export function readScenarioText(path: string): string {
  return readText(path, SCENARIO)
}

export function readSweepText(path: string): string {
  return readText(path, SWEEP)
}

/** Where the scenario is that a sweep file names: a ready-made one, or a file, seen from that of the sweep. */
export function scenarioOfSweep(name: string, sweepFile: string): string {
  const ready = fileURLToPath(new URL(`${name}.yaml`, READY_MADE))
  return /^[a-z0-9-]+$/.test(name) && existsSync(ready) ? ready : resolve(dirname(sweepFile), name)
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
