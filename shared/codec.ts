/**
 * Bags as bytes: msgpack of positional arrays in the message table's field order (so both sides need the same table,
 * which the schema hash proves). Typed arrays travel as `bin`, little-endian. Decoding validates everything against
 * the table and its bounds; what does not fit is CP_WIRE.
 */
import { createHash } from 'node:crypto'
import type { Bag } from './bus/bus.ts'
import { ColdpoolError } from './errors.ts'
import { FIELDS } from './mail.ts'
import { KINDS, MESSAGES, type BodyOf, type FieldType, type Kind, type Mail } from './messages.ts'
import { pack, unpack } from './packing.ts'

/** Elements in one array of a mail; a host's batch of pages is far below. */
export const ARRAY_LENGTH_MAX = 1 << 22
export const TEXT_LENGTH_MAX = 4096
export const MAILS_PER_BAG_MAX = 1 << 20

/** Two stages may talk only if their hashes are equal. */
export const SCHEMA_HASH = createHash('sha256')
  .update(JSON.stringify(KINDS.map((kind) => [kind, MESSAGES[kind].from, MESSAGES[kind].to, FIELDS[kind]])))
  .digest('hex')
  .slice(0, 16)

export function encodeBag(bag: Bag): Uint8Array {
  const mails = bag.mails.map(({ kind, from, to, sequence, body }) => [
    KINDS.indexOf(kind),
    from,
    to,
    sequence,
    ...fieldsOf(kind, body),
  ])
  return pack([bag.from, bag.to, bag.quantum, mails])
}

export function decodeBag(bytes: Uint8Array): Bag {
  const [from, to, quantum, mails] = list(unpacked(bytes, 'bag'), 'bag', 4)
  if (!Array.isArray(mails) || mails.length > MAILS_PER_BAG_MAX)
    throw malformed('bag', 'no list of mails', `at most ${MAILS_PER_BAG_MAX} mails`)
  return {
    from: whole(from, 'bag.from'),
    to: whole(to, 'bag.to'),
    quantum: whole(quantum, 'bag.quantum'),
    mails: mails.map(decodeMail),
  }
}

function decodeMail(raw: unknown): Mail {
  const [index, from, to, sequence, ...values] = list(raw, 'mail')
  const kind = KINDS[whole(index, 'mail.kind')]
  if (kind === undefined) throw malformed('mail.kind', `${got(index)} is no kind`, `0 to ${KINDS.length - 1}`)
  return {
    from: whole(from, 'mail.from'),
    to: whole(to, 'mail.to'),
    sequence: whole(sequence, 'mail.sequence'),
    kind,
    body: bodyOf(kind, values),
  } as unknown as Mail
}

/** A body alone, as whoever is no actor of ours sends it: the fields in table order. */
export function encodeBody<K extends Kind>(kind: K, body: BodyOf<K>): Uint8Array {
  return pack(fieldsOf(kind, body))
}

export function decodeBody<K extends Kind>(kind: K, bytes: Uint8Array): BodyOf<K> {
  // A view of its own: the library leaves a mark on what it reads, and the caller keeps these bytes.
  const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return bodyOf(kind, list(unpacked(view, kind), kind))
}

function fieldsOf(kind: Kind, body: Mail['body']): unknown[] {
  const values = body as Readonly<Record<string, unknown>>
  return FIELDS[kind].map(([name]) => asBinary(values[name]))
}

function bodyOf<K extends Kind>(kind: K, values: readonly unknown[]): BodyOf<K> {
  const fields = FIELDS[kind]
  if (values.length !== fields.length) throw malformed(kind, `${values.length} fields`, `${fields.length} fields`)
  const body: Record<string, unknown> = {}
  fields.forEach(([name, type], i) => {
    body[name] = decodeField(values[i], type, `${kind}.${name}`)
  })
  return body as unknown as BodyOf<K>
}

