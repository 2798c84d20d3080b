/** What is wrong with a scenario, a line for each problem: where, what was got, what was expected. */
import { ColdpoolError, type ErrorCode } from '../errors.ts'

export type Path = readonly (string | number)[]

export interface Problem {
  readonly code: ErrorCode
  readonly path: Path
  readonly problem: string
  readonly expected: string
}

/** More lines than this, and one that says how many more there are, help nobody. */
const PROBLEMS_MAX = 20

export class ScenarioError extends Error {
  /** At least one, in the order of the scenario's schema. */
  readonly problems: readonly ColdpoolError[]

  constructor(problems: readonly ColdpoolError[], fileName: string) {
    // A list that has been cut may come again, from another thread for instance.
    const listed = problems.slice(0, problems.length > PROBLEMS_MAX + 1 ? PROBLEMS_MAX : undefined)
    const more = problems.length - listed.length
    if (more > 0) {
      const code = problems[PROBLEMS_MAX]!.code
      listed.push(new ColdpoolError(code, printable(fileName), `${more} more problems of this kind`, 'none'))
    }
    super(listed.map((problem) => problem.message).join('\n'))
    this.name = 'ScenarioError'
    this.problems = listed
  }
}

/** `hosts.host-1.devices.0`; names that are no plain words are quoted. */
export function pathText(path: Path): string {
  return path.map((part) => (/^[\w-]{1,64}$/.test(String(part)) ? String(part) : quoted(String(part)))).join('.')
}

/** A value as a person wants to see it in an error: short, on one line. */
export function shown(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' ? quoted(value) : typeof value
}

function quoted(text: string): string {
  return printable(JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text))
}

/** On one line and free of what could drive a terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** `one of a, b`, with the nearest put in front where one is near. */
export function oneOf(known: readonly string[], got?: string): string {
  if (known.length === 0) return 'none'
  const list = known.length > 24 ? `${known.slice(0, 24).join(', ')}, …` : known.join(', ')
  const near = got === undefined ? undefined : nearest(got, known)
  return `${near === undefined ? '' : `${near}, or another `}one of ${list}`
}

function nearest(got: string, known: readonly string[]): string | undefined {
  const limit = got.length < 3 ? 0 : Math.max(1, Math.floor(got.length / 3))
  let best: string | undefined
  let least = limit + 1
  for (const name of known) {
    const distance = editDistance(got.slice(0, 64), name)
    if (distance < least) {
      best = name
      least = distance
    }
  }
  return best
}

/** Letters to insert, delete, substitute or swap with their neighbour; letter case ignored. */
function editDistance(a: string, b: string): number {
  const from = a.toLowerCase()
  const to = b.toLowerCase()
  let before: number[] = []
  let row = Array.from({ length: to.length + 1 }, (_, j) => j)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const substituted = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1] ? before[j - 2]! + 1 : Infinity
      next.push(Math.min(substituted, row[j]! + 1, next[j - 1]! + 1, swapped))
    }
    before = row
    row = next
  }
  return row[to.length]!
}
