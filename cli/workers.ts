/** `--workers N`: threads, of a run or for many runs. */
import { ColdpoolError } from '#shared/errors.ts'
import { printable } from '#shared/scenario/problems.ts'

/** Of runs at a time; more is a slip. */
export const RUNS_MAX = 1024

/** Undefined where it is not given. Throws CP_OPTION. */
export function workersOption(text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined
  const workers = Number(text)
  if (/^\d+$/.test(text) && workers >= 1 && workers <= most) return workers
  throw new ColdpoolError('CP_OPTION', '--workers', `got ${printable(text)}`, `a whole number from 1 to ${most}`)
}
