import { beforeEach, describe, expect, test } from 'vitest'
import { InvariantError } from '../errors.ts'
import { PLAIN_GRANT } from './control.fixture.ts'
import { type ControlOf, decodeControl, encodeControl } from './control.ts'
import type { Bag, Grant, StageHandler } from './bus.ts'
import { digestOf, readParcel, sealBag } from './mailbag.ts'
import { StageEnd, type StageEndOptions, type StageEndSpec } from './stage-end.ts'
import { subject } from './wire.ts'
import { type FakeWire, Network } from './wire.fixture.ts'

/** Stage 1 of 0, 1 and 2: a handler that notes what it is handed, and sends a bag to the stages that it is told. */
const ROLES = ['conductor', 'host', 'device']
const SPEC: StageEndSpec = { run: 'run', generation: 3, stage: 1, roles: ROLES, first: 1 }

let network: Network
let other: FakeWire
/** What the stage says, by subject kind. */
let said: { readonly at: string; readonly kind: string; readonly bytes: Uint8Array }[]
let steps: { readonly grant: Grant; readonly inbox: readonly Bag[] }[]
let sendTo: readonly number[]
let step: StageHandler['step']

beforeEach(() => {
  network = new Network()
  other = network.wire('other')
  said = []
  steps = []
  sendTo = []
  network.tap = (at, bytes, from) => {
    if (from === 'stage') said.push({ at, kind: at.split('.')[2]!, bytes })
  }
  step = (given, inbox) => {
    steps.push({ grant: given, inbox })
    const bags = sendTo.map((to) => bagTo(to, given.quantum))
    return { bags, report: { stage: 1, nextWake: Infinity, mails: bags.length, events: [] } }
  }
})

async function open(spec: Partial<StageEndSpec> = {}, options: StageEndOptions = {}): Promise<StageEnd> {
  const end = new StageEnd(network.wire('stage'), { ...SPEC, ...spec }, { step: (...given) => step(...given) }, options)
  await end.open()
  return end
}

function bagTo(to: number, quantum: number, level = 7): Bag {
  return { from: to === 1 ? 2 : 1, to, quantum, mails: [{ from: 1, to: 2, sequence: 0, kind: 'pressure', body: { level } }] }
}

function grant(fields: Partial<ControlOf<'grant'>>): void {
  other.publish(subject('run', 'grant', 'conductor', 'all'), encodeControl('grant', { ...PLAIN_GRANT, ...fields }))
  network.advance(1)
}

function bag(bytes: Uint8Array, role = 'device'): void {
  other.publish(subject('run', 'bag', role, 1), bytes)
  network.advance(1)
}

function kinds(): string[] {
  return said.map(({ kind }) => kind)
}

