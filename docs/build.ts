/** Writes docs/PROTOCOL.md from its template and the tables of the code: `npm run docs`. A test holds the file against them. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MESSAGE_BYTES_MAX, PART_HEADER } from '#shared/bus/chunks.ts'
import { PROTOCOL_HASH } from '#shared/bus/control.ts'
import { ARRAY_LENGTH_MAX, MAILS_PER_BAG_MAX } from '#shared/codec.ts'
import { REQUEST_BYTES_MAX } from '#simulation/cluster/commands.ts'
import { WAITING_MAX } from '#simulation/desk.ts'
import { FOREIGN_SILENT_MS, SAYING_BYTES_MAX, SAYINGS_MAX } from '#simulation/cluster/foreign-gate.ts'
import { SILENT_MS } from '#simulation/cluster/roster.ts'
import { CLASSES_MAX, PASSES_MAX, RATE_MAX, THREADS_MAX, WORK_NS_MAX } from '#simulation/foreign-mail.ts'
import * as samples from './samples.ts'
import * as tables from './tables.ts'

const folder = import.meta.dirname
export const PROTOCOL_FILE = join(folder, 'PROTOCOL.md')
const NOTICE = '<!-- Made by `npm run docs` from docs/protocol.template.md and the tables of the code. Change those. -->\n\n'

const LIMITS = {
  protocolHash: PROTOCOL_HASH,
  partHeader: PART_HEADER,
  messageMiB: MESSAGE_BYTES_MAX >> 20,
  mailsPerBagMax: MAILS_PER_BAG_MAX,
  arrayLengthMax: ARRAY_LENGTH_MAX,
  silentSeconds: SILENT_MS / 1000,
  foreignSilentSeconds: FOREIGN_SILENT_MS / 1000,
  sayingMiB: SAYING_BYTES_MAX >> 20,
  sayingsMax: SAYINGS_MAX,
  classesMax: CLASSES_MAX,
  threadsMax: THREADS_MAX,
  rateMax: RATE_MAX.toExponential().replace('+', ''),
  passesMax: PASSES_MAX,
  workSecondsMax: WORK_NS_MAX / 1e9,
  requestKiB: REQUEST_BYTES_MAX >> 10,
  requestsMax: WAITING_MAX,
} as const

if (process.argv[1] === import.meta.filename) writeFileSync(PROTOCOL_FILE, protocol())

export function protocol(): string {
  const parts: Readonly<Record<string, (() => string) | string | number>> = { ...tables, ...samples, ...LIMITS }
  return NOTICE + filled(readFileSync(join(folder, 'protocol.template.md'), 'utf8'), parts)
}

/** The template with every `{{name}}` replaced. Throws if one is unknown, or a part has no place. */
export function filled(template: string, parts: Readonly<Record<string, (() => string) | string | number>>): string {
  const unused = new Set(Object.keys(parts))
  const text = template.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const part = parts[name]
    if (part === undefined) throw new Error(`the template asks for ${name}, which is not there`)
    unused.delete(name)
    return typeof part === 'function' ? part() : String(part)
  })
  if (unused.size > 0) throw new Error(`the template has no place for ${[...unused].join(', ')}`)
  return text
}
