/** Arbitrary control messages of every kind, drawn from the table itself, so that a new kind is tested from its first day. */
import fc from 'fast-check'
import { CONTROL, CONTROL_KINDS, type Control, type ControlKind, type ControlOf } from './control.ts'

type FieldType = (typeof CONTROL)[ControlKind]['fields'] extends infer F ? (F extends F ? F[keyof F] : never) : never

const whole = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }))
const text = fc.string({ unit: 'grapheme', maxLength: 40 })
/** −0 is left out: msgpack writes it as 0. */
const real = fc.double({ noNaN: true }).map((n) => n + 0)
const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    real,
    text,
    fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).value

const FIELD: Readonly<Record<FieldType, fc.Arbitrary<unknown>>> = {
  whole,
  real,
  flag: fc.boolean(),
  text,
  document: fc.oneof(
    text,
    fc.nat(100_000).map((length) => 'y'.repeat(length)),
  ),
  'whole[]': fc.array(whole, { maxLength: 6 }),
  'text[]': fc.array(text, { maxLength: 6 }),
  data: plain,
}

export function controlOf(kind: ControlKind): fc.Arbitrary<Control> {
  const fields = Object.entries(CONTROL[kind].fields)
  const body = fc.record(Object.fromEntries(fields.map(([name, type]) => [name, FIELD[type]])), { noNullPrototype: true })
  return body.map((given) => ({ kind, body: given }) as unknown as Control)
}

export const anyControl = fc.oneof(...CONTROL_KINDS.map(controlOf))

/** As nearly all are: nothing is asked for, and there are no bags. */
export const PLAIN_GRANT: ControlOf<'grant'> = {
  generation: 3,
  number: 1,
  quantum: 10,
  until: 10,
  observe: false,
  final: false,
  set: '',
  mailFrom: Infinity,
  mailTo: 0,
  commands: null,
  bagsFrom: [],
  bagsTo: [],
  bagDigests: [],
}
