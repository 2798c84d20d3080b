import { describe, expect, test } from 'vitest'
import type { ActorEvent, Outbox } from '#shared/actor.ts'
import type { Mail } from '#shared/messages.ts'
import { Conductor } from './conductor.ts'

const ORDINALS: Readonly<Record<string, number>> = { one: 5, two: 6, three: 7 }

class Desk {
  readonly events: ActorEvent['code'][] = []
  readonly sent: string[] = []
  readonly out: Outbox = {
    send: (to, kind) => void this.sent.push(`${kind} → ${to}`),
    event: (code) => void this.events.push(code),
  }
}

function conductorOf(workloads: number): Conductor {
  return new Conductor({ id: 'conductor', ordinal: 0, workloads, ordinalOf: (id) => ORDINALS[id] })
}

function left(from: number): Mail {
  return { from, to: 0, sequence: 0, kind: 'left', body: {} }
}

test('the conductor knows when every workload has left, each counted once', () => {
  const { out, events } = new Desk()
  const conductor = conductorOf(2)
  conductor.step(1, [left(5), left(5)], out)
  expect(conductor.allLeft).toBe(false)
  const restored = conductorOf(2)
  restored.restore(structuredClone(conductor.snapshot()))
  restored.step(2, [left(6)], out)
  expect(restored.allLeft).toBe(true)
  expect(restored.observe()).toEqual({ left: 2 })
  expect(events).toEqual(['all-left'])
})

describe('a newcomer', () => {
  test.each([
    { kind: 'inject', id: 'three', ordinal: 7, workload: {} },
    { kind: 'join', id: 'three', ordinal: 7, host: 'host-1' },
  ] as const)('by $kind is one more to wait for, also after a restore, and all may have left more than once', (command) => {
    const { out, events } = new Desk()
    const conductor = conductorOf(1)
    conductor.step(1, [left(5)], out)
    expect(conductor.allLeft).toBe(true)
    conductor.command(command)
    conductor.step(2, [], out)
    expect(conductor.allLeft).toBe(false)
    const restored = conductorOf(1)
    restored.restore(structuredClone(conductor.snapshot()))
    expect(restored.allLeft).toBe(false)
    restored.step(3, [left(7)], out)
    expect(restored.allLeft).toBe(true)
    expect(events).toEqual(['all-left', 'all-left'])
  })
})

describe('a stop', () => {
  test('goes to its workload as mail, in the step of its quantum, once', () => {
    const { out, sent } = new Desk()
    const conductor = conductorOf(3)
    conductor.command({ kind: 'stop', id: 'two' })
    expect(sent).toEqual([])
    conductor.step(4, [], out)
    conductor.step(5, [], out)
    expect(sent).toEqual(['stop → 6'])
  })

  test('for one that has left, or that nobody knows, is no mail and says nothing', () => {
    const { out, sent, events } = new Desk()
    const conductor = conductorOf(1)
    conductor.step(3, [left(5)], out)
    conductor.command({ kind: 'stop', id: 'one' })
    conductor.command({ kind: 'stop', id: 'nobody' })
    conductor.step(4, [], out)
    expect(sent).toEqual([])
    expect(events).toEqual(['all-left'])
  })
})
