/**
 * What stages and their conductor say to each other besides mail: the whole control protocol on one screen. As with mail
 * (messages.ts) the table decides types, validation, encoding and documentation: a message is a msgpack array of its
 * kind's index and its fields in table order.
 */
import { createHash } from 'node:crypto'
import { SCHEMA_HASH } from '../codec.ts'
import { ColdpoolError } from '../errors.ts'
import { pack, unpack } from '../packing.ts'
import type { Dropped } from './wire.ts'

/**
 * The types of a field: `whole` a whole number ≥ 0 below 2^53, `real` a number (Infinity: never), `text` at most 4 KiB,
 * `document` text of at most 64 MiB, `data` plain msgpack data that the receiver checks against a schema of its own.
 */
interface FieldTypes {
  whole: number
  real: number
  flag: boolean
  text: string
  document: string
  'whole[]': readonly number[]
  'text[]': readonly string[]
  data: unknown
}
type FieldType = keyof FieldTypes

const TEXT_MAX = 4096
const DOCUMENT_MAX = 64 << 20
const LIST_MAX = 1 << 20

/** How a field travels, in words; what CHECKS take. */
export const CONTROL_ENCODINGS: Readonly<Record<FieldType, string>> = {
  whole: 'a whole number from 0 to 2^53 − 1, as any integer of msgpack, or as a float without a fraction',
  real: 'a number, not NaN; infinity (never) as a float',
  flag: 'true or false',
  text: `str of at most ${TEXT_MAX} UTF-16 code units`,
  document: `str of at most ${DOCUMENT_MAX >> 20} Mi UTF-16 code units`,
  'whole[]': `array of whole numbers, at most ${LIST_MAX}`,
  'text[]': `array of text, at most ${LIST_MAX}`,
  data: 'anything in msgpack; what it must hold is said with its message',
}

interface ControlSpec {
  /** The fourth part of its subject: who may send it; `stage` stands for the role of the sending stage. */
  readonly from: 'conductor' | 'stage' | 'operator' | 'workload'
  readonly meaning: string
  readonly fields: Readonly<Record<string, FieldType>>
}

