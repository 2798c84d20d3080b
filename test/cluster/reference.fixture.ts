/** What a run must give, however it is run: what the memory bus gives, file by file. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'
import { parseScenario } from '#shared/scenario.ts'
import { parseInjections } from '#simulation/injections.ts'
import { runScenario, type Verdict } from '#simulation/run.ts'

export const FOLDER = mkdtempSync(join(tmpdir(), 'coldpool-cluster-'))
/** Everything that the tests of a file write, but for the servers' stores. */
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }))

const references = new Map<string, Promise<string>>()

/** The run folder of this scenario, of a run on the memory bus. */
function onMemory(yaml: string, injections?: string): Promise<string> {
  const key = JSON.stringify([yaml, injections])
  let folder = references.get(key)
  if (folder === undefined) references.set(key, (folder = run(yaml, injections)))
  return folder
}

async function run(yaml: string, injections: string | undefined): Promise<string> {
  const scenario = parseScenario(yaml, 'reference')
  const script = injections === undefined ? undefined : parseInjections(injections, 'injections.yaml', scenario)
  const out = join(FOLDER, 'memory')
  const { folder } = await runScenario({ scenario, yaml, out, ...(script && { script }) })
  return folder!
}

export function verdictOf(folder: string): Verdict {
  return JSON.parse(readFileSync(join(folder, 'verdict.json'), 'utf8')) as Verdict
}

/** The same digest and figures, the same events and samples byte for byte: nothing lost, nothing doubled. */
export async function expectAsOnMemory(folder: string, yaml: string, injections?: string): Promise<void> {
  const reference = await onMemory(yaml, injections)
  expect(simulated(folder)).toEqual(simulated(reference))
  expect(Object.keys(filesOf(folder))).toEqual(Object.keys(filesOf(reference)))
  expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain(verdictOf(folder).digest)
  for (const [file, text] of Object.entries(filesOf(reference))) {
    // A difference of a megabyte is no use to anybody.
    const got = filesOf(folder)[file]!
    if (got !== text) expect(`${file}: ${firstDifference(got, text)}`).toBe(`${file}: as on the memory bus`)
  }
}

/** Without what says how it was run. */
function simulated(folder: string): object {
  const { bus, wallSeconds, ...rest } = verdictOf(folder)
  expect(bus).toMatch(/^(nats|memory)$/)
  expect(wallSeconds).toBeGreaterThan(0)
  return rest
}

/** But for the verdict, and injections, which each run writes as they come. */
function filesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()
  const files = names.filter((name) => /\.(csv|ndjson)$|^scenario\.yaml$/.test(name))
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
}

function firstDifference(got: string, wanted: string): string {
  const [lines, expected] = [got.split('\n'), wanted.split('\n')]
  const at = lines.findIndex((line, i) => line !== expected[i])
  return `line ${at + 1} of ${lines.length} (expected ${expected.length}) is ${lines[at]}, expected ${expected[at]}`
}
