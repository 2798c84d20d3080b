import { expect, test } from 'vitest'
import type { Outbox } from '#shared/actor.ts'
import type { Mail } from '#shared/messages.ts'
import { Conductor } from './conductor.ts'

function left(from: number): Mail {
  return { from, to: 0, sequence: 0, kind: 'left', body: {} }
}

test('the conductor knows when every workload has left, each counted once', () => {
  const events: string[] = []
  const out: Outbox = { send: () => undefined, event: (code) => void events.push(code) }
  const conductor = new Conductor({ id: 'conductor', ordinal: 0, workloads: 2 })
  conductor.step(1, [left(5), left(5)], out)
  expect(conductor.allLeft).toBe(false)
  const restored = new Conductor({ id: 'conductor', ordinal: 0, workloads: 2 })
  restored.restore(structuredClone(conductor.snapshot()))
  restored.step(2, [left(6)], out)
  expect(restored.allLeft).toBe(true)
  expect(restored.observe()).toEqual({ left: 2 })
  expect(events).toEqual(['all-left'])
})
