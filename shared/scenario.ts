/**
 * A scenario: what is simulated. YAML, checked; every quantity parsed to bytes, nanoseconds, per-second rates and fractions,
 * every default filled in, content in its canonical text. Start at scenario/schema.ts for what it may hold.
 */
import { z } from 'zod'
import { inconsistencies } from './scenario/consistency.ts'
import { located, plain, readDocument } from './scenario/document.ts'
import { applyOverrides } from './scenario/overrides.ts'
import { ScenarioError } from './scenario/problems.ts'
import { schema } from './scenario/schema.ts'
import { shapeProblems } from './scenario/shape.ts'
import { startProblems } from './scenario/start-consistency.ts'

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
  const problems = result.success
    ? [...inconsistencies(result.data), ...startProblems(result.data)]
    : shapeProblems(result.error, given, overridden)
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