function unpacked(bytes: Uint8Array, what: string): unknown {
  try {
    return unpack(bytes)
  } catch {
    throw malformed(what, 'the bytes are not msgpack', `a packed ${what}`)
  }
}

/** How a field travels, in words; what decodeField() takes. */
export const FIELD_ENCODINGS: Readonly<Record<FieldType, string>> = {
  u32: 'a whole number from 0 to 2^32 − 1, as any integer of msgpack, or as a float without a fraction',
  f64: 'a finite number, as a float or an integer of msgpack; −0 as an empty bin, since many libraries write it as the integer 0',
  text: `str of at most ${TEXT_LENGTH_MAX} UTF-16 code units`,
  'u8[]': 'bin, a byte each',
  'u16[]': 'bin, 2 bytes each, little-endian',
  'u32[]': 'bin, 4 bytes each, little-endian',
  'f64[]': 'bin, 8 bytes each, IEEE 754 little-endian, finite; −0 as it is',
  'text[]': 'array of text',
}

const ARRAYS = {
  'u8[]': Uint8Array,
  'u16[]': Uint16Array,
  'u32[]': Uint32Array,
  'f64[]': Float64Array,
} as const

function decodeField(value: unknown, type: FieldType, where: string): unknown {
  switch (type) {
    case 'u32': {
      const n = whole(value, where)
      if (n > 0xffffffff) throw malformed(where, `${n}`, 'a whole number below 2^32')
      return n
    }
    case 'f64':
      if (value instanceof Uint8Array && value.length === 0) return -0
      if (typeof value !== 'number' || !Number.isFinite(value)) throw malformed(where, 'no finite number', 'a finite number')
      return value
    case 'text':
      return text(value, where)
    case 'text[]': {
      if (!Array.isArray(value) || value.length > ARRAY_LENGTH_MAX) throw malformed(where, 'no list', 'a list of text')
      return value.map((item) => text(item, where))
    }
    default: {
      const ArrayType = ARRAYS[type]
      const size = ArrayType.BYTES_PER_ELEMENT
      if (!(value instanceof Uint8Array) || value.length % size !== 0 || value.length / size > ARRAY_LENGTH_MAX) {
        throw malformed(
          where,
          'no array of this type',
          `bin of a multiple of ${size} bytes, at most ${ARRAY_LENGTH_MAX} elements`,
        )
      }
      // A copy: the packed bytes may start at any offset, and the receiver may keep the array. Not slice(): a Buffer's is a view.
      const copy = new Uint8Array(value)
      const array = new ArrayType(copy.buffer, 0, copy.length / size)
      if (array instanceof Float64Array && !array.every(Number.isFinite))
        throw malformed(where, 'a number is not finite', 'finite numbers')
      return array
    }
  }
}

/** msgpackr writes −0 as the integer 0; an empty `bin` stands for it, so that the digest is the same on either side. */
const NEGATIVE_ZERO = new Uint8Array(0)

function asBinary(value: unknown): unknown {
  if (Object.is(value, -0)) return NEGATIVE_ZERO
  return ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : value
}

function list(value: unknown, where: string, length?: number): unknown[] {
  if (!Array.isArray(value) || (length !== undefined && value.length !== length)) {
    throw malformed(where, 'not a list of its parts', length === undefined ? 'a list' : `a list of ${length}`)
  }
  return value
}

function whole(value: unknown, where: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw malformed(where, got(value), 'a whole number ≥ 0')
  return value
}

function text(value: unknown, where: string): string {
  if (typeof value !== 'string' || value.length > TEXT_LENGTH_MAX)
    throw malformed(where, 'no text', `text of at most ${TEXT_LENGTH_MAX} characters`)
  return value
}

/** What came is not to be trusted with its own text: neither its length nor its toString. */
function got(value: unknown): string {
  return typeof value === 'number' ? String(value) : typeof value
}

function malformed(where: string, problem: string, expected: string): ColdpoolError {
  return new ColdpoolError('CP_WIRE', where, problem, expected)
}