describe('a grant', () => {
  test('is carried out once; when it comes again the same done is said again', async () => {
    const end = await open()
    grant({})
    grant({})
    grant({})
    expect(steps).toHaveLength(1)
    expect(kinds()).toEqual(['done', 'done', 'done'])
    expect(said[1]!.bytes).toEqual(said[0]!.bytes)
    expect(end.dropped.counts).toEqual({})
  })

  test('of an older number, a later one or another generation is dropped', async () => {
    const end = await open()
    grant({})
    grant({ number: 2, quantum: 11 })
    grant({ number: 1 })
    grant({ number: 4 })
    grant({ number: 3, generation: 2 })
    grant({ number: 3, generation: 4 })
    expect(steps).toHaveLength(2)
    expect(end.dropped.counts).toEqual({ old: 3, early: 1 })
  })

  test('that names its bags badly is dropped as malformed, and does not keep the true one out', async () => {
    const end = await open()
    grant({ bagsFrom: [2], bagsTo: [1, 1], bagDigests: ['a', 'b'] })
    grant({ bagsFrom: [2, 2], bagsTo: [1, 1], bagDigests: ['a'] })
    grant({ bagsFrom: [9], bagsTo: [1], bagDigests: ['a'] })
    expect(end.dropped.counts).toEqual({ malformed: 3 })
    grant({})
    expect(steps).toHaveLength(1)
  })

  test('waits for the bags that it names, and asks their sender for what is missing until it is there', async () => {
    await open()
    const sealed = sealBag(3, 0, bagTo(1, 9))
    grant({ bagsFrom: [2, 0], bagsTo: [1, 2], bagDigests: [sealed.digest, 'for another'] })
    network.advance(200)
    expect(steps).toHaveLength(0)
    expect(kinds().length).toBeGreaterThan(3)
    expect(new Set(said.map(({ at }) => at))).toEqual(new Set(['coldpool.run.need.host.2']))
    expect(decodeControl(said[0]!.bytes)).toEqual({ kind: 'need', body: { generation: 3, stage: 1, number: 0 } })
    bag(sealed.bytes)
    expect(steps.map(({ inbox }) => inbox)).toEqual([[bagTo(1, 9)]])
    const before = said.length
    network.advance(200)
    expect(said).toHaveLength(before)
  })

  test('does not take a bag that was forged before the true one came, nor one that was forged after', async () => {
    for (const forgedFirst of [true, false]) {
      steps = []
      network = new Network()
      other = network.wire('other')
      const end = await open()
      const truth = sealBag(3, 0, bagTo(1, 9))
      const forged = [1, 2].map((level) => sealBag(3, 0, bagTo(1, 9, level)).bytes)
      for (const bytes of forgedFirst ? [...forged, truth.bytes] : [truth.bytes, ...forged]) bag(bytes)
      grant({ bagsFrom: [2], bagsTo: [1], bagDigests: [truth.digest] })
      expect(steps.map(({ inbox }) => inbox)).toEqual([[bagTo(1, 9)]])
      end.close()
    }
  })

  test('takes the true bag at last, however many forged ones have pushed it out', async () => {
    const end = await open()
    const truth = sealBag(3, 0, bagTo(1, 9))
    bag(truth.bytes)
    for (let level = 10; level < 30; level++) bag(sealBag(3, 0, bagTo(1, 9, level)).bytes)
    grant({ bagsFrom: [2], bagsTo: [1], bagDigests: [truth.digest] })
    expect(steps).toHaveLength(0)
    bag(sealBag(3, 0, bagTo(1, 9, 99)).bytes)
    bag(truth.bytes)
    expect(steps.map(({ inbox }) => inbox)).toEqual([[bagTo(1, 9)]])
    expect(end.dropped.counts).toEqual({ overflow: 18, malformed: 1 })
  })

  test('with a set has it taken before the step, with the bags that are handed over in it', async () => {
    const order: unknown[] = []
    const plain = step
    step = (given, inbox) => {
      order.push('step')
      return plain(given, inbox)
    }
    await open({}, { onSet: (set, inbox) => order.push(set, inbox) })
    const sealed = sealBag(3, 0, bagTo(1, 9))
    bag(sealed.bytes)
    grant({ set: 'set-1', bagsFrom: [2], bagsTo: [1], bagDigests: [sealed.digest] })
    grant({ number: 2, quantum: 11 })
    expect(order).toEqual(['set-1', [bagTo(1, 9)], 'step', 'step'])
  })

  test('that is the first after a restoration is handed the bags that the snapshot held', async () => {
    await open({ first: 8, inbox: [bagTo(1, 9)] })
    grant({ number: 7 })
    grant({ number: 8 })
    grant({ number: 9, quantum: 11 })
    expect(steps.map(({ inbox }) => inbox)).toEqual([[bagTo(1, 9)], []])
  })

  test('hands over what the stage sends to itself with the next one, without the wire', async () => {
    await open()
    step = (given, inbox) => {
      steps.push({ grant: given, inbox })
      const own: Bag = { ...bagTo(1, given.quantum), from: 1 }
      return { bags: given.quantum === 10 ? [own] : [], report: { stage: 1, nextWake: Infinity, mails: 1, events: [] } }
    }
    grant({})
    grant({ number: 2, quantum: 11 })
    expect(steps[1]!.inbox).toEqual([{ ...bagTo(1, 10), from: 1 }])
    expect(kinds()).toEqual(['done', 'done'])
  })

  test('carries telemetry, digests and events of the step into its done', async () => {
    await open()
    const events = [{ quantum: 10, actor: 'a', code: 'c', fields: { n: 1, t: 'x' } }]
    step = () => ({ bags: [], report: { stage: 1, nextWake: 12, mails: 0, events, telemetry: { a: { b: 0.5 } } } })
    grant({})
    expect(decodeControl(said[0]!.bytes).body).toEqual({
      generation: 3,
      stage: 1,
      number: 1,
      nextWake: 12,
      mails: 0,
      bagsTo: [],
      bagDigests: [],
      report: { events, telemetry: { a: { b: 0.5 } }, digests: null },
      ahead: null,
    })
  })

  test('asks its stage for mail if it says from when on, and carries that into its done', async () => {
    await open()
    const heard = [{ quantum: 10, lines: [{ from: 1, to: 2, kind: 'demote' as const, mails: 2, pages: 64 }], more: 0 }]
    step = (given) => {
      steps.push({ grant: given, inbox: [] })
      const told = given.mailFrom === undefined ? {} : { heard }
      return { bags: [], report: { stage: 1, nextWake: 12, mails: 0, events: [], ...told } }
    }
    grant({ mailFrom: 8 })
    grant({ number: 2, quantum: 11 })
    expect(steps.map(({ grant: given }) => given.mailFrom)).toEqual([8, undefined])
    const reports = said.map(({ bytes }) => (decodeControl(bytes).body as ControlOf<'done'>).report)
    expect(reports).toEqual([{ events: [], telemetry: null, digests: null, heard }, null])
  })
})

