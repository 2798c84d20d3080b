import { describe, expect, test } from 'vitest'
import type { Grant } from './bus/bus.ts'
import { Gossip } from './bus/gossip.fixture.ts'
import { MemoryBus } from './bus/memory.ts'
import type { Mail } from './messages.ts'
import { LINES_MAX, type HeardMail, mergedMail, RecentMail } from './recent-mail.ts'
import { Stage } from './stage.ts'

const ACTORS = 5

/** All that stages tell when they are asked in some of the quanta, and all mail that was handed to them. */
async function chat(stages: number, askedIn: (quantum: number) => number | undefined) {
  const delivered = new Map<number, Mail[]>()
  const bus = new MemoryBus((bag) => {
    delivered.set(bag.quantum + 1, [...(delivered.get(bag.quantum + 1) ?? []), ...bag.mails])
    return bag
  })
  for (let stage = 0; stage < stages; stage++) {
    const own = Array.from({ length: ACTORS }, (_, ordinal) => ordinal).filter((ordinal) => ordinal % stages === stage)
    const actors = own.map((ordinal) => new Gossip(ordinal, ACTORS, 100))
    await bus.join(stage, new Stage(stage, actors, (ordinal) => ordinal % stages))
  }
  const told: HeardMail[] = []
  for (let quantum = 0; quantum < 60; quantum++) {
    const mailFrom = askedIn(quantum)
    const grant: Grant = { quantum, observe: false, final: false, ...(mailFrom !== undefined && { mailFrom }) }
    const reports = await bus.grant(grant)
    told.push(
      ...mergedMail(
        reports.flatMap(({ heard = [] }) => heard),
        ACTORS,
      ),
    )
  }
  return { told, delivered }
}

describe('what stages remember of their mail', () => {
  test.each([1, 2, 5])('is, of %i together, all that was delivered, in the order of delivery, once', async (stages) => {
    const { told, delivered } = await chat(stages, (quantum) => (quantum % 3 === 2 ? quantum - 2 : undefined))
    expect(told.map(({ quantum }) => quantum)).toEqual(Array.from({ length: 60 }, (_, quantum) => quantum))
    for (const { quantum, lines, more } of told) {
      const mails = (delivered.get(quantum) ?? []).toSorted((x, y) => x.to - y.to || x.from - y.from || x.sequence - y.sequence)
      const apart = [...new Set(mails.map(({ from, to, kind }) => `${from} ${to} ${kind}`))]
      expect(lines.map(({ from, to, kind }) => `${from} ${to} ${kind}`)).toEqual(apart)
      for (const { from, to, kind, mails: count, pages } of lines) {
        const same = mails.filter((mail) => mail.from === from && mail.to === to && mail.kind === kind)
        expect(count).toBe(same.length)
        expect(pages).toBe(same.reduce((sum, mail) => sum + (mail.kind === 'promote' ? mail.body.pages.length : 0), 0))
      }
      expect(more).toBe(0)
    }
  })

  test('is the same however the actors are spread', async () => {
    const asked = (quantum: number): number | undefined => (quantum % 7 < 2 ? quantum - 2 : undefined)
    expect((await chat(1, asked)).told).toEqual((await chat(3, asked)).told)
  })

  test('is of the last quanta alone, and nothing older than is asked for', () => {
    const recent = new RecentMail()
    for (let quantum = 0; quantum < 10; quantum++) recent.hear(quantum, [])
    expect(recent.tell(8).map(({ quantum }) => quantum)).toEqual([8, 9])
    expect(recent.tell(0)).toEqual([])
    for (let quantum = 10; quantum < 20; quantum++) recent.hear(quantum, [])
    expect(recent.tell(0).map(({ quantum }) => quantum)).toEqual([16, 17, 18, 19])
  })

  test('is of so many more as any stage may have gone ahead when an event becomes known', () => {
    const recent = new RecentMail()
    for (let quantum = 0; quantum < 110; quantum++) recent.hear(quantum, [], true)
    const told = recent.tell(0).map(({ quantum }) => quantum)
    expect([told[0], told.at(-1), told.length]).toEqual([110 - 4 - 32, 109, 36])
    for (let quantum = 110; quantum < 150; quantum++) recent.hear(quantum, [], quantum < 120)
    expect(recent.tell(0)).toHaveLength(36)
    for (let quantum = 150; quantum < 200; quantum++) recent.hear(quantum, [])
    expect(recent.tell(0)).toHaveLength(4)
  })

  test('is told up to a quantum, and what comes behind it later', () => {
    const recent = new RecentMail()
    for (let quantum = 0; quantum < 10; quantum++) recent.hear(quantum, [], true)
    expect(recent.tell(3, 5).map(({ quantum }) => quantum)).toEqual([3, 4, 5])
    expect(recent.tell(0).map(({ quantum }) => quantum)).toEqual([6, 7, 8, 9])
  })

  test('is bounded, and says how much it leaves out; who names nobody is left out', () => {
    const recent = new RecentMail()
    const mails = Array.from({ length: LINES_MAX + 10 }, (_, from): Mail => ({
      from,
      to: 0,
      sequence: 0,
      kind: 'poll',
      body: {},
    }))
    recent.hear(5, [{ from: 0, to: 0, quantum: 4, mails }])
    const [told] = recent.tell(5)
    expect([told!.lines.length, told!.more]).toEqual([LINES_MAX, 10])
    expect(mergedMail([told!], 3)[0]!.lines.map(({ from }) => from)).toEqual([0, 1, 2])
    expect(mergedMail([told!, { ...told!, lines: told!.lines.slice(0, 5) }], LINES_MAX)[0]!.more).toBe(10 + 10 + 5)
  })
})
