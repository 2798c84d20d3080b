import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { SCHEMA_HASH } from '../codec.ts'
import { ColdpoolError } from '../errors.ts'
import { anyControl, controlOf } from './control.fixture.ts'
import { CONTROL, CONTROL_KINDS, decodeControl, encodeControl, PROTOCOL_HASH, strangerOf } from './control.ts'

const packr = new Packr({ useRecords: false })
const READY = { generation: 3, stage: 1, instance: 'abc' }

describe('a control message', () => {
  test.each(CONTROL_KINDS)('%s comes back as it was sent', (kind) => {
    fc.assert(
      fc.property(controlOf(kind), (control) => {
        expect(decodeControl(encodeControl(control.kind, control.body))).toEqual(control)
      }),
      { numRuns: 50 },
    )
  })

  test('of arbitrary bytes is CP_WIRE and nothing else, and spoils nothing for the next one', () => {
    fc.assert(
      fc.property(hostile, (bytes) => {
        try {
          const { kind } = decodeControl(bytes)
          expect(CONTROL_KINDS).toContain(kind)
        } catch (error) {
          expect(error).toBeInstanceOf(ColdpoolError)
          expect((error as ColdpoolError).code).toBe('CP_WIRE')
        }
        expect(decodeControl(encodeControl('ready', READY))).toEqual({ kind: 'ready', body: READY })
      }),
      { numRuns: 500 },
    )
  })

  test('cut short anywhere is CP_WIRE', () => {
    fc.assert(
      fc.property(anyControl, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), ({ kind, body }, share) => {
        const bytes = encodeControl(kind, body)
        expect(() => decodeControl(bytes.subarray(0, Math.floor(share * bytes.length)))).toThrow('CP_WIRE')
      }),
    )
  })

  const ready = CONTROL_KINDS.indexOf('ready')
  const done = CONTROL_KINDS.indexOf('done')
  const grant = CONTROL_KINDS.indexOf('grant')
  test.each<[string, unknown, string]>([
    ['a map', { kind: 'ready' }, 'CP_WIRE control: no list'],
    ['an empty list', [], 'CP_WIRE control: no kind; expected 0 to'],
    ['a kind beyond the last', [CONTROL_KINDS.length], 'CP_WIRE control: no kind'],
    ['a kind below the first', [-1], 'CP_WIRE control: no kind'],
    ['a kind by name', ['ready', 1, 2, 'x'], 'CP_WIRE control: no kind'],
    ['a field too few', [ready, 1, 2], 'CP_WIRE ready: 2 fields; expected 3 fields'],
    ['a field too many', [ready, 1, 2, 'x', 4], 'CP_WIRE ready: 4 fields'],
    ['a negative number', [ready, -1, 2, 'x'], 'CP_WIRE ready.generation: got something else; expected whole'],
    ['a fraction', [ready, 1, 2.5, 'x'], 'CP_WIRE ready.stage'],
    ['a number above 2^53', [ready, 2 ** 53, 2, 'x'], 'CP_WIRE ready.generation'],
    ['a number for a text', [ready, 1, 2, 3], 'CP_WIRE ready.instance'],
    ['a text above 4 KiB', [ready, 1, 2, 'x'.repeat(4097)], 'CP_WIRE ready.instance'],
    ['no number', [done, 1, 2, 3, NaN, 0, [], [], null, null], 'CP_WIRE done.nextWake: got something else; expected real'],
    ['a list with a fraction', [done, 1, 2, 3, 4, 0, [0.5], ['a'], null, null], 'CP_WIRE done.bagsTo'],
    ['a list of numbers for texts', [done, 1, 2, 3, 4, 0, [0], [1], null, null], 'CP_WIRE done.bagDigests'],
    ['a text for a list', [done, 1, 2, 3, 4, 0, 'ab', [], null, null], 'CP_WIRE done.bagsTo'],
    ['a number for a flag', [grant, 1, 2, 3, 4, 1, false, '', Infinity, 0, null, [], [], []], 'CP_WIRE grant.observe'],
  ])('with %s is CP_WIRE', (_, raw, message) => {
    expect(() => decodeControl(packr.pack(raw))).toThrow(message)
  })

  test('may hold a list of a million, and no more', () => {
    const most = Array.from({ length: 1 << 20 }, () => 0)
    const pack = (list: number[]): Uint8Array => packr.pack([done, 1, 2, 3, 4, 0, list, [], null, null])
    expect(decodeControl(pack(most)).kind).toBe('done')
    expect(() => decodeControl(pack([...most, 0]))).toThrow('CP_WIRE done.bagsTo')
  })
})

describe('a hello', () => {
  const hello = {
    schema: 'other',
    version: '9.9.9',
    name: 'n',
    instance: 'i',
    roles: ['host'],
    capacity: 0,
    run: '',
    generation: 0,
    stage: 0,
    answer: '',
    dropped: {},
    beat: 0,
  }

  test('says who its sender is, in its own version and in a later one with more fields', () => {
    const stranger = { schema: 'other', version: '9.9.9', instance: 'i' }
    expect(strangerOf(encodeControl('hello', hello))).toEqual(stranger)
    expect(strangerOf(packr.pack([0, 'other', '9.9.9', 5, 'i', 'what', 'ever']))).toEqual(stranger)
  })

  test('of another form says nothing', () => {
    for (const raw of [[1, 'a', 'b', 'c', 'd'], [0, 1, 'b', 'c', 'd'], [0, 'a'], { a: 1 }, 7, null]) {
      expect(strangerOf(packr.pack(raw))).toBeUndefined()
    }
    fc.assert(
      fc.property(hostile, (bytes) => {
        strangerOf(bytes)
      }),
    )
  })

  test('and refuse stay first and as they are, so that other versions understand them', () => {
    expect(CONTROL_KINDS.slice(0, 2)).toEqual(['hello', 'refuse'])
    expect(Object.keys(CONTROL.hello.fields).slice(0, 4)).toEqual(['schema', 'version', 'name', 'instance'])
    expect(CONTROL.refuse.fields).toEqual({ reason: 'text' })
  })
})

test('the hash of the protocol covers more than that of the mail', () => {
  expect(PROTOCOL_HASH).toMatch(/^[0-9a-f]{16}$/)
  expect(PROTOCOL_HASH).not.toBe(SCHEMA_HASH)
})

/** Noise, msgpack of anything, extensions and record definitions among it, and real messages with a byte changed. */
const hostile: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc.anything({ withTypedArray: true, withDate: true, withSet: true, withMap: true }).map((value) => {
    try {
      return new Packr({ structuredClone: true }).pack([3, value])
    } catch {
      return Uint8Array.of(0xc1)
    }
  }),
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map((rest) => Uint8Array.of(0xd4, 0x72, ...rest)),
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map((rest) => Uint8Array.of(0xd6, 0x62, ...rest)),
  fc.tuple(anyControl, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([{ kind, body }, at, flip]) => {
    const bytes = Uint8Array.from(encodeControl(kind, body))
    bytes[at % bytes.length]! ^= flip
    return bytes
  }),
)
