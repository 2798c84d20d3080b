/** The protocol of stages and conductor over a wire that loses, doubles, delays and reorders, with an enemy on it. */
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { fork, Stream } from '../random.ts'
import type { Dropped } from './wire.ts'
import { type Control, decodeControl, encodeControl } from './control.ts'
import { readParcel } from './mailbag.ts'
import { type Guests, nameOf, onMemory, type Outcome, Party } from './party.fixture.ts'
import { FAULTLESS, type Faults, Network } from './wire.fixture.ts'

const GUESTS: Guests = { actors: 7, stages: 4, until: 40 }
let expected: Outcome

beforeAll(async () => {
  expected = await onMemory(GUESTS)
})

const seeds = fc.nat()
const faults: fc.Arbitrary<Faults> = fc.record({
  loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
  double: fc.double({ min: 0, max: 0.5, noNaN: true }),
  delay: fc.double({ min: 0, max: 0.5, noNaN: true }),
  delayMsMax: fc.integer({ min: 1, max: 400 }),
})
/** Who is cut off, when, and for how long. */
const cuts = fc.array(
  fc.record({ stage: fc.nat(GUESTS.stages - 1), atMs: fc.nat(2000), forMs: fc.integer({ min: 1, max: 2000 }) }),
  { maxLength: 3 },
)

describe('over a bad wire', () => {
  test('a run ends as on the memory bus, whatever is lost, doubled, late or cut off', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, faults, cuts, async (seed, bad, cutOff) => {
        const network = new Network(seed, bad)
        for (const { stage, atMs, forMs } of cutOff) network.schedule(atMs, () => network.cut(nameOf(stage), forMs))
        const party = await new Party(network, GUESTS).open()
        expect(await network.until(party.finish())).toEqual(expected)
        await party.close()
      }),
      { numRuns: 20 },
    )
  })

  test('the trail is the same in every run', async () => {
    const trails: string[][] = []
    for (const loss of [0, 0.3]) {
      const network = new Network(5, { ...FAULTLESS, loss })
      const party = await new Party(network, GUESTS).open()
      await network.until(party.finish())
      trails.push(party.trail)
    }
    expect(trails[0]!.length).toBeGreaterThan(20)
    expect(trails[1]).toEqual(trails[0])
  })

  test('over a good wire nothing is dropped', async () => {
    const network = new Network()
    const party = await new Party(network, GUESTS).open()
    await network.until(party.finish())
    expect(party.dropped.counts).toEqual({})
  })
})

describe('stages that step ahead', () => {
  const APART: Guests = { actors: 13, stages: 4, until: 120, apart: 1 }
  const windows = fc.integer({ min: 2, max: 50 })
  let alone: Outcome
  let trail: readonly string[]

  beforeAll(async () => {
    alone = await onMemory(APART)
    const network = new Network()
    const party = await new Party(network, APART).open()
    await network.until(party.finish())
    trail = party.trail
  })

  test('end as on the memory bus and leave the trail of stages that wait for each other, whatever the wire does', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, faults, cuts, windows, async (seed, bad, cutOff, apart) => {
        const network = new Network(seed, bad)
        for (const { stage, atMs, forMs } of cutOff) network.schedule(atMs, () => network.cut(nameOf(stage), forMs))
        const party = await new Party(network, { ...APART, apart }).open()
        expect(await network.until(party.finish())).toEqual(alone)
        expect(party.trail).toEqual(trail)
        await party.close()
      }),
      { numRuns: 40 },
    )
  })

  test('need fewer grants the less they write to others, and drop nothing over a good wire', async () => {
    const network = new Network()
    const party = await new Party(network, { ...APART, apart: 20 }).open()
    await network.until(party.finish())
    expect(party.dropped.counts).toEqual({})
    expect(party.number).toBeLessThan(0.7 * trail.length)
  })

  test('go on from a set, over other spans than before, as if nothing had happened', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, faults, windows, windows, fc.nat(60), fc.nat(30), async (seed, bad, ...given) => {
        const [apart, then, before, after] = given
        const network = new Network(seed, bad)
        const first = await new Party(network, { ...APART, apart }).open()
        await network.until(first.play(before))
        const kit = await network.until(first.set())
        await network.until(first.play(after))
        await first.close()
        const second = await new Party(network, { ...APART, apart: then }, 2, kit).open()
        expect(await network.until(second.finish())).toEqual(alone)
        expect(first.trail).toEqual(trail.slice(0, first.trail.length))
        expect(second.trail).toEqual(trail.slice(-second.trail.length))
        await second.close()
      }),
      { numRuns: 25 },
    )
  })
})

describe('with an enemy on the wire', () => {
  test.each(Object.keys(arsenal()) as AttackName[])('%s changes nothing, and is counted', async (attack) => {
    await fc.assert(
      fc.asyncProperty(seeds, faults, async (seed, bad) => {
        const network = new Network(seed, bad)
        const counts = besiege(network, seed, [attack])
        const party = await new Party(network, GUESTS).open()
        expect(await network.until(party.finish())).toEqual(expected)
        expectCounted(attack, party.dropped, counts.sent)
        await party.close()
      }),
      { numRuns: 6 },
    )
  })

  test('all attacks at once change nothing', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, faults, async (seed, bad) => {
        const network = new Network(seed, bad)
        besiege(network, seed, Object.keys(arsenal()) as AttackName[])
        const party = await new Party(network, GUESTS).open()
        expect(await network.until(party.finish())).toEqual(expected)
        await party.close()
      }),
      { numRuns: 6 },
    )
  })
})

