/**
 * A scenario: what is simulated. YAML, checked; every quantity parsed to bytes, nanoseconds, per-second rates and fractions,
 * every default filled in, content in its canonical text. Start at scenario/schema.ts for what it may hold.
 */
import { z } from 'zod'
import { inconsistencies } from './scenario/consistency.ts'
import { located, plain, readDocument } from './scenario/document.ts'
import { applyOverrides, type OverridePath } from './scenario/overrides.ts'
import { oneOf, type Path, type Problem, ScenarioError, shown } from './scenario/problems.ts'
import { schema } from './scenario/schema.ts'

export type Scenario = z.output<typeof schema>
export type DeviceScenario = Scenario['devices'][string]
export type HostScenario = Scenario['hosts'][string]
export type PromoterScenario = Scenario['promoters'][string]
export type WorkloadScenario = Scenario['workloads'][string]

/** Throws a ScenarioError with a line for every problem. The file name is for those lines alone: no file is read. */
export function parseScenario(text: string, fileName: string): Scenario {
  return loadScenario(text, fileName, []).scenario
}

/**
 * As parseScenario, with overrides (`path=value`) applied; `yaml` is the scenario as it then stands, comments kept, and
 * parses to the same scenario. Without overrides it is the text itself.
 */
export function loadScenario(text: string, fileName: string, overrides: readonly string[]): { scenario: Scenario; yaml: string } {
  const document = readDocument(text, fileName)
  const overridden = applyOverrides(document, overrides)
  const given = plain(document)
  const result = schema.safeParse(given)
  const problems = result.success ? inconsistencies(result.data) : shapeProblems(result.error, given, overridden)
  if (problems.length > 0 || !result.success) {
    throw new ScenarioError(
      problems.map((problem) => located(document, problem)),
      fileName,
    )
  }
  return { scenario: result.data, yaml: overrides.length === 0 ? text : document.yaml.toString({ lineWidth: 0 }) }
}

/** For editors; draft 7 is what they understand best. */
export function scenarioJsonSchema(): object {
  return { title: 'coldpool scenario', ...z.toJSONSchema(schema, { io: 'input', target: 'draft-7' }) }
}

function shapeProblems(error: z.ZodError, given: unknown, overridden: readonly OverridePath[]): Problem[] {
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
