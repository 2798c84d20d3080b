import fc from 'fast-check'
import { pack, Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import type { Bag } from './bus/bus.ts'
import {
  ARRAY_LENGTH_MAX,
  decodeBag,
  decodeBody,
  encodeBag,
  encodeBody,
  MAILS_PER_BAG_MAX,
  SCHEMA_HASH,
  TEXT_LENGTH_MAX,
} from './codec.ts'
import { Digest } from './digest.ts'
import { ColdpoolError } from './errors.ts'
import { anyBag, mailOf } from './mail.fixture.ts'
import { digestMail } from './mail.ts'
import { KINDS, MESSAGES } from './messages.ts'

function digestOf(bag: Bag): string {
  const digest = new Digest()
  for (const mail of bag.mails) digestMail(digest, mail)
  return digest.hex()
}

/** The error's code, or undefined if the bytes are a bag. Any other exception is the test's failure. */
function refusal(bytes: Uint8Array): string | undefined {
  try {
    decodeBag(bytes)
    return undefined
  } catch (error) {
    if (error instanceof ColdpoolError) return error.code
    throw error
  }
}

describe('a bag', () => {
  test.each(KINDS)('with %s comes back as it was, with the same digest', (kind) => {
    fc.assert(
      fc.property(fc.array(mailOf(kind), { maxLength: 4 }), fc.nat(), (mails, quantum) => {
        const bag: Bag = { from: 0, to: 1, quantum, mails }
        const decoded = decodeBag(encodeBag(bag))
        expect(decoded).toStrictEqual(bag)
        expect(digestOf(decoded)).toBe(digestOf(bag))
      }),
    )
  })

  test('owns its arrays: the bytes may be used again', () => {
    const bytes = encodeBag({
      from: 0,
      to: 1,
      quantum: 5,
      mails: [{ from: 2, to: 3, sequence: 0, kind: 'promote', body: { pages: Uint32Array.of(1, 2, 3) } }],
    })
    const decoded = decodeBag(bytes)
    bytes.fill(0xff)
    expect(decoded.mails[0]!.body).toEqual({ pages: Uint32Array.of(1, 2, 3) })
  })

  test('sends the part of an array that a view shows, and no more', () => {
    const pages = Uint32Array.of(9, 1, 2, 9).subarray(1, 3)
    const { mails } = decodeBag(
      encodeBag({ from: 0, to: 1, quantum: 5, mails: [{ from: 2, to: 3, sequence: 0, kind: 'promote', body: { pages } }] }),
    )
    expect(mails[0]!.body).toEqual({ pages: Uint32Array.of(1, 2) })
  })
})

describe('bytes from outside are a bag or CP_WIRE, never another exception', () => {
  test('any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect([undefined, 'CP_WIRE']).toContain(refusal(bytes))
      }),
      { numRuns: 3000 },
    )
  })

  test('any msgpack', () => {
    fc.assert(
      fc.property(fc.anything({ maxDepth: 4 }), (value) => {
        expect(refusal(pack(value))).toBe('CP_WIRE')
      }),
      { numRuns: 2000 },
    )
  })

  test('any msgpack in the place of a part', () => {
    const parts = fc.tuple(fc.nat(3), fc.anything({ maxDepth: 2 }))
    const fields = fc.tuple(fc.nat(KINDS.length), fc.array(fc.anything({ maxDepth: 2 }), { maxLength: 18 }))
    fc.assert(
      fc.property(parts, fields, ([part, anything], [kind, values]) => {
        const raw: unknown[] = [0, 1, 2, [[kind, 1, 2, 3, ...values]]]
        expect([undefined, 'CP_WIRE']).toContain(refusal(pack(raw)))
        raw[part] = anything
        expect([undefined, 'CP_WIRE']).toContain(refusal(pack(raw)))
      }),
      { numRuns: 3000 },
    )
  })

  test('a bag with a bit turned, or cut off, or gone on with', () => {
    fc.assert(
      fc.property(anyBag, fc.nat(), fc.nat(7), (bag, at, bit) => {
        const bytes = encodeBag(bag).slice()
        const place = at % bytes.length
        expect(refusal(bytes.subarray(0, place))).toBe('CP_WIRE')
        expect(refusal(Uint8Array.of(...bytes, 0))).toBe('CP_WIRE')
        bytes[place]! ^= 1 << bit
        expect([undefined, 'CP_WIRE']).toContain(refusal(bytes))
      }),
      { numRuns: 1000 },
    )
  })

  test('what decodes encodes to the same again', () => {
    fc.assert(
      fc.property(anyBag, fc.nat(), fc.nat(7), (bag, at, bit) => {
        const bytes = encodeBag(bag).slice()
        bytes[at % bytes.length]! ^= 1 << bit
        if (refusal(bytes) !== undefined) return
        const decoded = decodeBag(bytes)
        expect(decodeBag(encodeBag(decoded))).toStrictEqual(decoded)
      }),
      { numRuns: 1000 },
    )
  })

  test('an object that fights being shown', () => {
    expect(refusal(pack([{ toString: 1, valueOf: 1 }, 1, 2, []]))).toBe('CP_WIRE')
    expect(refusal(pack([0, 1, 2, [[{ toString: 1 }, 1, 2, 3]]]))).toBe('CP_WIRE')
  })

  test('ten thousand nested lists, and lists that claim to be long', () => {
    expect(refusal(new Uint8Array(10_000).fill(0x91))).toBe('CP_WIRE')
    expect(refusal(Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff))).toBe('CP_WIRE')
    expect(refusal(Uint8Array.of(0xc6, 0x7f, 0xff, 0xff, 0xff))).toBe('CP_WIRE')
  })

  test('a record definition, which leaves no trace for the bags after it', () => {
    const records = new Packr({ useRecords: true })
    const bag: Bag = { from: 64, to: 65, quantum: 66, mails: [] }
    expect(refusal(records.pack([{ a: 1 }, { a: 2 }]))).toBe('CP_WIRE')
    expect(decodeBag(encodeBag(bag))).toStrictEqual(bag)
  })
})