describe('a grant that says how far nothing but wakes and mail count', () => {
  /** Where it wakes after each quantum; to whom it writes in some. */
  let wakes: readonly number[]
  let writes: Readonly<Record<number, number>>

  beforeEach(() => {
    wakes = []
    writes = {}
    step = (given, inbox) => {
      steps.push({ grant: given, inbox })
      const { quantum } = given
      const to = writes[quantum]
      const bags = to === undefined ? [] : [{ ...bagTo(to, quantum), from: 1 }]
      const nextWake = Math.min(Infinity, ...wakes.filter((wake) => wake > quantum))
      const events = quantum === 12 ? [{ quantum, actor: 'a', code: 'c', fields: {} }] : []
      return { bags, report: { stage: 1, nextWake, mails: bags.length, events } }
    }
  })

  const stepped = (): number[] => steps.map(({ grant: { quantum } }) => quantum)
  const dones = (): ControlOf<'done'>[] =>
    said.filter(({ kind }) => kind === 'done').map(({ bytes }) => decodeControl(bytes).body as ControlOf<'done'>)

  test('lets the stage go on to there by its wakes and its mail to itself, in one done', async () => {
    await open()
    wakes = [12, 15, 20, 21]
    writes = { 12: 1 }
    grant({ until: 20, observe: true })
    expect(stepped()).toEqual([10, 12, 13, 15])
    expect(steps.map(({ grant: { observe } }) => observe)).toEqual([true, false, false, false])
    expect(steps.map(({ inbox }) => inbox.length)).toEqual([0, 0, 1, 0])
    const events = [{ quantum: 12, actor: 'a', code: 'c', fields: {} }]
    const ahead = [
      [12, 15, 1, { events, telemetry: null, digests: null }],
      [13, 15, 0, null],
      [15, 20, 0, null],
    ]
    expect(dones()).toMatchObject([{ number: 1, nextWake: 12, mails: 0, bagsTo: [], ahead }])
    grant({ number: 2, quantum: 20, until: 22 })
    expect(stepped()).toEqual([10, 12, 13, 15, 20, 21])
  })

  test('lets it go on until it writes to another, and no further than 32 quanta, whatever it says', async () => {
    await open()
    wakes = Array.from({ length: 100 }, (_, i) => 11 + i)
    writes = { 14: 2 }
    grant({ until: 1000 })
    expect(stepped()).toEqual([10, 11, 12, 13, 14])
    expect(kinds()).toEqual(['bag', 'done'])
    expect(dones()[0]).toMatchObject({ mails: 0, bagsTo: [2], ahead: [{}, {}, {}, [14, 15, 1, null]] })
    grant({ number: 2, quantum: 15, until: 1000 })
    expect(stepped().at(-1)).toBe(15 + 31)
  })

  test('lets it go on no longer than others can do without it', async () => {
    await open()
    const plain = step
    step = (...given) => {
      network.advance(30)
      return plain(...given)
    }
    wakes = [11, 12, 13, 14, 15, 16, 17]
    grant({ until: 20 })
    // The clock runs from the first step ahead.
    expect(stepped()).toEqual([10, 11, 12, 13, 14])
  })

  test('and comes for a quantum in which it has stepped already has its last bags sent again, and no step done', async () => {
    const end = await open()
    wakes = [11, 12]
    writes = { 10: 1, 12: 2 }
    grant({ until: 20 })
    expect(stepped()).toEqual([10, 11, 12])
    const first = said.find(({ kind }) => kind === 'bag')
    said = []
    grant({ number: 2, quantum: 11, until: 20 })
    expect(stepped()).toEqual([10, 11, 12])
    const again = said.find(({ kind }) => kind === 'bag')
    expect(readParcel(again!.bytes)).toEqual({ ...readParcel(first!.bytes), number: 2 })
    expect(dones()).toMatchObject([{ number: 2, bagsTo: [2], report: null, ahead: null }])
    expect(decodeControl(said[1]!.bytes).body).toMatchObject({ bagDigests: [digestOf(readParcel(first!.bytes)!.packed)] })
    grant({ number: 3, quantum: 13 })
    expect(stepped()).toEqual([10, 11, 12, 13])
    expect(end.dropped.counts).toEqual({})
  })

  test.each([
    ['a set', {}],
    ['mail', { set: '', bagsFrom: [2], bagsTo: [1] }],
  ])('must not come with %s for a quantum in which it has stepped', async (_, more) => {
    await open({}, { onSet: () => expect.fail('too late') })
    wakes = [11, 12]
    grant({ until: 20 })
    const sealed = sealBag(3, 1, bagTo(1, 10))
    bag(sealed.bytes)
    grant({ number: 2, quantum: 11, set: 'a', ...more, ...('bagsTo' in more && { bagDigests: [sealed.digest] }) })
    expect(kinds().slice(-1)).toEqual(['failed'])
    expect(decodeControl(said.at(-1)!.bytes).body).toMatchObject({ code: 'InvariantError' })
  })
})

