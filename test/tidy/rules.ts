/** The rules of the house, each as a function from a file to what is wrong with it. CONTRIBUTING.md says why. */
import { codeOf, importsOf, isTest, type Source } from './source.ts'

type Rule = (source: Source) => string[]

/** From the inside out. A room may import from itself and from the rooms further in. */
const RINGS = [
  ['shared'],
  ['services'],
  ['simulation'],
  ['experiments'],
  ['cli', 'data', 'deploy', 'docs', 'web'],
  ['bench', 'test', 'validation'],
]
const OURS = new Set(RINGS.flat())

/** Where a process meets the world outside: these may read clocks, files and sockets. */
const EDGES = [/^services\/[^/]+\/main\.ts$/, /^shared\/bus\/nats\.ts$/, /^shared\/observe\//]
/** Beside these, the files in shared/ that use a part of Node, and which. */
const NODE_IN_SHARED: Readonly<Record<string, readonly string[]>> = {
  // Hashes of what is given, nothing random.
  'shared/bus/control.ts': ['node:crypto'],
  'shared/bus/mailbag.ts': ['node:crypto'],
  'shared/codec.ts': ['node:crypto'],
  // Threads of one process, which share memory.
  'shared/bus/worker-end.ts': ['node:worker_threads'],
  'shared/bus/workers.ts': ['node:worker_threads'],
  'shared/measured.ts': ['node:crypto', 'node:fs'],
}

const LINES_MAX = 500

export const RULES: Readonly<Record<string, Rule>> = {
  'imports point inwards': (source) => {
    const own = roomOf(source.path)
    return (
      importsOf(source)
        .filter((path) => OURS.has(roomOf(path)) && roomOf(path) !== own && ringOf(path) >= ringOf(source.path))
        // A test may ask whether data is still what the script makes of its sources.
        .filter((path) => !(isTest(source.path) && roomOf(path) === 'data'))
        .map((path) => `imports ${path}`)
    )
  },

  'services never import each other': (source) => {
    const own = serviceOf(source.path)
    return importsOf(source)
      .filter((path) => own !== undefined && serviceOf(path) !== undefined && serviceOf(path) !== own)
      .map((path) => `imports ${path}`)
  },

  'no clock in model code': inModels(
    /\bDate\.now\b|\bnew Date\b|\bDate\(|\bperformance\.|\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b|\bhrtime\b|\bTemporal\./g,
  ),

  'no unseeded randomness in model code': inModels(
    /\bMath\.random\b|\brandomUUID\b|\brandomBytes\b|\brandomInt\b|\bgetRandomValues\b/g,
  ),

  'transcendental functions only in shared/arithmetic.ts': (source) => {
    if (source.path === 'shared/arithmetic.ts' || !isModel(source)) return []
    const code = codeOf(source.text)
    const inexact = Array.from(code.matchAll(/\bMath\.(\w+)/g), ([, name]) => name!).filter((name) => !EXACT.has(name))
    // A power of two literals is a constant, and one of big integers is exact.
    const powers = Array.from(code.matchAll(/(\S+)\s*\*\*=?\s*(\S+)/g)).filter(
      ([, base, exponent]) =>
        !/(^|[^\w.])\d+n$/.test(base!) && !(/(^|[^\w.])\d+$/.test(base!) && /^-?\(?-?\d+\b/.test(exponent!)),
    )
    return [...inexact.map((name) => `uses Math.${name}`), ...powers.map(([text]) => `uses ${text}`)]
  },

  'nothing in model code depends on a locale or on the order of keys of unknown origin': inModels(
    /\blocaleCompare\b|\btoLocale\w+|\bIntl\.|\bfor \((?:const|let) \w+ in\b/g,
  ),

  'nothing of Node in model code, but at its edges': (source) =>
    isModel(source)
      ? importsOf(source)
          .filter((path) => path.startsWith('node:') && !(NODE_IN_SHARED[source.path] ?? []).includes(path))
          .map((path) => `imports ${path}`)
      : [],

  'model code prints nothing': inModels(/\bconsole\.\w+|\bprocess\.\w+/g),

  'no test is skipped or alone': ({ path, text }) =>
    isTest(path)
      ? all(
          codeOf(text),
          /\b(?:describe|it|test|suite)\b(?:\.\w+)*\.(?:skip|only|todo|fails)\b|\b(?:xit|xtest|xdescribe|fit|fdescribe)\(/g,
        )
      : [],

  'nothing is left for later': ({ text }) => all(text, /\bTO[D]O\b|\bFIX[M]E\b|\bXX[X]\b/g),

  [`no file has more than ${LINES_MAX} lines`]: ({ text }) => {
    const lines = text.trimEnd().split('\n').length
    return lines > LINES_MAX ? [`has ${lines} lines`] : []
  },

  'every file of shared, services and simulation opens by saying what it is': (source) =>
    RINGS.slice(0, 3).flat().includes(roomOf(source.path)) && !isTest(source.path) && !source.text.startsWith('/**')
      ? ['opens without a comment']
      : [],

  'files are named by noun': ({ path }) => all(path, /\b(?:utils?|helpers?|misc|common)\b/g),

  'no banner comments': ({ text }) => all(text, /^\s*\/[/*]+ ?[-=#]{3,}/gm),
}

/** Every violation, with its file. */
export function violations(files: readonly Source[]): string[] {
  return Object.entries(RULES).flatMap(([name, rule]) =>
    files.flatMap((source) => rule(source).map((problem) => `${source.path} ${problem}: ${name}`)),
  )
}

/** What ECMAScript defines to the bit. */
const EXACT = new Set('abs ceil clz32 floor fround imul max min round sign trunc E LN2 LN10 PI SQRT2'.split(' '))

/** Shared code and services, without their tests and edges: what must run alike everywhere. */
function isModel({ path }: Source): boolean {
  return /^(shared|services)\//.test(path) && !isTest(path) && !EDGES.some((edge) => edge.test(path))
}

function inModels(pattern: RegExp): Rule {
  return (source) => (isModel(source) ? all(codeOf(source.text), pattern) : [])
}

function all(text: string, pattern: RegExp): string[] {
  return Array.from(text.matchAll(pattern), ([match]) => `has '${match.trim()}'`)
}

function roomOf(path: string): string {
  return path.split('/')[0]!
}

/** A service's main.ts is its process, not its model: it stands where the command line stands. */
function ringOf(path: string): number {
  if (/^services\/[^/]+\/main\.ts$/.test(path)) return ringOf('cli/main.ts')
  return RINGS.findIndex((ring) => ring.includes(roomOf(path)))
}

function serviceOf(path: string): string | undefined {
  return /^services\/([^/]+)\//.exec(path)?.[1]
}
