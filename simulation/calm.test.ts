import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ActorEvent } from '#shared/actor.ts'
import type { Report } from '#shared/bus/bus.ts'
import { Calm } from './calm.ts'

const QUANTUM_NS = 10e6
const SECOND = 100

function event(quantum: number, code: string, host = 'host-1'): ActorEvent {
  return { quantum, actor: 'device-1', code, fields: { host, takenBytes: quantum } }
}

function report(...events: ActorEvent[]): Report {
  return { stage: 0, nextWake: 0, mails: 0, events }
}

/** What is told of a host that is pressed and eased in these quanta, alternately. */
function told(quanta: readonly number[], until: number, calm = new Calm(QUANTUM_NS), from = 0) {
  const all: ActorEvent[] = []
  for (let quantum = from; quantum < until; quantum++) {
    const index = quanta.indexOf(quantum)
    const events = index < 0 ? [] : [event(quantum, index % 2 === 0 ? 'share-pressed' : 'share-eased')]
    for (const { events: passed } of calm.of(quantum, [report(...events)])) all.push(...passed)
  }
  return all
}

const shown = (events: readonly ActorEvent[]) => events.map(({ quantum, code, fields }) => [quantum, code, fields['untold'] ?? 0])

describe('of a host that hovers about its share', () => {
  test('one pair a second is told, and with the next how many were not', () => {
    const each = Array.from({ length: 250 }, (_, quantum) => quantum)
    const events = told(each, 250)
    expect(shown(events)).toEqual([
      [0, 'share-pressed', 0],
      [1, 'share-eased', 0],
      [100, 'share-pressed', 49],
      [101, 'share-eased', 0],
      [200, 'share-pressed', 49],
      [201, 'share-eased', 0],
    ])
    expect(events[2]!.fields).toEqual({ host: 'host-1', takenBytes: 100, untold: 49, untoldSeconds: 0.49 })
  })

  test('what stays up is told when its time has come', () => {
    expect(shown(told([0, 10, 20, 30, 40, 500], 600))).toEqual([
      [0, 'share-pressed', 0],
      [10, 'share-eased', 0],
      [100, 'share-pressed', 1],
      [500, 'share-eased', 0],
    ])
  })

  test('a pressure that lasts is told from its beginning to its end', () => {
    expect(shown(told([5, 350, 460, 470], 600))).toEqual([
      [5, 'share-pressed', 0],
      [350, 'share-eased', 0],
      [460, 'share-pressed', 0],
      [470, 'share-eased', 0],
    ])
  })

  test('whatever it does: raise and lower alternate, all are counted, and at most one raise a second', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(gaps, (given) => {
        let at = 0
        const quanta = given.map((gap) => (at += gap))
        const end = at + 2 * SECOND
        const events = told(quanta, end)
        const raises = events.filter(({ code }) => code === 'share-pressed')
        events.forEach(({ code }, i) => expect(code).toBe(i % 2 === 0 ? 'share-pressed' : 'share-eased'))
        raises.slice(1).forEach(({ quantum }, i) => expect(quantum - raises[i]!.quantum).toBeGreaterThanOrEqual(SECOND))
        const counted = raises.reduce((sum, { fields }) => sum + 1 + Number(fields['untold'] ?? 0), 0)
        const begun = Math.ceil(quanta.length / 2)
        expect(counted).toBeLessThanOrEqual(begun)
        // Up at the end is told to be up.
        expect(events.length % 2).toBe(quanta.length % 2)
      }),
    )
  })

  test('a run that goes back to a snapshot tells the same again', () => {
    const quanta = Array.from({ length: 300 }, (_, i) => 3 * i)
    const whole = told(quanta, 900)
    const calm = new Calm(QUANTUM_NS)
    const before = told(quanta, 451, calm)
    const snapshot = calm.snapshot()
    told(quanta, 777, calm, 451)
    calm.restore(structuredClone(snapshot))
    expect([...before, ...told(quanta, 900, calm, 451)]).toEqual(whole)
  })
})

test('hosts are told of each for itself, and all other events pass as they are', () => {
  const calm = new Calm(QUANTUM_NS)
  const other = event(7, 'poison')
  const first = [report(event(7, 'share-pressed'), other, event(7, 'share-paused')), report(event(7, 'share-pressed', 'host-2'))]
  expect(calm.of(7, first)).toEqual(first)
  const quiet = [report(other)]
  expect(calm.of(8, quiet)).toBe(quiet)
})
