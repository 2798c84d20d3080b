import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { controlOf, PLAIN_GRANT } from './control.fixture.ts'
import { type ControlOf, decodeControl, encodeControl } from './control.ts'
import { encodeDone, encodeGrant, type GrantTo, readDone, readGrant } from './turn.ts'
import { Dropped } from './wire.ts'

const STAGES = 12
const stage = fc.nat(STAGES - 1)
const digest = fc.string({ unit: fc.constantFrom('0', '7', '9', 'a', 'f'), minLength: 24, maxLength: 24 })
const bags = fc.array(fc.record({ from: stage, to: stage, digest }), { maxLength: 30 })

/** As honest ones are: their bags lie between stages that there are. Most are plain. */
const grant = fc
  .record({ any: controlOf('grant'), bags, plain: fc.constantFrom(true, true, false) })
  .map(({ any, bags: given, plain }) => ({
    ...(any.body as ControlOf<'grant'>),
    ...(plain && { set: '', commands: null }),
    bagsFrom: given.map(({ from }) => from),
    bagsTo: given.map(({ to }) => to),
    bagDigests: given.map((bag) => bag.digest),
  }))
const done = fc
  .record({ any: controlOf('done'), bags, plain: fc.constantFrom(true, true, false) })
  .map(({ any, bags: given, plain }) => ({
    ...(any.body as ControlOf<'done'>),
    ...(plain && { report: null, ahead: null }),
    bagsTo: given.map(({ to }) => to),
    bagDigests: given.map((bag) => bag.digest),
  }))

/** What control.ts makes of it, and what of that concerns the stage; undefined for what is malformed. */
function truthOf(bytes: Uint8Array, to: number): GrantTo | undefined {
  let control
  try {
    control = decodeControl(Buffer.from(bytes))
  } catch {
    return undefined
  }
  if (control.kind !== 'grant') return undefined
  const { bagsFrom, bagsTo, bagDigests, ...rest } = control.body
  if (bagsFrom.length !== bagsTo.length || bagsTo.length !== bagDigests.length) return undefined
  if (!bagsFrom.every((from) => from < STAGES)) return undefined
  const named = bagsFrom.map((from, i) => ({ from, digest: bagDigests[i]! }))
  return { ...rest, named: named.filter(({ from }, i) => bagsTo[i] === to && from !== to) }
}

function doneOf(bytes: Uint8Array): ControlOf<'done'> | undefined {
  try {
    const control = decodeControl(Buffer.from(bytes))
    return control.kind === 'done' ? control.body : undefined
  } catch {
    return undefined
  }
}

/** Each byte may be any other, and the end may be missing. */
const harm = fc.record({ at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), byte: fc.nat(255), cut: fc.nat(2) })

function harmed(bytes: Uint8Array, { at, byte, cut }: { at: number; byte: number; cut: number }): Uint8Array {
  const copy = Buffer.from(bytes)
  copy[Math.floor(at * copy.length)] = byte
  return copy.subarray(0, copy.length - (cut === 2 ? 1 : 0))
}

describe('a grant', () => {
  test('is msgpack as the table says, and is read as control.ts reads it, in either form', () => {
    fc.assert(
      fc.property(grant, stage, (body, to) => {
        const bytes = encodeGrant(body)
        expect(decodeControl(Buffer.from(bytes))).toEqual({ kind: 'grant', body })
        const truth = truthOf(bytes, to)
        expect(truth).toBeDefined()
        for (const form of [bytes, encodeControl('grant', body)]) {
          expect(readGrant(Buffer.from(form), to, STAGES, new Dropped())).toEqual(truth)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('with any byte changed or cut off is what control.ts makes of it, or counted', () => {
    fc.assert(
      fc.property(grant, stage, harm, (body, to, how) => {
        const bytes = harmed(encodeGrant(body), how)
        const dropped = new Dropped()
        const truth = truthOf(bytes, to)
        expect(readGrant(bytes, to, STAGES, dropped)).toEqual(truth)
        expect(dropped.counts).toEqual(truth ? {} : { malformed: 1 })
      }),
      { numRuns: 2000 },
    )
  })

  test('that names a bag from a stage beyond the last is malformed, in either form', () => {
    const body = { ...PLAIN_GRANT, bagsFrom: [STAGES], bagsTo: [1], bagDigests: ['0'.repeat(24)] }
    for (const bytes of [encodeGrant(body), encodeControl('grant', body)]) {
      const dropped = new Dropped()
      expect(readGrant(bytes, 1, STAGES, dropped)).toBeUndefined()
      expect(dropped.counts).toEqual({ malformed: 1 })
    }
  })

  test('may claim a count of bags beyond its length', () => {
    const bytes = encodeGrant(PLAIN_GRANT)
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(PLACE_OF_BAGS + 1, 0xffffffff)
    const dropped = new Dropped()
    expect(readGrant(bytes, 1, STAGES, dropped)).toBeUndefined()
    expect(dropped.counts).toEqual({ malformed: 1 })
  })
})

describe('a done', () => {
  test('is msgpack as the table says, and is read as control.ts reads it, in either form', () => {
    fc.assert(
      fc.property(done, (body) => {
        const bytes = encodeDone(body)
        expect(decodeControl(Buffer.from(bytes))).toEqual({ kind: 'done', body })
        for (const form of [bytes, encodeControl('done', body)]) {
          expect(readDone(Buffer.from(form), new Dropped())).toEqual(body)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('with any byte changed or cut off is what control.ts makes of it, or counted', () => {
    fc.assert(
      fc.property(done, harm, (body, how) => {
        const bytes = harmed(encodeDone(body), how)
        const dropped = new Dropped()
        const truth = doneOf(bytes)
        expect(readDone(bytes, dropped)).toEqual(truth)
        expect(dropped.counts).toEqual(truth ? {} : { malformed: 1 })
      }),
      { numRuns: 2000 },
    )
  })

  test('with digests that are none of ours goes and comes as it is', () => {
    const bagDigests = ['', 'a', 'é'.repeat(24), '0'.repeat(23)]
    const body = { ...DONE, bagsTo: [1, 2, 3, 4], bagDigests }
    expect(readDone(encodeDone(body), new Dropped())).toEqual(body)
  })
})

const PLACE_OF_BAGS = 60
const DONE: ControlOf<'done'> = {
  generation: 1,
  stage: 2,
  number: 3,
  nextWake: Infinity,
  mails: 0,
  bagsTo: [],
  bagDigests: [],
  report: null,
  ahead: null,
}
