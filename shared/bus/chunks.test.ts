import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fork, Stream } from '../random.ts'
import { Assembly, formatPart, MESSAGE_BYTES_MAX, type Part, parsePart, partsOf } from './chunks.ts'

describe('a message in parts', () => {
  test('is whole again, whatever its size, the size of the parts, and their order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4000 }), fc.integer({ min: 1, max: 700 }), fc.nat(), (size, partBytes, seed) => {
        const bytes = bytesOf(size, seed)
        const parts = numbered('id', partsOf(bytes, partBytes))
        expect(parts).toHaveLength(Math.ceil(size / partBytes))
        const assembly = new Assembly(() => expect.unreachable('nothing is dropped'))
        const whole = shuffled(parts, seed).map(([part, content]) => assembly.put('x', part, content))
        expect(whole.slice(0, -1).every((message) => message === undefined)).toBe(true)
        expect(whole.at(-1)).toEqual(bytes)
      }),
    )
  })

  test('is whole again among others, with parts that come twice or are lost', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const stream = new Stream(fork(seed, 'mixed'))
        const messages = Array.from({ length: 8 }, (_, i) => bytesOf(1 + stream.below(500), seed + i))
        const complete = messages.map(() => stream.below(3) > 0)
        const sent = messages.flatMap((bytes, i) => {
          const parts = numbered(`m${i}`, partsOf(bytes, 100))
          return complete[i] === true ? parts : parts.slice(1)
        })
        let dropped = 0
        const assembly = new Assembly(() => dropped++)
        const whole: Uint8Array[] = []
        let doubled = 0
        const seen = new Set<string>()
        for (const [part, content] of shuffled(
          [...sent, ...sent.filter(([{ count, index }]) => count > 1 && index === 1)],
          seed,
        )) {
          if (seen.has(formatPart(part))) doubled++
          seen.add(formatPart(part))
          const message = assembly.put('x', part, content)
          if (message) whole.push(message)
        }
        const expected = messages.filter((_, i) => complete[i])
        expect(whole.toSorted((x, y) => Buffer.compare(x, y))).toEqual(expected.toSorted((x, y) => Buffer.compare(x, y)))
        // What comes twice is dropped, but for the last part of all, which begins its message anew.
        expect(dropped).toBeLessThanOrEqual(doubled)
      }),
    )
  })

  test('whose parts do not agree on how many they are is not put together', () => {
    let dropped = 0
    const assembly = new Assembly(() => dropped++)
    expect(assembly.put('x', { id: 'a', index: 0, count: 3 }, Uint8Array.of(1))).toBeUndefined()
    expect(assembly.put('x', { id: 'a', index: 1, count: 2 }, Uint8Array.of(2))).toBeUndefined()
    expect(dropped).toBe(1)
    assembly.put('x', { id: 'a', index: 1, count: 3 }, Uint8Array.of(2))
    expect(assembly.put('x', { id: 'a', index: 2, count: 3 }, Uint8Array.of(3))).toEqual(Uint8Array.of(1, 2, 3))
  })

  test('that stays incomplete is pushed out by the 64 that come after it', () => {
    let dropped = 0
    const assembly = new Assembly(() => dropped++)
    for (let i = 0; i < 65; i++) assembly.put('x', { id: `m${i}`, index: 0, count: 2 }, Uint8Array.of(i))
    expect(dropped).toBe(1)
    expect(assembly.put('x', { id: 'm1', index: 1, count: 2 }, Uint8Array.of(9))).toEqual(Uint8Array.of(1, 9))
    expect(assembly.put('x', { id: 'm0', index: 1, count: 2 }, Uint8Array.of(9))).toBeUndefined()
  })

  test('is kept apart from one with the same id on another subject', () => {
    const assembly = new Assembly(() => expect.unreachable('nothing is dropped'))
    assembly.put('x', { id: 'a', index: 0, count: 2 }, Uint8Array.of(1))
    assembly.put('y', { id: 'a', index: 0, count: 2 }, Uint8Array.of(2))
    expect(assembly.put('x', { id: 'a', index: 1, count: 2 }, Uint8Array.of(3))).toEqual(Uint8Array.of(1, 3))
    expect(assembly.put('y', { id: 'a', index: 1, count: 2 }, Uint8Array.of(4))).toEqual(Uint8Array.of(2, 4))
  })

  test('is not pushed out by what others leave incomplete', () => {
    let dropped = 0
    const assembly = new Assembly(() => dropped++)
    assembly.put('quiet', { id: 'a', index: 0, count: 2 }, Uint8Array.of(1))
    for (let i = 0; i < 500; i++) assembly.put('loud', { id: `m${i}`, index: 0, count: 2 }, Uint8Array.of(i))
    expect(dropped).toBe(437)
    expect(assembly.put('quiet', { id: 'a', index: 1, count: 2 }, Uint8Array.of(3))).toEqual(Uint8Array.of(1, 3))
  })

  test('is dropped if it grows above the limit, and what all hold together stays below it', () => {
    let dropped = 0
    const assembly = new Assembly(() => dropped++)
    // One buffer stands for many: an assembly keeps what it is given, and copies only what is whole.
    const large = new Uint8Array(MESSAGE_BYTES_MAX / 2)
    for (let index = 0; index < 3; index++) assembly.put('x', { id: 'huge', index, count: 9 }, large)
    expect(dropped).toBe(1)
    for (const id of ['a', 'b']) assembly.put('x', { id, index: 0, count: 2 }, large)
    expect(dropped).toBe(1)
    assembly.put('x', { id: 'c', index: 0, count: 2 }, Uint8Array.of(1))
    expect(dropped).toBe(2)
    expect(assembly.put('x', { id: 'c', index: 1, count: 2 }, Uint8Array.of(2))).toEqual(Uint8Array.of(1, 2))
  })
})

describe('the head of a part', () => {
  test('comes back as it was written', () => {
    const part = fc
      .record({ id: fc.stringMatching(/^[A-Za-z0-9]{1,32}$/), index: fc.nat(4095), more: fc.integer({ min: 1, max: 1000 }) })
      .map(({ id, index, more }): Part => ({ id, index, count: Math.min(4096, index + more) }))
    fc.assert(
      fc.property(part, (given) => {
        expect(parsePart(formatPart(given))).toEqual(given)
      }),
    )
  })

  test.each([
    '',
    'a',
    'a 0',
    'a 0 0',
    'a 2 2',
    'a 3 2',
    'a -1 2',
    'a 0.5 2',
    'a 0 2 ',
    ' a 0 2',
    'a-b 0 2',

    'a 0 1000000',
    'a\n 0 2',
  ])('is none if it is %j', (text) => {
    expect(parsePart(text)).toBeUndefined()
  })

  test('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parsePart(text)
      }),
    )
  })
})

function bytesOf(size: number, seed: number): Uint8Array {
  const stream = new Stream(fork(seed, 'bytes'))
  return Uint8Array.from({ length: size }, () => stream.below(256))
}

function numbered(id: string, parts: readonly Uint8Array[]): (readonly [Part, Uint8Array])[] {
  return parts.map((content, index) => [{ id, index, count: parts.length }, content])
}

function shuffled<T>(list: readonly T[], seed: number): T[] {
  const stream = new Stream(fork(seed, 'order'))
  return list
    .map((item) => [stream.u32(), item] as const)
    .toSorted(([x], [y]) => x - y)
    .map(([, item]) => item)
}
