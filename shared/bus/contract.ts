/**
 * What every bus must keep, as tests: call it from the test file of a bus with a way to make one. The buses differ in
 * how mail travels; what actors see, and every digest, must not.
 */
import { describe, expect, test } from 'vitest'
import type { ActorEvent, ActorId } from '../actor.ts'
import { mergedMail } from '../recent-mail.ts'
import { NEVER, type Quantum } from '../time.ts'
import type { ActorDigest, Bus, Report, StageId } from './bus.ts'
import { type Guest, type Seating, stageOf } from './gossip.fixture.ts'

/** `join` seats a stage; default: in this thread. */
export function busContract<B extends Bus>(
  name: string,
  makeBus: (stages: number) => B | Promise<B>,
  join: (bus: B, seating: Seating) => Promise<void> | void = (bus, seating) => bus.join(seating.id, stageOf(seating)),
): void {
  /** Joins one stage for each number in use; an actor lives on the stage that stands at its ordinal. */
  async function busWith(guests: readonly Guest[], stages: readonly StageId[], order = [...new Set(stages)]): Promise<Bus> {
    const bus = await makeBus(order.length)
    for (const id of order) await join(bus, { id, guests, stages })
    return bus
  }

  describe(`the ${name} bus`, () => {
    test('delivers in k + 1 what was sent in k, by sender and sequence, wherever the senders live', async () => {
      for (const stages of [
        [0, 0, 0, 0],
        [0, 1, 0, 1],
        [3, 2, 1, 0],
      ]) {
        const guests = [
          scribe(0, {
            0: [[1, 100]],
            1: [
              [2, 101],
              [2, 102],
            ],
          }),
          scribe(1, {
            1: [
              [2, 200],
              [0, 201],
            ],
          }),
          scribe(2),
          scribe(3, {
            1: [
              [2, 300],
              [3, 301],
            ],
          }),
        ]
        const bus = await busWith(guests, stages)
        const { heard } = await runUntil(bus, 5)
        await bus.close()
        // Stages may step in any order, and at the same time: only the order that each reader sees is given.
        for (const id of ['scribe-0', 'scribe-1', 'scribe-2', 'scribe-3']) {
          expect(heard.filter(([, reader]) => reader === id)).toEqual(HEARD.filter(([, reader]) => reader === id))
        }
      }
    })

    test('reports in stage order: mails sent, the next wake, and what happened', async () => {
      const guests = [
        scribe(0, {
          0: [
            [2, 1],
            [2, 2],
          ],
          7: [[0, 3]],
        }),
        scribe(1, { 4: [] }),
        scribe(2),
      ]
      const bus = await busWith(guests, [0, 1, 2], [2, 0, 1])
      const reports = await bus.grant({ quantum: 0, observe: false, final: false })
      expect(reports).toEqual([
        { stage: 0, mails: 2, nextWake: 7, events: [] },
        { stage: 1, mails: 0, nextWake: 4, events: [] },
        { stage: 2, mails: 0, nextWake: NEVER, events: [] },
      ])
      await bus.close()
    })

    test('takes telemetry when asked, after the step; at the end digests too, and nobody steps any more', async () => {
      const bus = await busWith([scribe(0, { 0: [[1, 5]], 2: [[0, 6]] }), scribe(1)], [0, 1])
      await bus.grant({ quantum: 0, observe: false, final: false })
      const seen = await bus.grant({ quantum: 1, observe: true, final: false })
      expect(seen.map((report) => report.telemetry)).toEqual([{ 'scribe-0': { lines: 0 } }, { 'scribe-1': { lines: 1 } }])
      expect(seen.every((report) => report.digests === undefined)).toBe(true)
      const final = await bus.grant({ quantum: 2, observe: true, final: true })
      expect(final.flatMap((report) => report.digests!.map(({ ordinal }) => ordinal))).toEqual([0, 1])
      expect(final.map(({ events, mails }) => [events, mails])).toEqual([
        [[], 0],
        [[], 0],
      ])
      await bus.close()
    })

    test('tells what was delivered lately when asked, also where nobody has a reason to step; and once', async () => {
      for (const stages of [
        [0, 0, 0],
        [0, 1, 2],
      ]) {
        const bus = await busWith([scribe(0, { 0: [[1, 5]], 1: [[2, 6]] }), scribe(1), scribe(2)], stages)
        for (const quantum of [0, 1, 2]) await bus.grant({ quantum, observe: false, final: false })
        const told = async (quantum: Quantum): Promise<unknown> => {
          const reports = await bus.grant({ quantum, observe: false, final: false, mailFrom: 1 })
          return mergedMail(
            reports.flatMap(({ heard = [] }) => heard),
            3,
          ).flatMap(({ quantum: at, lines }) => lines.map(({ from, to, mails }) => ({ at, from, to, mails })))
        }
        expect(await told(3)).toEqual([
          { at: 1, from: 0, to: 1, mails: 1 },
          { at: 2, from: 0, to: 2, mails: 1 },
        ])
        expect(await told(4)).toEqual([])
        await bus.close()
      }
    })

    test('loses and doubles nothing: what was sent is received', async () => {
      const bus = await busWith(
        gossips(),
        Array.from({ length: ACTORS }, (_, ordinal) => ordinal % 3),
      )
      const { final } = await runUntil(bus, UNTIL + 2)
      await bus.close()
      const all = Object.values(
        Object.assign({}, ...final.map(({ telemetry }) => telemetry)) as Record<string, { sent: number; received: number }>,
      )
      const sum = (key: 'sent' | 'received'): number => all.reduce((total, telemetry) => total + telemetry[key], 0)
      expect(sum('sent')).toBeGreaterThan(500)
      expect(sum('received')).toBe(sum('sent'))
    })

    test('gives the same digests and events for actors spread over 1, 2 and 5 stages, in any order', async () => {
      const spreads = [
        () => 0,
        (ordinal: number) => ordinal % 2,
        (ordinal: number) => Number(ordinal < ACTORS / 2),
        (ordinal: number) => ordinal % 5,
        (ordinal: number) => 4 - (ordinal % 5),
      ]
      const seen: Outcome[] = []
      for (const spread of spreads) {
        const bus = await busWith(
          gossips(),
          Array.from({ length: ACTORS }, (_, ordinal) => spread(ordinal)),
        )
        seen.push(await runUntil(bus, UNTIL + 2))
        await bus.close()
      }
      const [first] = seen
      expect(first!.digests).toHaveLength(ACTORS)
      expect(new Set(first!.digests.map(({ mail }) => mail)).size).toBe(ACTORS)
      for (const { digests, events } of seen) {
        expect(digests).toEqual(first!.digests)
        expect(events).toEqual(first!.events)
      }
    })
  })
}

