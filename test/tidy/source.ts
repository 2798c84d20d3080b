/** A source file as the rules of the house see it. */
import { readdirSync, readFileSync } from 'node:fs'

export interface Source {
  /** From the root, with slashes. */
  readonly path: string
  readonly text: string
}

const ROOMS = new Set('bench cli data deploy docs experiments services shared simulation test validation web'.split(' '))

/** Every TypeScript file of ours. */
export function sources(root: URL): Source[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && ROOMS.has(entry.name))
    .flatMap(({ name }) =>
      readdirSync(new URL(name, root), { recursive: true, encoding: 'utf8' }).map(
        (path) => `${name}/${path.replaceAll('\\', '/')}`,
      ),
    )
    .filter((path) => path.endsWith('.ts') && !path.includes('node_modules'))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(new URL(path, root), 'utf8') }))
}

const STRING_OR_COMMENT = /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g

/** Without comments; lines keep their numbers. Not a parser: a quote inside a regular expression may mislead it. */
function withoutComments(text: string): string {
  return text.replace(STRING_OR_COMMENT, (match, quoted?: string) => quoted ?? match.replaceAll(/[^\n]/g, ' '))
}

/** Without comments and without the content of quoted texts; templates stay, for they hold code. */
export function codeOf(text: string): string {
  return withoutComments(text).replace(STRING_OR_COMMENT, (match) => (match.startsWith('`') ? match : `''`))
}

/** What it imports, as paths from the root for our own files and as written for others. */
export function importsOf({ path, text }: Source): string[] {
  const found = withoutComments(text).matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)
  return Array.from(found, ([, specifier]) => resolved(path, specifier!))
}

function resolved(from: string, specifier: string): string {
  if (specifier.startsWith('#')) return specifier.slice(1)
  return specifier.startsWith('.') ? new URL(specifier, `file:///${from}`).pathname.slice(1) : specifier
}

/** Tests, what they share, and contracts, which are tests to be called. */
export function isTest(path: string): boolean {
  return (
    /(\.test|\.fixture|\/contract|\/testbed|\/reference)\.ts$/.test(path) ||
    path.startsWith('test/') ||
    path.startsWith('validation/')
  )
}
