import { describe, expect, test } from 'vitest'
import type { Bag, Grant } from './bus/bus.ts'
import { Gossip, Scribe } from './bus/gossip.fixture.ts'
import type { Command } from './command.ts'
import { InvariantError } from './errors.ts'
import type { Mail } from './messages.ts'
import { Stage } from './stage.ts'
import type { Quantum } from './time.ts'

function granted(quantum: Quantum, more: Partial<Grant> = {}): Grant {
  return { quantum, observe: false, final: false, ...more }
}

function pressure(from: number, to: number, sequence: number): Mail {
  return { from, to, sequence, kind: 'pressure', body: { level: from * 10 + sequence } }
}

describe('a stage', () => {
  test('sorts the mail of several bags by sender and sequence, whatever order they come in', () => {
    const log: Scribe['log'] = []
    const stage = new Stage(0, [new Scribe(0, log)], () => 0)
    const bag = (from: number, ...mails: Mail[]): Bag => ({ from, to: 0, quantum: 0, mails })
    stage.step(granted(1), [
      bag(2, pressure(5, 0, 0), pressure(7, 0, 3)),
      bag(1, pressure(3, 0, 9), pressure(6, 0, 1), pressure(6, 0, 2)),
    ])
    expect(log).toEqual([
      [1, 0, 3, 9, 39],
      [1, 0, 5, 0, 50],
      [1, 0, 6, 1, 61],
      [1, 0, 6, 2, 62],
      [1, 0, 7, 3, 73],
    ])
  })

  test('steps its actors by ordinal, and only those with mail or whose time has come', () => {
    const steps: string[] = []
    const actors = [2, 0, 1].map((ordinal) => {
      const scribe = new Scribe(ordinal, [], ordinal === 2 ? { 3: [], 6: [] } : { 0: [] })
      const step = scribe.step.bind(scribe)
      scribe.step = (now, inbox, out) => {
        steps.push(`${now}:${ordinal}`)
        step(now, inbox, out)
      }
      return scribe
    })
    const stage = new Stage(0, actors, () => 0)
    const { report } = stage.step(granted(0), [])
    expect(report.nextWake).toBe(3)
    stage.step(granted(2), [{ from: 0, to: 0, quantum: 1, mails: [pressure(0, 1, 0)] }])
    stage.step(granted(4), [])
    expect(steps).toEqual(['0:0', '0:1', '2:1', '4:2'])
  })

  test('makes one bag for each stage it has mail for, in the order of sending', () => {
    const stage = new Stage(
      0,
      [
        new Scribe(0, [], {
          0: [
            [1, 1],
            [0, 2],
            [3, 3],
            [2, 4],
          ],
        }),
      ],
      (ordinal) => ordinal % 2,
    )
    const { bags, report } = stage.step(granted(0), [])
    expect(bags.map(({ to, mails }) => [to, mails.map((mail) => [mail.to, mail.sequence])])).toEqual([
      [
        1,
        [
          [1, 0],
          [3, 2],
        ],
      ],
      [
        0,
        [
          [0, 1],
          [2, 3],
        ],
      ],
    ])
    expect(report.mails).toBe(4)
    expect(stage.step(granted(1), []).bags).toEqual([])
  })

  test('does not take mail for an actor that it does not carry', () => {
    const stage = new Stage(0, [new Scribe(0, [])], () => 0)
    expect(() => stage.step(granted(1), [{ from: 1, to: 0, quantum: 0, mails: [pressure(1, 9, 0)] }])).toThrow(InvariantError)
  })

  test('says events with their time and actor, once', () => {
    const stage = new Stage(0, [new Gossip(0, 1, 0)], () => 0)
    const mails = [0, 1, 2].map((sequence) => pressure(4, 0, sequence))
    const { report } = stage.step(granted(8), [{ from: 1, to: 0, quantum: 7, mails }])
    expect(report.events).toEqual([{ quantum: 8, actor: 'gossip-0', code: 'crowded', fields: { mails: 3 } }])
    expect(stage.step(granted(9), []).report.events).toEqual([])
  })

  test('has said all of a quantum in its report: what comes later is no part of it', () => {
    const stage = new Stage(0, [new Gossip(0, 1, 0)], () => 0)
    const { report } = stage.step(granted(8), [])
    const mails = [0, 1, 2].map((sequence) => pressure(4, 0, sequence))
    stage.step(granted(9), [{ from: 1, to: 0, quantum: 8, mails }])
    expect(report.events).toEqual([])
  })

  test('goes on from its snapshot as if nothing had happened', () => {
    const make = (): Stage =>
      new Stage(
        0,
        [0, 1, 2, 3].map((ordinal) => new Gossip(ordinal, 4, 200)),
        () => 0,
      )
    const whole = make()
    let stage = make()
    let wholeBags: readonly Bag[] = []
    let bags: readonly Bag[] = []
    for (let quantum = 0; quantum < 200; quantum++) {
      wholeBags = whole.step(granted(quantum), wholeBags).bags
      bags = stage.step(granted(quantum), bags).bags
      if (quantum % 17 !== 0) continue
      const saved = structuredClone(stage.snapshot())
      stage = make()
      stage.restore(saved)
    }
    expect(bags).toEqual(wholeBags)
    const end = granted(200, { final: true })
    expect(stage.step(end, []).report).toEqual(whole.step(end, []).report)
  })

  test('has a digest that depends on the mail, its order, and the state', () => {
    const digests = (mails: readonly Mail[], ordinal = 0): string => {
      const stage = new Stage(0, [new Gossip(ordinal, 1, 0)], () => 0)
      stage.step(granted(1), [{ from: 1, to: 0, quantum: 0, mails }])
      return JSON.stringify(stage.step(granted(2, { final: true }), []).report.digests)
    }
    const some = [pressure(1, 0, 0), pressure(1, 0, 1)]
    expect(digests(some)).toBe(digests(some))
    expect(
      new Set([digests([]), digests(some), digests(some.toReversed()), digests([pressure(1, 0, 0), pressure(1, 0, 2)])]).size,
    ).toBe(4)
  })
})