/** Whoever speaks another version must still understand that he is refused: hello and refuse stay first, and as they are. */
export const CONTROL = {
  hello: {
    from: 'stage',
    meaning:
      "once a second: I am here. schema and version must be the conductor's own; name is stable over restarts, instance is not; roles are what it can carry, and the first of them names its mail; capacity is how many actors it takes (0: any number); run, generation and stage say what it carries (run is empty: nothing); answer repeats the nonce of the last probe; dropped counts what it did not take, by cause; beat goes up with each hello.",
    fields: {
      schema: 'text',
      version: 'text',
      name: 'text',
      instance: 'text',
      roles: 'text[]',
      capacity: 'whole',
      run: 'text',
      generation: 'whole',
      stage: 'whole',
      answer: 'text',
      dropped: 'data',
      beat: 'whole',
    },
  },
  refuse: { from: 'conductor', meaning: 'you cannot take part, for this reason', fields: { reason: 'text' } },
  probe: {
    from: 'conductor',
    meaning: 'say hello with this nonce; until then a stranger is not believed',
    fields: { nonce: 'text' },
  },
  assign: {
    from: 'conductor',
    meaning:
      'you, instance, carry this stage of this run: roles of all stages by number; the stage of each actor by ordinal; the scenario; the commands that took effect before grant first; where the index of the own snapshot lies (empty object: start afresh)',
    fields: {
      instance: 'text',
      run: 'text',
      generation: 'whole',
      stage: 'whole',
      roles: 'text[]',
      placement: 'whole[]',
      scenario: 'document',
      commands: 'data',
      first: 'whole',
      object: 'text',
      chunks: 'whole',
      bytes: 'whole',
      digest: 'text',
    },
  },
  go: {
    from: 'conductor',
    meaning:
      'you, instance, drop what you carry of this run up to this generation (the run is over, or another has taken your place) and stand by',
    fields: { instance: 'text', run: 'text', generation: 'whole', reason: 'text' },
  },
  ready: {
    from: 'stage',
    meaning: 'the assignment of this generation is taken: restored, subscribed, flushed',
    fields: { generation: 'whole', stage: 'whole', instance: 'text' },
  },
  grant: {
    from: 'conductor',
    meaning:
      'step this quantum, after the mail of the grant before: its bags are named by sending stage, receiving stage and digest. until: nothing but wakes and mail decides what is granted before this quantum, and no other writes to you, so step ahead to it by your own wakes and mail, at most 32 quanta and until you write to another. Whoever has stepped in this quantum already steps no more. observe: report telemetry; final: step no more, report digests; set: take a snapshot first, under this name (empty: none); mailFrom, mailTo: report what mail was delivered in these quanta, both included, if it was not reported yet (mailFrom infinity: none)',
    fields: {
      generation: 'whole',
      number: 'whole',
      quantum: 'whole',
      until: 'whole',
      observe: 'flag',
      final: 'flag',
      set: 'text',
      mailFrom: 'real',
      mailTo: 'whole',
      commands: 'data',
      bagsFrom: 'whole[]',
      bagsTo: 'whole[]',
      bagDigests: 'text[]',
    },
  },
  done: {
    from: 'stage',
    meaning:
      'the grant is carried out, and these bags are sent, in the last step; report holds events, telemetry and digests, if there are any; ahead are the steps behind the quantum of the grant. Whoever had stepped in it already sends the bags of its last step again, and tells of no step',
    fields: {
      generation: 'whole',
      stage: 'whole',
      number: 'whole',
      nextWake: 'real',
      mails: 'whole',
      bagsTo: 'whole[]',
      bagDigests: 'text[]',
      report: 'data',
      ahead: 'data',
    },
  },
  need: {
    from: 'stage',
    meaning: 'a bag that the receiver of this message sent in grant number has not come to stage; send it again',
    fields: { generation: 'whole', stage: 'whole', number: 'whole' },
  },
  stored: {
    from: 'stage',
    meaning:
      'the snapshot of a set lies in the store: its index, in so many chunks and bytes, with this digest; positions are the places in the stream of all chunks that it needs, those of earlier sets among them',
    fields: {
      generation: 'whole',
      stage: 'whole',
      set: 'text',
      object: 'text',
      chunks: 'whole',
      bytes: 'whole',
      digest: 'text',
      positions: 'whole[]',
    },
  },
  failed: {
    from: 'stage',
    meaning: 'the stage cannot go on, which is a bug or a store that refuses; the run must stop or wait',
    fields: { generation: 'whole', stage: 'whole', code: 'text', message: 'text' },
  },
} as const satisfies Record<string, ControlSpec>

/** What the fields of type `data` must hold. */
export const DATA_NOTES = {
  'hello.dropped': 'a map from causes (below) to how often',
  'assign.commands': 'an array of commands (below), in the order in which they took effect',
  'grant.commands': 'an array of commands (below) that take effect in this quantum, before anybody steps; nil: none',
  'done.report':
    'nil, or a map of `events` (an array of maps of quantum, actor, code and fields, a map of numbers and texts), `telemetry` (nil, or a map from actors to maps from names to numbers; if the grant says observe), `digests` (nil, or an array of maps of ordinal, mail and state, two texts; if the grant is final) and, if the grant has a mailFrom, `heard` (an array of maps of quantum, lines and more; a line is all mail of one kind from one actor to another, a map of from and to, two ordinals, kind, mails, how many, and pages, how many they list; more counts lines beyond 2048)',
  'done.ahead':
    'nil, or an array of steps, each an array of its quantum, the next wake after it, how many mails it sent, and its report',
} as const

export type ControlKind = keyof typeof CONTROL
export type ControlOf<K extends ControlKind> = {
  readonly [F in keyof (typeof CONTROL)[K]['fields']]: (typeof CONTROL)[K]['fields'][F] extends FieldType
    ? FieldTypes[(typeof CONTROL)[K]['fields'][F]]
    : never
}
type ControlAmong<K extends ControlKind> = { [P in K]: { readonly kind: P; readonly body: ControlOf<P> } }[K]
export type Control = ControlAmong<ControlKind>

