/**
 * A script as a file, injections.yaml: a list, an entry for each command, that people can read and write and a run appends to
 * as it goes. An entry begins with `- ` at the start of its line; it may go on over indented lines. Entries stand in the order in which
 * they were admitted, for newcomers get their ordinals by it; each takes effect in its quantum.
 */
import { stringify } from 'yaml'
import { Script, type Stamped } from '#shared/command.ts'
import { ColdpoolError } from '#shared/errors.ts'
import type { Scenario } from '#shared/scenario.ts'
import { lineOf, plain, readDocument, type ScenarioDocument } from '#shared/scenario/document.ts'
import { type Path, pathText, printable, type Problem, ScenarioError, shown } from '#shared/scenario/problems.ts'
import { shapeProblems } from '#shared/scenario/shape.ts'
import { NS_PER_S, type Quantum } from '#shared/time.ts'
import { parseTime, UnitError } from '#shared/units.ts'
import { Admission } from './admission.ts'
import { FORMS, formOf, VERBS } from './injection-form.ts'

export { checkWorkload } from './admission.ts'

export const INJECTIONS_BYTES_MAX = 64 * 2 ** 20
const ENTRIES_MAX = 100_000
/** Of one entry: the mail of a foreign workload may be long, but has few parts. */
const ENTRY_CHARACTERS_MAX = 16 * 2 ** 20
const ENTRY_TOKENS_MAX = 4096

export const INJECTIONS_HEADER = `# What was asked of a run, and in which quantum it took effect; a newcomer's times count from there.
# coldpool run SCENARIO --injections FILE  does the same again, with the same digest.
`

/** Throws a ScenarioError with a line for every problem. The file name is for those lines alone: no file is read. */
export function parseInjections(text: string, fileName: string, scenario: Scenario): Script {
  const reading = new Reading(fileName, scenario)
  for (const entry of entriesOf(text, fileName)) reading.take(entry)
  return reading.script()
}

/** One entry, a line; with the quantum's length it also says the virtual time, for people. */
export function formatInjection({ quantum, command }: Stamped, quantumNs?: number): string {
  const entry = { quantum, ...(quantumNs !== undefined && { at: timeText(quantum, quantumNs) }), ...formOf(command) }
  return `- ${stringify(entry, { collectionStyle: 'flow', lineWidth: 0 })}`
}

interface Entry {
  readonly text: string
  readonly linesBefore: number
}

const BEGINS = /^-(\s|$)/
/** Lines that belong to the entry before, and lines that belong to none. */
const GOES_ON = /^(\s|#)/
const NOTHING = /^\s*$|^#/

/** Cut at the lines that begin one, so that no more than one is in memory as a document. */
function* entriesOf(text: string, fileName: string): Iterable<Entry> {
  if (text.length > INJECTIONS_BYTES_MAX) fail(fileName, `has ${text.length} characters`, `at most ${INJECTIONS_BYTES_MAX}`)
  let entry: { from: number; linesBefore: number } | undefined
  let count = 0
  for (let at = 0, line = 1; at < text.length; line++) {
    const end = text.indexOf('\n', at)
    const next = end < 0 ? text.length : end + 1
    if (BEGINS.test(text.slice(at, at + 2))) {
      if (entry) yield { text: text.slice(entry.from, at), linesBefore: entry.linesBefore }
      entry = { from: at, linesBefore: line - 1 }
      if (++count > ENTRIES_MAX) fail(`${fileName}:${line}`, 'has too many entries', `at most ${ENTRIES_MAX}`)
    } else if (!(entry ? GOES_ON : NOTHING).test(text.slice(at, next))) {
      fail(`${fileName}:${line}`, `got ${shown(text.slice(at, next).trimEnd())}`, "an entry, which begins with '- '")
    }
    at = next
  }
  if (entry) yield { text: text.slice(entry.from), linesBefore: entry.linesBefore }
}

/** Reads entry after entry, and gathers what is wrong with them. */
class Reading {
  readonly #fileName: string
  readonly #quantumNs: number
  readonly #admission: Admission
  readonly #script: Stamped[] = []
  readonly #errors: ColdpoolError[] = []

  constructor(fileName: string, scenario: Scenario) {
    this.#fileName = fileName
    this.#quantumNs = scenario.quantum
    this.#admission = new Admission(scenario)
  }

  script(): Script {
    if (this.#errors.length > 0) throw new ScenarioError(this.#errors, this.#fileName)
    return new Script(this.#script)
  }

  take({ text, linesBefore }: Entry): void {
    const limits = { charactersMax: ENTRY_CHARACTERS_MAX, tokensMax: ENTRY_TOKENS_MAX }
    try {
      const excerpt = { ...limits, linesBefore, code: 'CP_INJECTION' } as const
      const document = readDocument(text, this.#fileName, excerpt)
      const [given] = plain(document) as readonly unknown[]
      const problems = this.#command(given)
      for (const problem of problems) this.#errors.push(this.#located(document, problem, given))
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error
      this.#errors.push(...error.problems)
    }
  }

  /** Stamps what is asked, or says what is wrong with it. */
  #command(given: unknown): Problem[] {
    const verbs = typeof given === 'object' && given !== null ? VERBS.filter((verb) => Object.hasOwn(given, verb)) : []
    const [verb] = verbs
    if (verb === undefined || verbs.length > 1) {
      return [wrong([], verb === undefined ? `got ${shown(given)}` : `got ${verbs.join(' and ')}`, `one of ${VERBS.join(', ')}`)]
    }
    const result = FORMS[verb].safeParse(given)
    if (!result.success) return shapeProblems(result.error, given).map((problem) => ({ ...problem, code: 'CP_INJECTION' }))
    const { quantum, at } = given as { quantum: Quantum; at?: string }
    const problems = [...this.#timeProblems(quantum, at), ...this.#admission.problems(result.data, quantum)]
    if (problems.length === 0) this.#script.push({ quantum, command: this.#admission.admit(result.data, quantum) })
    return problems
  }

  /** `at` is for people; if it is there, it has to be true. */
  *#timeProblems(quantum: Quantum, at: string | undefined): Iterable<Problem> {
    if (at === undefined) return
    try {
      if (Math.round(parseTime(at) / this.#quantumNs) !== quantum) {
        yield wrong(
          ['at'],
          `got ${shown(at)}, which is not quantum ${quantum}`,
          `${timeText(quantum, this.#quantumNs)}, or no at`,
        )
      }
    } catch (error) {
      if (!(error instanceof UnitError)) throw error
      yield wrong(['at'], error.problem, error.expected)
    }
  }

  #located(document: ScenarioDocument, { code, path, problem, expected }: Problem, given: unknown): ColdpoolError {
    const id = (given as { inject?: unknown } | null)?.inject
    const inWorkload = path[0] === 'workloads' && path[1] === id
    const line = lineOf(document, inWorkload ? [0, 'workload', ...path.slice(2)] : [0, ...path])
    const where = `${this.#fileName}:${line}${path.length === 0 ? '' : ` ${pathText(path)}`}`
    return new ColdpoolError(code, printable(where), printable(problem), printable(expected))
  }
}

function wrong(path: Path, problem: string, expected: string): Problem {
  return { code: 'CP_INJECTION', path, problem, expected }
}

/** `1.234s`. */
function timeText(quantum: Quantum, quantumNs: number): string {
  return `${(quantum * quantumNs) / NS_PER_S}s`
}

function fail(where: string, problem: string, expected: string): never {
  throw new ScenarioError([new ColdpoolError('CP_INJECTION', printable(where), problem, expected)], where)
}
