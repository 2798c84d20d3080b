/** What a schema found wrong, as problems: the path, what stands there, what was expected. */
import type { z } from 'zod'
import type { OverridePath } from './overrides.ts'
import { oneOf, type Path, type Problem, shown } from './problems.ts'

/** Unknown keys that an override brought are the override's fault. */
export function shapeProblems(error: z.ZodError, given: unknown, overridden: readonly OverridePath[] = []): Problem[] {
  const seen = new Set<string>()
  return error.issues
    .flatMap((issue) => problemsOf(issue, given))
    .map((problem) =>
      problem.unknownKey && overridden.some((path) => matches(path, problem.path)) ? asOverride(problem) : problem,
    )
    .filter(({ path }) => {
      // Several checks of one field can fail; the first says enough.
      const key = JSON.stringify(path)
      return !seen.has(key) && seen.add(key)
    })
}

type ShapeProblem = Problem & { readonly unknownKey?: boolean }

function problemsOf(issue: z.core.$ZodIssue, given: unknown): ShapeProblem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
  if (issue.code === 'unrecognized_keys') {
    // The fields put their known keys into the message (scenario/fields.ts).
    const known = issue.message.split(', ')
    return issue.keys.map((key) => ({
      code: 'CP_SCENARIO_SHAPE',
      path: [...path, key],
      problem: `unknown key ${shown(key)}`,
      expected: oneOf(known, key),
      unknownKey: true,
    }))
  }
  const value = valueAt(given, path)
  const params: { problem?: string; code?: Problem['code'] } = (issue.code === 'custom' && issue.params) || {}
  const got =
    issue.code === 'invalid_key' ? `got the name ${shown(path.at(-1))}` : value === undefined ? 'missing' : `got ${shown(value)}`
  return [{ code: params.code ?? 'CP_SCENARIO_SHAPE', path, problem: params.problem ?? got, expected: issue.message }]
}

function asOverride(problem: Problem): Problem {
  return { ...problem, code: 'CP_OVERRIDE' }
}

function matches(pattern: OverridePath, path: Path): boolean {
  return pattern.length === path.length && pattern.every((part, i) => part === '*' || part === String(path[i]))
}

function valueAt(given: unknown, path: Path): unknown {
  let value = given
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Record<string | number, unknown>)[part]
  }
  return value
}