describe('newcomers', () => {
  const join = (ordinal: number): Command => ({ kind: 'join', id: `gossip-${ordinal}`, ordinal, host: 'host-1' })
  const ACTORS = 5
  const COMMANDS: Readonly<Record<Quantum, readonly Command[]>> = { 20: [join(3)], 77: [join(4), { kind: 'stop', id: 'nobody' }] }
  const actorOf = (ordinal: number): Gossip => new Gossip(ordinal, ACTORS, 150)

  /** Those of the first three actors, and of the newcomers before `quantum`, that live on stage `id` of `stages`. */
  function stageOf(id: number, stages: number, quantum: Quantum): Stage {
    const present = [0, 1, 2, ...(quantum > 20 ? [3] : []), ...(quantum > 77 ? [4] : [])]
    const here = (ordinal: number): boolean => ordinal % stages === id
    return new Stage(
      id,
      present.filter(here).map(actorOf),
      (ordinal) => ordinal % stages,
      (command) => (command.kind === 'join' && here(command.ordinal) ? actorOf(command.ordinal) : undefined),
    )
  }

  /** The end of a run over so many stages, killed and restored before every quantum that `restarts` names. */
  function endOf(stages: number, restarts: (quantum: Quantum) => boolean = () => false): unknown {
    let all = Array.from({ length: stages }, (_, id) => stageOf(id, stages, 0))
    let bags: readonly Bag[] = []
    for (let quantum = 0; quantum < 160; quantum++) {
      if (restarts(quantum)) {
        const saved = all.map((stage) => structuredClone(stage.snapshot()))
        all = saved.map((_, id) => stageOf(id, stages, quantum))
        all.forEach((stage, id) => stage.restore(saved[id]!))
      }
      const commands = COMMANDS[quantum]
      // Nobody may write to those who are not there yet.
      const deliverable = bags.map((bag) => ({ ...bag, mails: bag.mails.filter(({ to }) => to < present(quantum)) }))
      bags = all.flatMap(
        (stage) =>
          stage.step(
            granted(quantum, commands && { commands }),
            deliverable.filter(({ to }) => to === stage.id),
          ).bags,
      )
    }
    const reports = all.map((stage) => stage.step(granted(160, { final: true }), []).report)
    return reports.flatMap(({ digests }) => digests!).toSorted((x, y) => x.ordinal - y.ordinal)
  }

  const present = (quantum: Quantum): number => (quantum < 20 ? 3 : quantum < 77 ? 4 : 5)

  test('take part from their quantum on, on whatever stage they live, and whoever is restored with them', () => {
    const whole = endOf(1)
    expect(whole).toHaveLength(ACTORS)
    expect(endOf(2)).toEqual(whole)
    expect(endOf(3)).toEqual(whole)
    expect(endOf(1, (quantum) => quantum % 7 === 0)).toEqual(whole)
    expect(endOf(2, () => true)).toEqual(whole)
  })

  test('sit by ordinal, and step in the quantum of their command, though none but a listener was due', () => {
    const log: string[] = []
    const listener = new Scribe(4, [])
    const told: Command[] = []
    const late = new Scribe(1, [], { 9: [[4, 1]] })
    for (const scribe of [listener, late]) {
      const step = scribe.step.bind(scribe)
      scribe.step = (now, inbox, out) => {
        log.push(`${now}:${scribe.ordinal}`)
        step(now, inbox, out)
      }
    }
    const stage = new Stage(
      0,
      [new Scribe(0, []), Object.assign(listener, { command: (c: Command) => void told.push(c) })],
      () => 0,
      () => late,
    )
    const { report } = stage.step(granted(9, { commands: [join(1)] }), [])
    expect(log).toEqual(['9:1', '9:4'])
    expect(told).toEqual([join(1)])
    expect(report.mails).toBe(1)
  })

  test('are not brought by a final grant', () => {
    const stage = stageOf(0, 1, 0)
    const { report } = stage.step(granted(20, { final: true, commands: COMMANDS[20]! }), [])
    expect(report.digests).toHaveLength(3)
  })
})
