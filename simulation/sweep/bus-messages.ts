/**
 * What a sweep and its workers say to each other on a bus: a variant as a request to whichever worker of the queue group is free, its
 * outcome as a request back, and a beat once a second. All of it is bounded, and checked by whoever hears it.
 */
import { z } from 'zod'
import { PROTOCOL_HASH } from '#shared/bus/control.ts'
import { subject } from '#shared/bus/wire.ts'
import { type ErrorCode, ERRORS } from '#shared/errors.ts'
import type { Failure } from '#shared/failure.ts'
import { pack, unpack } from '#shared/packing.ts'
import { printable } from '#shared/scenario/problems.ts'
import { lobby } from '../cluster/crew.ts'
import { VERSION } from '../cluster/version.ts'

/** A server takes 1 MiB at once, unless it is told otherwise. */
export const SCENARIO_CHARACTERS_MAX = 2 ** 19
const MESSAGE_BYTES_MAX = 2 ** 20
const BEAT_MS = 1000
/** A worker that says nothing for so long is dead, and what it had is handed out again. */
export const WORKER_SILENT_MS = 5 * BEAT_MS
export { BEAT_MS }

/** Workers that others speak to understand a sweep only if their models are the same. */
export const KIND = `${VERSION} ${PROTOCOL_HASH}`
export const QUEUE = 'coldpool-sweep-workers'

const instance = z.string().regex(/^[A-Za-z0-9_-]{1,80}$/)
const sweep = z.string().regex(/^[0-9a-f]{32}$/)
const index = z.int().min(0)

export const variantMessage = z.strictObject({
  kind: z.string().max(200),
  sweep,
  index,
  text: z.string().max(SCENARIO_CHARACTERS_MAX),
  overrides: z.array(z.string().max(4096)).max(256),
})
export const variantAnswer = z.union([
  z.strictObject({ taken: instance }),
  z.strictObject({ busy: z.literal(true) }),
  z.strictObject({ refused: z.string().max(500) }),
])

const TEXT_MAX = 10_000
const line = z.string().max(TEXT_MAX).transform(printable)
const lines = z
  .string()
  .max(TEXT_MAX)
  .transform((text) => text.split('\n').map(printable).join('\n'))
const parts = { code: z.enum(Object.keys(ERRORS) as ErrorCode[]), where: line, problem: line, expected: line }
const failure: z.ZodType<Failure> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('user'), ...parts }),
  z.strictObject({ kind: z.literal('scenario'), problems: z.array(z.strictObject(parts)).min(1).max(100) }),
  z.strictObject({ kind: z.enum(['invariant', 'other']), message: line, stack: lines }),
])

/** Its texts no longer than whoever hears it takes. */
export function shortened(given: Failure): Failure {
  const texts = JSON.stringify(given, (_, value: unknown) => (typeof value === 'string' ? value.slice(0, TEXT_MAX) : value))
  return JSON.parse(texts) as Failure
}

/** `outcome` is checked by its own form (outcome.ts). */
export const outcomeMessage = z.strictObject({
  worker: instance,
  index,
  outcome: z.unknown().optional(),
  failed: failure.optional(),
})
export const beatMessage = z.strictObject({
  worker: instance,
  running: z.array(z.strictObject({ sweep, index })).max(1024),
})

export type VariantMessage = z.output<typeof variantMessage>
export type VariantAnswer = z.output<typeof variantAnswer>
export type OutcomeMessage = z.output<typeof outcomeMessage>
export type BeatMessage = z.output<typeof beatMessage>

export const variantSubject = (cluster: string): string => subject(lobby(cluster), 'variant', 'sweep', 'worker')
export const outcomeSubject = (cluster: string, of: string): string => subject(lobby(cluster), 'outcome', 'worker', of)
export const beatSubject = (cluster: string): string => subject(lobby(cluster), 'beat', 'worker', 'all')

/** Undefined for whatever does not have the form. */
export function read<T>(bytes: Uint8Array, form: z.ZodType<T>): T | undefined {
  if (bytes.length > MESSAGE_BYTES_MAX) return undefined
  try {
    return form.safeParse(unpack(bytes)).data
  } catch {
    return undefined
  }
}

export const write = (message: VariantMessage | VariantAnswer | OutcomeMessage | BeatMessage | { heard: true }): Uint8Array =>
  pack(message)