export const CONTROL_KINDS = Object.keys(CONTROL) as readonly ControlKind[]

/** Two processes understand each other only if their hashes are equal: it covers mail and control. */
export const PROTOCOL_HASH = createHash('sha256')
  .update(SCHEMA_HASH)
  .update(JSON.stringify(CONTROL_KINDS.map((kind) => [kind, Object.entries(CONTROL[kind].fields)])))
  .digest('hex')
  .slice(0, 16)

type FieldPlan = readonly (readonly [name: string, type: FieldType])[]
const PLANS: readonly FieldPlan[] = CONTROL_KINDS.map((kind) => Object.entries(CONTROL[kind].fields))

export function encodeControl<K extends ControlKind>(kind: K, body: ControlOf<K>): Uint8Array {
  const index = CONTROL_KINDS.indexOf(kind)
  const values: unknown[] = [index]
  for (const [name] of PLANS[index]!) values.push((body as Readonly<Record<string, unknown>>)[name])
  return pack(values)
}

/** Who said hello in a version that cannot be read otherwise. */
export function strangerOf(bytes: Uint8Array): { schema: string; version: string; instance: string } | undefined {
  try {
    const [index, schema, version, , instance] = unpack(bytes) as unknown[]
    if (index === 0 && isText(schema) && isText(version) && isText(instance)) return { schema, version, instance } as never
  } catch {
    // Not even msgpack.
  }
  return undefined
}

/** Throws CP_WIRE for whatever the table does not allow. */
export function decodeControl(bytes: Uint8Array): Control {
  let raw: unknown
  try {
    raw = unpack(bytes)
  } catch {
    throw malformed('control', 'the bytes are not msgpack', 'a packed message')
  }
  if (!Array.isArray(raw)) throw malformed('control', 'no list', 'a kind and its fields')
  const [index, ...values] = raw as unknown[]
  const kind = typeof index === 'number' ? CONTROL_KINDS[index] : undefined
  if (kind === undefined) throw malformed('control', 'no kind', `0 to ${CONTROL_KINDS.length - 1}`)
  const plan = PLANS[index as number]!
  if (values.length !== plan.length) throw malformed(kind, `${values.length} fields`, `${plan.length} fields`)
  const body: Record<string, unknown> = {}
  for (let i = 0; i < plan.length; i++) {
    const [name, type] = plan[i]!
    if (!CHECKS[type](values[i])) throw malformed(`${kind}.${name}`, 'got something else', type)
    body[name] = values[i]
  }
  return { kind, body } as unknown as Control
}

/** A message of one of these kinds; all else that comes is counted as malformed. */
export function readControl<K extends ControlKind>(
  bytes: Uint8Array,
  kinds: readonly K[],
  dropped: Dropped,
): ControlAmong<K> | undefined {
  try {
    const control = decodeControl(bytes)
    if ((kinds as readonly ControlKind[]).includes(control.kind)) return control as ControlAmong<K>
    dropped.count('malformed', `got ${control.kind}; expected ${kinds.join(' or ')}`)
  } catch (error) {
    if (!(error instanceof ColdpoolError)) throw error
    dropped.count('malformed', error.message)
  }
  return undefined
}

const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const isText = (value: unknown): boolean => typeof value === 'string' && value.length <= TEXT_MAX
const isList = (value: unknown, is: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length <= LIST_MAX && value.every(is)

const CHECKS: Readonly<Record<FieldType, (value: unknown) => boolean>> = {
  whole: isWhole,
  real: (value) => typeof value === 'number' && !Number.isNaN(value),
  flag: (value) => typeof value === 'boolean',
  text: isText,
  document: (value) => typeof value === 'string' && value.length <= DOCUMENT_MAX,
  'whole[]': (value) => isList(value, isWhole),
  'text[]': (value) => isList(value, isText),
  data: () => true,
}

function malformed(where: string, problem: string, expected: string): ColdpoolError {
  return new ColdpoolError('CP_WIRE', where, problem, expected)
}
