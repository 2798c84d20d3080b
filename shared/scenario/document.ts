/**
 * A scenario's text as a YAML document: strict YAML 1.2 core, one document, text keys, each key once, no tags; aliases are
 * allowed but bounded. Whatever the text, reading it ends soon, with a document or with one line that says why not.
 */
import { type Document, isCollection, isNode, isScalar, Lexer, LineCounter, parseDocument, visit } from 'yaml'
import { ColdpoolError, type ErrorCode } from '../errors.ts'
import { type Path, pathText, printable, type Problem, ScenarioError, shown } from './problems.ts'

/** How deep collections may nest, and how often an alias may be used; a scenario needs 5 and hardly any. */
const DEPTH_MAX = 32
const ALIASES_MAX = 100

/** What a text is to be held to, and where in its file it stands. */
export interface Excerpt {
  readonly charactersMax: number
  /** Of the lexer: each node costs far more than its characters. */
  readonly tokensMax: number
  /** Of its file; its own first line is the one after. */
  readonly linesBefore: number
  /** Of errors in its form. */
  readonly code: ErrorCode
}

const WHOLE: Excerpt = { charactersMax: 2 ** 20, tokensMax: Infinity, linesBefore: 0, code: 'CP_SCENARIO_YAML' }

export interface ScenarioDocument {
  readonly fileName: string
  readonly excerpt: Excerpt
  readonly yaml: Document
  readonly lines: LineCounter
}

export function readDocument(text: string, fileName: string, excerpt = WHOLE): ScenarioDocument {
  if (text.length > excerpt.charactersMax) {
    fail(fileName, 'CP_SCENARIO_SIZE', `got ${text.length} characters`, `at most ${excerpt.charactersMax}`)
  }
  checkDepth(text, fileName, excerpt)
  const lines = new LineCounter()
  const yaml = parseYaml(text, lines)
  const scenario = { fileName, excerpt, yaml, lines }
  const error = yaml.errors[0] ?? yaml.warnings[0]
  if (error !== undefined) failAt(scenario, error.pos[0], error.message, 'well-formed YAML without tags, in one document')
  checkAliases(scenario)
  checkKeys(scenario)
  return scenario
}

/** A fragment, such as the value of an override. */
export function parseYaml(text: string, lineCounter = new LineCounter()): Document.Parsed {
  // Duplicate keys are ours to find: the library compares every key with every other.
  return parseDocument(text, {
    schema: 'core',
    resolveKnownTags: false,
    stringKeys: true,
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter,
  })
}

/** The document as plain data. */
export function plain({ yaml }: ScenarioDocument): unknown {
  return yaml.toJS({ maxAliasCount: ALIASES_MAX })
}

/** The error for a problem: with the line in the file, where the document still knows it. */
export function located(scenario: ScenarioDocument, { code, path, problem, expected }: Problem): ColdpoolError {
  if (path.length === 0) return new ColdpoolError(code, printable(scenario.fileName), printable(problem), printable(expected))
  const line = lineOf(scenario, path)
  const where = line === undefined ? '' : ` (line ${line})`
  return new ColdpoolError(code, pathText(path), printable(problem) + where, printable(expected))
}

/** The line in the file, where the document still knows it. */
export function lineOf({ yaml, lines, excerpt }: ScenarioDocument, path: Path): number | undefined {
  const offset = offsetOf(yaml, path)
  return offset === undefined ? undefined : excerpt.linesBefore + lines.linePos(offset).line
}

/** Where the node stands, or for a missing one the collection that lacks it; undefined for what an override brought. */
function offsetOf(yaml: Document, path: Path): number | undefined {
  let node: unknown = yaml.contents
  let offset = yaml.contents?.range?.[0]
  for (const key of path) {
    node = isCollection(node) ? node.get(key, true) : undefined
    if (!isNode(node)) break
    offset = node.range?.[0]
  }
  return offset
}

/** The library composes recursively; a few hundred kB of brackets would keep it busy for minutes. */
function checkDepth(text: string, fileName: string, { code, tokensMax, linesBefore }: Excerpt): void {
  let tokens = 0
  let depth = 0
  let inLine = 0
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') depth++
    else if (token === ']' || token === '}') depth--
    else if (token === '-' || token === '?') inLine++
    else if (token === '\n' || token === '\r\n') inLine = 0
    if (++tokens > tokensMax) fail(`${fileName}:${linesBefore + 1}`, code, 'has too many parts', `at most ${tokensMax}`)
    if (depth > DEPTH_MAX || inLine > DEPTH_MAX) {
      fail(fileName, code, 'collections nest too deeply', `at most ${DEPTH_MAX} levels`)
    }
  }
}

function checkAliases(scenario: ScenarioDocument): void {
  const { yaml } = scenario
  let count = 0
  visit(yaml, {
    Alias(_, alias, path) {
      const at = alias.range?.[0] ?? 0
      const source = ++count > ALIASES_MAX ? undefined : alias.resolve(yaml)
      const name = shown(alias.source)
      if (count > ALIASES_MAX) failAt(scenario, at, 'too many aliases', `at most ${ALIASES_MAX}`)
      if (source === undefined) failAt(scenario, at, `alias ${name} without an anchor`, 'an anchor of that name before it')
      if (path.includes(source)) failAt(scenario, at, `alias ${name} within its own anchor`, 'aliases that form no cycle')
    },
  })
  try {
    plain(scenario)
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
    failAt(scenario, 0, 'aliases expand to too much', `each anchor to be used at most ${ALIASES_MAX} times, all told`)
  }
}

function checkKeys(scenario: ScenarioDocument): void {
  visit(scenario.yaml, {
    Map(_, map) {
      const seen = new Set<unknown>()
      for (const { key } of map.items) {
        const name = isScalar(key) ? key.value : key
        const at = (isNode(key) ? key.range?.[0] : undefined) ?? 0
        if (seen.has(name)) failAt(scenario, at, `key ${shown(name)} appears twice`, 'each key once')
        if (name === '__proto__') failAt(scenario, at, `key ${shown(name)}`, 'a key of a scenario')
        seen.add(name)
      }
    },
  })
}

function failAt({ fileName, lines, excerpt }: ScenarioDocument, offset: number, problem: string, expected: string): never {
  const line = excerpt.linesBefore + lines.linePos(offset).line
  fail(`${fileName}:${line}`, excerpt.code, printable(problem), expected)
}

function fail(where: string, code: ErrorCode, problem: string, expected: string): never {
  throw new ScenarioError([new ColdpoolError(code, printable(where), problem, expected)], where)
}