describe('a bag that was sent', () => {
  test('is sent again to who needs it, in the grant it was sent in and in the next', async () => {
    const end = await open()
    sendTo = [2, 0]
    grant({})
    const first = said.find(({ at }) => at === 'coldpool.run.bag.host.2')
    const need = (stage: number, number: number): void => {
      other.publish(subject('run', 'need', 'device', 1), encodeControl('need', { generation: 3, stage, number }))
      network.advance(1)
    }
    said = []
    need(2, 1)
    sendTo = []
    grant({ number: 2, quantum: 11 })
    need(2, 1)
    expect(said.filter(({ kind }) => kind === 'bag')).toEqual([first, first])
    grant({ number: 3, quantum: 12 })
    need(2, 1)
    need(5, 2)
    need(2, 9)
    expect(said.filter(({ kind }) => kind === 'bag')).toHaveLength(2)
    expect(end.dropped.counts).toEqual({ old: 3 })
  })
})

describe('bags from outside', () => {
  test('are told apart: no bag, another generation, an old or early number, a sender that is not whom the server knows', async () => {
    const end = await open()
    grant({})
    const sealed = (generation: number, number: number): Uint8Array => sealBag(generation, number, bagTo(1, 9)).bytes
    bag(new Uint8Array(24))
    bag(Uint8Array.of(1, 2, 3))
    expect(end.dropped.counts).toEqual({ malformed: 2 })
    bag(sealed(2, 1))
    bag(sealed(3, 0))
    expect(end.dropped.counts).toEqual({ malformed: 2, old: 2 })
    bag(sealed(3, 3))
    bag(sealed(3, 1), 'host')
    expect(end.dropped.counts).toEqual({ malformed: 2, old: 2, early: 1, stranger: 1 })
    bag(sealed(3, 2))
    bag(sealed(3, 1))
    expect(end.dropped.counts).toEqual({ malformed: 2, old: 2, early: 1, stranger: 1 })
  })
})

describe('a step that throws', () => {
  test('is told to the conductor, and again with every grant, for the first word may be lost', async () => {
    await open()
    step = () => {
      throw new InvariantError('a page is in two places')
    }
    grant({})
    grant({})
    expect(kinds()).toEqual(['failed', 'failed'])
    expect(said[0]!.at).toBe('coldpool.run.failed.host.conductor')
    expect(decodeControl(said[0]!.bytes).body).toEqual({
      generation: 3,
      stage: 1,
      code: 'InvariantError',
      message: 'invariant broken: a page is in two places',
    })
  })

  test('leaves a stage that takes part in nothing any more', async () => {
    const end = await open()
    let calls = 0
    step = () => {
      calls++
      throw new Error('no')
    }
    grant({})
    grant({})
    grant({ number: 2 })
    bag(sealBag(3, 1, bagTo(1, 9)).bytes)
    expect(calls).toBe(1)
    said = []
    end.close()
    grant({})
    network.advance(1000)
    expect(said).toEqual([])
  })
})

test('moments are told in order, and waited for', async () => {
  const moments: string[] = []
  await open({}, { onMoment: (moment, number) => void moments.push(`${moment} ${number}`), onSet: () => {} })
  sendTo = [2]
  grant({ set: 'a' })
  await new Promise(setImmediate)
  network.advance(1)
  expect(moments).toEqual(['set 1', 'bags 1', 'done 1'])
  expect(kinds()).toEqual(['bag', 'done'])
})

test('a digest is 96 bits', () => {
  expect(digestOf(Uint8Array.of(1))).toMatch(/^[0-9a-f]{24}$/)
})
