/** Arbitrary mail of every kind, drawn from the message table itself, so that a new kind is tested from its first day. */
import fc from 'fast-check'
import type { Bag } from './bus/bus.ts'
import { FIELDS } from './mail.ts'
import { KINDS, type FieldType, type Kind, type Mail } from './messages.ts'

const u32 = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 2 ** 32 - 1 }))
const counter = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }))
const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
const text = fc.string({ unit: 'grapheme', maxLength: 40 })

const FIELD: Readonly<Record<FieldType, fc.Arbitrary<unknown>>> = {
  u32,
  f64: fc.oneof(finite, fc.integer(), counter),
  text,
  'u8[]': fc.uint8Array({ maxLength: 20 }),
  'u16[]': fc.uint16Array({ maxLength: 20 }),
  'u32[]': fc.uint32Array({ maxLength: 20 }),
  'f64[]': fc.float64Array({ maxLength: 20, noNaN: true, noDefaultInfinity: true }),
  'text[]': fc.array(text, { maxLength: 5 }),
}

export function mailOf(kind: Kind): fc.Arbitrary<Mail> {
  const body = fc.record(Object.fromEntries(FIELDS[kind].map(([name, type]) => [name, FIELD[type]])), { noNullPrototype: true })
  const envelope = fc.record(
    { from: counter, to: counter, sequence: counter, kind: fc.constant(kind), body },
    { noNullPrototype: true },
  )
  return envelope.map((mail) => mail as unknown as Mail)
}

const anyMail: fc.Arbitrary<Mail> = fc.oneof(...KINDS.map(mailOf))

export const anyBag: fc.Arbitrary<Bag> = fc.record(
  { from: counter, to: counter, quantum: counter, mails: fc.array(anyMail, { maxLength: 8 }) },
  { noNullPrototype: true },
)