describe('when all processes are killed', () => {
  test('the run goes on from a set, in a new generation, as if nothing had happened', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, faults, fc.nat(25), fc.nat(15), async (seed, bad, before, after) => {
        const network = new Network(seed, bad)
        const heard: (readonly [string, Uint8Array])[] = []
        network.tap = (at, bytes) => void heard.push([at, bytes])
        const first = await new Party(network, GUESTS).open()
        await network.until(first.play(before))
        const kit = await network.until(first.set())
        await network.until(first.play(after))
        await first.close()

        const second = await new Party(network, GUESTS, 2, kit).open()
        network.tap = () => {}
        network.faults = { ...bad, loss: 0 }
        // All that was ever said in the first generation is said again in the second.
        const ghost = network.wire('ghost')
        for (const [at, bytes] of heard) ghost.publish(at, bytes)
        network.faults = bad
        expect(await network.until(second.finish())).toEqual(expected)
        expect(second.dropped.counts['old']).toBeGreaterThan(0)
        // What is repeated leaves the same trail.
        const again = new Map(second.trail.map((line) => [line.split(' ')[0], line]))
        for (const line of first.trail.slice(kit.first - 1)) expect(again.get(line.split(' ')[0])).toBe(line)
      }),
      { numRuns: 12 },
    )
  })

  test('again and again', async () => {
    const network = new Network(3, { loss: 0.1, double: 0.1, delay: 0.2, delayMsMax: 60 })
    let party = await new Party(network, GUESTS).open()
    for (let generation = 2; generation < 7; generation++) {
      await network.until(party.play(4))
      const kit = await network.until(party.set())
      await network.until(party.play(2))
      await party.close()
      party = await new Party(network, GUESTS, generation, kit).open()
    }
    expect(await network.until(party.finish())).toEqual(expected)
  })
})

type AttackName =
  | 'noise'
  | 'a part of a message'
  | 'a replay'
  | 'a wrong generation'
  | 'a future number'
  | 'a forged bag'
  | 'a stranger'

interface Shot {
  readonly at: string
  readonly bytes: Uint8Array
}

/** What the enemy makes of a message that it has overheard; undefined if it can make nothing of it. */
function arsenal(): Record<AttackName, (at: string, bytes: Uint8Array, stream: Stream) => Shot | undefined> {
  return {
    noise: (at, bytes, stream) => ({ at, bytes: Uint8Array.from({ length: stream.below(80) }, () => stream.below(256)) }),
    'a part of a message': (at, bytes, stream) => ({ at, bytes: bytes.slice(0, stream.below(bytes.length)) }),
    'a replay': (at, bytes) => ({ at, bytes }),
    'a wrong generation': (at, bytes, stream) => changed(at, bytes, { generation: 2 + stream.below(9) }),
    'a future number': (at, bytes, stream) => changed(at, bytes, { number: 1000 + stream.below(9) }),
    'a forged bag': (at, bytes, stream) => {
      if (kindOf(at) !== 'bag') return undefined
      const forged = Uint8Array.from(bytes)
      forged[24 + stream.below(bytes.length - 24)]! ^= 1 + stream.below(255)
      return { at, bytes: forged }
    },
    'a stranger': (at, bytes) => (kindOf(at) === 'grant' ? undefined : { at: as(at, 'operator'), bytes }),
  }
}

/** After each message there may come several shots; forged bags come before the true one as well. */
function besiege(network: Network, seed: number, attacks: readonly AttackName[]): { sent: number } {
  const enemy = network.wire('enemy')
  const stream = new Stream(fork(seed, 'enemy'))
  const overheard: Shot[] = []
  const counts = { sent: 0 }
  network.tap = (at, bytes, from) => {
    if (from === 'enemy') return
    overheard.push({ at, bytes: Uint8Array.from(bytes) })
    for (const attack of attacks) {
      if (stream.below(2) === 0) continue
      const model = attack === 'a replay' ? overheard[stream.below(overheard.length)]! : overheard.at(-1)!
      const shot = arsenal()[attack](model.at, model.bytes, stream)
      if (shot === undefined) continue
      counts.sent++
      if (stream.below(3) === 0) network.schedule(stream.unit() * 300, () => enemy.publish(shot.at, shot.bytes))
      else enemy.publish(shot.at, shot.bytes)
    }
  }
  return counts
}

const CAUSE: Readonly<Record<AttackName, readonly string[]>> = {
  noise: ['malformed'],
  'a part of a message': ['malformed'],
  'a replay': ['old'],
  'a wrong generation': ['old'],
  'a future number': ['early', 'old'],
  // Most wait among the candidates until their grant is over, and are forgotten with it.
  'a forged bag': [],
  'a stranger': ['stranger'],
}

function expectCounted(attack: AttackName, dropped: Dropped, sent: number): void {
  expect(sent).toBeGreaterThan(20)
  const total = CAUSE[attack].reduce((sum, cause) => sum + (dropped.counts[cause] ?? 0), 0)
  if (CAUSE[attack].length > 0) expect(total).toBeGreaterThan(sent / 20)
}

function changed(at: string, bytes: Uint8Array, fields: { generation?: number; number?: number }): Shot | undefined {
  if (kindOf(at) === 'bag') {
    const copy = Uint8Array.from(bytes)
    const head = new DataView(copy.buffer)
    if (fields.generation !== undefined) head.setFloat64(0, fields.generation)
    if (fields.number !== undefined) head.setFloat64(8, fields.number)
    expect(readParcel(copy)).toMatchObject(fields)
    return { at, bytes: copy }
  }
  const { kind, body } = decodeControl(bytes) as Extract<Control, { kind: 'grant' | 'done' | 'need' }>
  return { at, bytes: encodeControl(kind, { ...body, ...fields }) }
}

function kindOf(at: string): string {
  return at.split('.')[2]!
}

function as(at: string, role: string): string {
  const parts = at.split('.')
  parts[3] = role
  return parts.join('.')
}
