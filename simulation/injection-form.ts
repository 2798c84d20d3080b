/** The forms of an entry in injections.yaml: one for each command, told apart by the key that says what is asked. */
import { z } from 'zod'
import type { Command } from '#shared/command.ts'
import { choice, mapping, name, whole } from '#shared/scenario/fields.ts'
import type { Request } from './admission.ts'

/** A command as its entry, without when. */
export function formOf(command: Command): object {
  const { id } = command
  switch (command.kind) {
    case 'inject':
      return { inject: id, workload: command.workload }
    case 'stop':
      return { stop: id }
    case 'join':
      return { join: id, host: command.host }
    case 'mail':
      return { mail: id, kind: command.mail, body: Buffer.from(command.body).toString('base64') }
    case 'gone':
      return { gone: id }
  }
}

const when = {
  quantum: whole('The quantum in which it takes effect', 0, Number.MAX_SAFE_INTEGER),
  at: z.string('a time such as 1.5s').optional(),
}
const BASE64_EXPECTED = 'the bytes of a mail in base64'

/** From an entry to what it asks. */
export const FORMS = {
  inject: mapping('A workload starts', { ...when, inject: name('Its name'), workload: z.unknown().optional() }).transform(
    ({ inject, workload }): Request => ({ kind: 'inject', id: inject, workload }),
  ),
  stop: mapping('A workload leaves', { ...when, stop: name('Its name') }).transform(({ stop }): Request => ({
    kind: 'stop',
    id: stop,
  })),
  join: mapping('A foreign workload comes', { ...when, join: name('Its name'), host: name('Its host') }).transform(
    ({ join, host }): Request => ({ kind: 'join', id: join, host }),
  ),
  mail: mapping('A foreign workload speaks', {
    ...when,
    mail: name('Its name'),
    kind: choice('What it says', ['profile', 'accesses']),
    body: z.string(BASE64_EXPECTED).refine(isBase64, BASE64_EXPECTED),
  }).transform(({ mail, kind, body }): Request => ({
    kind: 'mail',
    id: mail,
    mail: kind,
    body: Uint8Array.from(Buffer.from(body, 'base64')),
  })),
  gone: mapping('A foreign workload has left', { ...when, gone: name('Its name') }).transform(({ gone }): Request => ({
    kind: 'gone',
    id: gone,
  })),
}
export const VERBS = Object.keys(FORMS) as (keyof typeof FORMS)[]

function isBase64(text: string): boolean {
  return Buffer.from(text, 'base64').toString('base64') === text
}
