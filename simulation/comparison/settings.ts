/** What was asked of the runs differently: the scenarios as they stand, value by value. */
import { plain, readDocument } from '#shared/scenario/document.ts'
import type { RunRecord } from '../report/record.ts'

export interface Setting {
  /** Its path in the scenario, such as `hosts.host-1.memory`. */
  readonly path: string
  /** One for each run, as its scenario has it; undefined where it says nothing. */
  readonly values: readonly (string | undefined)[]
}

export function settingsOf(records: readonly RunRecord[]): Setting[] {
  const written = records.map(({ path, scenarioText }) => flat(plain(readDocument(scenarioText, path))))
  const meant = records.map(({ scenario }) => flat(scenario))
  const paths = [...new Set(written.flatMap((scenario) => [...scenario.keys()]))]
  return paths
    .filter((path) => differs(written, path) && differs(meant, path))
    .map((path) => ({ path, values: written.map((scenario) => scenario.get(path)) }))
}

/** A default that is written out, or another unit, is no difference; what the parsed scenario has elsewhere is one. */
function differs(scenarios: readonly ReadonlyMap<string, string>[], path: string): boolean {
  const values = scenarios.map((scenario) => scenario.get(path))
  return values.every((value) => value === undefined) || new Set(values).size > 1
}

function flat(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (typeof value !== 'object' || value === null) into.set(path, String(value))
  else for (const [name, inner] of Object.entries(value)) flat(inner, path === '' ? name : `${path}.${name}`, into)
  return into
}
