import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Digest } from './digest.ts'

function hexOf(feed: (digest: Digest) => void): string {
  const digest = new Digest()
  feed(digest)
  return digest.hex()
}

const anyValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.double(),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.uint16Array({ maxLength: 8 }),
    fc.float64Array({ maxLength: 8 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
    fc.array(fc.tuple(fc.nat(), tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
  ),
})).value

describe('a digest', () => {
  test('is the same on every machine', () => {
    const mixed = {
      a: [1, 2.5, -0, 'text', true, null, undefined],
      b: new Map([[1, new Uint16Array([1, 2])]]),
      c: new Float64Array([0.1]),
      d: Infinity,
    }
    expect(hexOf((digest) => digest.value(mixed))).toBe('e01e709c2acc9591')
    expect(new Digest().hex()).toBe('243f6a8885a308d3')
  })

  test.each([
    [Uint8Array, '0d99b01193758e8a'],
    [Uint16Array, '770f354384616b16'],
    [Uint32Array, '76bac2ea9fef53e9'],
  ])(
    'takes an array that is not short in lanes: wherever its bytes lie, and not one of them unheard (%o)',
    (ArrayType, pinned) => {
      for (const length of [64, 65, 66, 67, 1000, 1027]) {
        const values = new ArrayType(length).map((_, i) => i * 7)
        const hex = hexOf((digest) => digest.numbers(values))
        const shifted = new ArrayType(length + 1)
        shifted.set(values, 1)
        expect(hexOf((digest) => digest.numbers(shifted.subarray(1)))).toBe(hex)
        for (let at = 0; at < length; at++) {
          values[at]! ^= 1
          expect(
            hexOf((digest) => digest.numbers(values)),
            `value ${at} of ${length}`,
          ).not.toBe(hex)
          values[at]! ^= 1
        }
        if (length === 1027) expect(hex).toBe(pinned)
      }
    },
  )

  test('goes on from its two words', () => {
    fc.assert(
      fc.property(anyValue, anyValue, (first, second) => {
        const whole = new Digest()
        whole.value(first)
        const resumed = new Digest(whole.a, whole.b)
        whole.value(second)
        resumed.value(second)
        expect(resumed.hex()).toBe(whole.hex())
      }),
    )
  })

  test('of a copy is that of the original', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(hexOf((digest) => digest.value(structuredClone(value)))).toBe(hexOf((digest) => digest.value(value)))
      }),
    )
  })

  test.each([
    ['order', (d: Digest) => d.value([1, 2]), (d: Digest) => d.value([2, 1])],
    ['where one text ends', (d: Digest) => d.value(['ab', 'c']), (d: Digest) => d.value(['a', 'bc'])],
    ['where one array ends', (d: Digest) => d.value([[1], []]), (d: Digest) => d.value([[], [1]])],
    ['the sign of zero', (d: Digest) => d.number(0), (d: Digest) => d.number(-0)],
    ['the last bit of a number', (d: Digest) => d.number(0.1), (d: Digest) => d.number(0.1 + 2 ** -56)],
    ['a large whole number', (d: Digest) => d.number(2 ** 40), (d: Digest) => d.number(2 ** 40 + 1)],
    ['keys', (d: Digest) => d.value({ a: 1 }), (d: Digest) => d.value({ b: 1 })],
    [
      'one element of many',
      (d: Digest) => d.numbers(new Uint32Array(1000)),
      (d: Digest) => d.numbers(new Uint32Array(1000).fill(1, 500, 501)),
    ],
  ])('tells apart: %s', (_, one, other) => {
    expect(hexOf(one)).not.toBe(hexOf(other))
  })

  test('reads a short typed array as the numbers it holds, whatever their width', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(255), { maxLength: 63 }), (values) => {
        const plain = hexOf((digest) => digest.numbers(values))
        for (const ArrayType of [Uint8Array, Uint16Array, Uint32Array, Float64Array]) {
          expect(hexOf((digest) => digest.numbers(ArrayType.from(values)))).toBe(plain)
        }
      }),
    )
  })

  test('meets no collision among 200,000 neighbours', () => {
    const seen = new Set<string>()
    for (let i = 0; i < 200_000; i++) seen.add(hexOf((digest) => digest.numbers([i & 511, i >> 9])))
    expect(seen.size).toBe(200_000)
  })
})
