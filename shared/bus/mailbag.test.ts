import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBag } from '../codec.ts'
import { anyBag } from '../mail.fixture.ts'
import type { Bag } from './bus.ts'
import { digestOf, Mailbag, readParcel, sealBag } from './mailbag.ts'
import { Dropped } from './wire.ts'

const whole = fc.oneof(fc.nat(9), fc.maxSafeNat())

function bag(from: number, level: number): Bag {
  return { from, to: 1, quantum: 5, mails: [{ from: 3, to: 4, sequence: 0, kind: 'pressure', body: { level } }] }
}

function parcel(from: number, level: number, number = 7) {
  const { bytes, digest } = sealBag(1, number, bag(from, level))
  return { parcel: readParcel(bytes)!, named: { from, digest } }
}

describe('a sealed bag', () => {
  test('shows its generation, number and sender, and holds the bag', () => {
    fc.assert(
      fc.property(anyBag, whole, whole, (given, generation, number) => {
        const sealed = sealBag(generation, number, given)
        const read = readParcel(sealed.bytes)!
        expect(read).toMatchObject({ generation, number, from: given.from })
        expect(decodeBag(read.packed)).toEqual(given)
        expect(sealed).toMatchObject({ to: given.to, digest: digestOf(read.packed) })
      }),
    )
  })

  test('is read wherever its bytes lie', () => {
    const { bytes } = sealBag(1, 2, bag(3, 4))
    const shifted = new Uint8Array(bytes.length + 7)
    shifted.set(bytes, 5)
    expect(readParcel(shifted.subarray(5, 5 + bytes.length))).toEqual(readParcel(bytes))
  })

  test('is none if it is too short, or its head holds no whole numbers', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const read = readParcel(bytes)
        if (bytes.length <= 24) expect(read).toBeUndefined()
        if (read) expect([read.generation, read.number, read.from].every((n) => Number.isSafeInteger(n) && n >= 0)).toBe(true)
      }),
    )
    for (const wrong of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
      for (const at of [0, 8, 16]) {
        const bytes = Uint8Array.from(sealBag(1, 2, bag(3, 4)).bytes)
        new DataView(bytes.buffer).setFloat64(at, wrong)
        expect(readParcel(bytes)).toBeUndefined()
      }
    }
  })
})

describe('a mailbag', () => {
  test('knows what is missing, and opens what is named, in the order in which it is named', () => {
    const dropped = new Dropped()
    const mailbag = new Mailbag(dropped)
    const [a, b] = [parcel(0, 1), parcel(2, 2)]
    const named = [b.named, a.named]
    expect(mailbag.missing(7, named)).toEqual(named)
    mailbag.put(a.parcel, undefined)
    mailbag.put(a.parcel, undefined)
    expect(mailbag.missing(7, named)).toEqual([b.named])
    expect(mailbag.missing(6, named)).toEqual(named)
    mailbag.put(b.parcel, undefined)
    expect(mailbag.take(7, named)).toEqual([bag(2, 2), bag(0, 1)])
    expect(dropped.counts).toEqual({})
  })

  test('forgets what is of a grant that was taken, and keeps what is of a later one', () => {
    const mailbag = new Mailbag(new Dropped())
    const [now, next] = [parcel(0, 1, 7), parcel(0, 1, 8)]
    mailbag.put(now.parcel, undefined)
    mailbag.put(next.parcel, undefined)
    mailbag.take(7, [now.named])
    expect(mailbag.missing(7, [now.named])).toHaveLength(1)
    expect(mailbag.missing(8, [next.named])).toHaveLength(0)
  })

  test('lets only the named bag in, once it knows the name', () => {
    const dropped = new Dropped()
    const mailbag = new Mailbag(dropped)
    const [truth, forged] = [parcel(0, 1), parcel(0, 2)]
    mailbag.put(forged.parcel, truth.named.digest)
    mailbag.put(truth.parcel, truth.named.digest)
    expect(dropped.counts).toEqual({ malformed: 1 })
    expect(mailbag.take(7, [truth.named])).toEqual([bag(0, 1)])
  })

  test('holds three candidates for a bag, and the last to come are those', () => {
    const dropped = new Dropped()
    const mailbag = new Mailbag(dropped)
    const all = [1, 2, 3, 4, 5].map((level) => parcel(0, level))
    for (const one of all) mailbag.put(one.parcel, undefined)
    expect(dropped.counts).toEqual({ overflow: 2 })
    expect(all.map(({ named }) => mailbag.missing(7, [named]).length)).toEqual([1, 1, 0, 0, 0])
  })

  test('takes what a grant names, however much another sender has filled it with', () => {
    const mailbag = new Mailbag(new Dropped(), 100)
    for (let level = 1; level <= 9; level++) mailbag.put(parcel(0, level).parcel, undefined)
    const { parcel: truth, named } = parcel(2, 1)
    for (let i = 0; i < 9; i++) mailbag.put(parcel(3, i).parcel, undefined)
    mailbag.put(truth, named.digest)
    expect(mailbag.take(7, [named])).toEqual([bag(2, 1)])
  })

  test('holds so many bytes, whatever is thrown at it, and always has room for what is named', () => {
    const dropped = new Dropped()
    const mailbag = new Mailbag(dropped, 100)
    const sized = (from: number, bytes: number) => ({ generation: 1, number: 7, from, packed: new Uint8Array(bytes).fill(from) })
    const named = (from: number, bytes: number) => ({ from, digest: digestOf(sized(from, bytes).packed) })
    mailbag.put(sized(1, 90), undefined)
    mailbag.put(sized(1, 80), undefined)
    mailbag.put(sized(2, 11), undefined)
    mailbag.put(sized(3, 10), undefined)
    expect(dropped.counts).toEqual({ overflow: 2 })
    expect(mailbag.missing(7, [named(1, 90), named(1, 80), named(2, 11), named(3, 10)])).toEqual([named(1, 80), named(2, 11)])
    mailbag.put(sized(2, 11), named(2, 11).digest)
    mailbag.put(sized(1, 80), named(1, 80).digest)
    expect(mailbag.missing(7, [named(1, 80), named(2, 11), named(3, 10)])).toEqual([])
    expect(mailbag.missing(7, [named(1, 90)])).toHaveLength(1)
    expect(dropped.counts).toEqual({ overflow: 2 })
  })
})