describe('bounds', () => {
  const bagOf = (kind: string, ...fields: unknown[]): Uint8Array =>
    pack([0, 1, 2, [[KINDS.indexOf(kind as (typeof KINDS)[number]), 1, 2, 3, ...fields]]])

  test.each([
    ['an unknown kind', pack([0, 1, 2, [[KINDS.length, 1, 2, 3]]])],
    ['too few fields', bagOf('killed')],
    ['too many fields', bagOf('left', 1)],
    ['a negative number', bagOf('pressure', -1)],
    ['a number of 2^32', bagOf('pressure', 2 ** 32)],
    ['a broken number', bagOf('pressure', 1.5)],
    ['a number that is not finite', bagOf('load', 1, NaN, 1, 1, 1, 0)],
    [
      'a number that is not finite in an array',
      bagOf('profile', 1, 1, 1, 0, 0, Buffer.from(Float64Array.of(Infinity).buffer), ...Array.from({ length: 10 }, () => 0)),
    ],
    ['text that is too long', bagOf('killed', 'x'.repeat(TEXT_LENGTH_MAX + 1))],
    ['an array of half an element', bagOf('promote', new Uint8Array(6))],
    ['an array that is too long', bagOf('promote', new Uint8Array(4 * (ARRAY_LENGTH_MAX + 1)))],
    ['a list in place of an array', bagOf('promote', [1, 2])],
    ['too many mails', pack([0, 1, 2, Array.from({ length: MAILS_PER_BAG_MAX + 1 }, () => 0)])],
    ['a sequence beyond 2^53', pack([0, 1, 2, [[KINDS.indexOf('left'), 1, 2, 2 ** 60]]])],
  ])('%s is CP_WIRE', (_, bytes) => {
    expect(refusal(bytes)).toBe('CP_WIRE')
  })

  test.each([
    ['the longest text', bagOf('killed', 'x'.repeat(TEXT_LENGTH_MAX))],
    ['an empty array', bagOf('promote', new Uint8Array(0))],
    ['the largest number', bagOf('pressure', 2 ** 32 - 1)],
  ])('%s passes', (_, bytes) => {
    expect(refusal(bytes)).toBeUndefined()
  })

  test('an error says which field, on one line, however long the input', () => {
    expect(() => decodeBag(bagOf('pressure', 'x\n'.repeat(10_000)))).toThrow(/^CP_WIRE pressure\.level: .{1,200}; expected .*$/)
  })
})

describe('a body alone', () => {
  test.each(KINDS)('of %s comes back as it was', (kind) => {
    fc.assert(
      fc.property(mailOf(kind), ({ body }) => {
        const bytes = Uint8Array.from(encodeBody(kind, body as never))
        expect(decodeBody(kind, bytes)).toStrictEqual(body)
        expect(bytes).toStrictEqual(Uint8Array.from(bytes))
      }),
    )
  })

  test('that is any bytes, or any msgpack, is a body or CP_WIRE', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.anything({ maxDepth: 3 }).map((value) => Uint8Array.from(pack(value))),
    )
    fc.assert(
      fc.property(bytes, fc.constantFrom(...KINDS), (given, kind) => {
        try {
          decodeBody(kind, given)
        } catch (error) {
          expect(error).toMatchObject({ code: 'CP_WIRE' })
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('with a field too few says so', () => {
    expect(() => decodeBody('killed', pack([]))).toThrow('CP_WIRE killed: 0 fields; expected 1 fields')
  })
})

describe('the schema hash', () => {
  test('is that of the message table', () => {
    expect(SCHEMA_HASH).toMatch(/^[0-9a-f]{16}$/)
    expect(Object.keys(MESSAGES)).toEqual(KINDS)
  })
})