const ACTORS = 10
const UNTIL = 300

function gossips(): Guest[] {
  return Array.from({ length: ACTORS }, (_, ordinal) => ({ kind: 'gossip', ordinal, actors: ACTORS, until: UNTIL }))
}

function scribe(ordinal: number, lines: (Guest & { kind: 'scribe' })['lines'] = {}): Guest {
  return { kind: 'scribe', ordinal, lines }
}

type Heard = readonly [quantum: Quantum, reader: ActorId, from: number, sequence: number, level: number]
const HEARD: readonly Heard[] = [
  [1, 'scribe-1', 0, 0, 100],
  [2, 'scribe-0', 1, 1, 201],
  [2, 'scribe-2', 0, 1, 101],
  [2, 'scribe-2', 0, 2, 102],
  [2, 'scribe-2', 1, 0, 200],
  [2, 'scribe-2', 3, 0, 300],
  [2, 'scribe-3', 3, 1, 301],
]

interface Outcome {
  readonly final: readonly Report[]
  readonly digests: readonly ActorDigest[]
  readonly events: readonly string[]
  /** What scribes told, in order. */
  readonly heard: readonly Heard[]
}

/** The least that a conductor does. */
async function runUntil(bus: Bus, end: Quantum): Promise<Outcome> {
  const events: ActorEvent[] = []
  let quantum = 0
  while (quantum < end) {
    const now = quantum
    const reports = await bus.grant({ quantum, observe: false, final: false })
    events.push(...reports.flatMap((report) => report.events))
    quantum = reports.some(({ mails }) => mails > 0)
      ? now + 1
      : Math.max(now + 1, Math.min(...reports.map(({ nextWake }) => nextWake)))
  }
  const final = await bus.grant({ quantum: end, observe: true, final: true })
  const digests = final.flatMap((report) => report.digests ?? []).toSorted((x, y) => x.ordinal - y.ordinal)
  const heard = events.map(({ quantum: at, actor, fields: { from, sequence, level } }) => [at, actor, from, sequence, level])
  return { final, digests, events: events.map((event) => JSON.stringify(event)).toSorted(), heard: heard as unknown as Heard[] }
}
