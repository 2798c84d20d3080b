/**
 * Prepares the volumes of a cluster before anything else starts: `node deploy/init.ts DIRECTORY` puts the secrets
 * (deploy/secrets.ts) and NATS's configuration (deploy/nats/) there. It may be run again at any time: secrets stay, the
 * configuration becomes that of the image. A file is replaced as a whole, so nobody reads half of one.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { secretFiles } from './secrets.ts'

const CONFIGURATION = new URL('nats/', import.meta.url)
const PASSWORD_BYTES = 24

const [directory] = process.argv.slice(2)
if (directory === undefined) {
  process.stderr.write('usage: node deploy/init.ts DIRECTORY\n')
  process.exitCode = 2
} else {
  try {
    prepare(directory)
  } catch (error) {
    // A refused password, or a volume that cannot be written: either way the reason is enough.
    process.stderr.write(`init: ${(error as Error).message}\n`)
    process.exitCode = 1
  }
}

function prepare(root: string): void {
  const secrets = secretFiles({
    given: process.env,
    earlier: (file) => (existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8').trim() : undefined),
    make: () => randomBytes(PASSWORD_BYTES).toString('base64url'),
  })
  let made = 0
  for (const [file, text] of secrets) made += Number(replace(join(root, file), text, 0o400))
  for (const name of readdirSync(CONFIGURATION))
    replace(join(root, 'nats', name), readFileSync(new URL(name, CONFIGURATION), 'utf8'), 0o444)
  process.stdout.write(`init: ${secrets.size} files with secrets, ${made} of them written now\n`)
}

/** True if the file did not hold this text before. */
function replace(path: string, text: string, mode: number): boolean {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return false
  mkdirSync(dirname(path), { recursive: true })
  // Of a start that was cut short; it may be read-only.
  rmSync(`${path}.new`, { force: true })
  writeFileSync(`${path}.new`, text, { mode })
  renameSync(`${path}.new`, path)
  return true
}
