import { describe, expect, test } from 'vitest'
import { parseScenario } from '#shared/scenario.ts'
import { BATTLE } from './folder.fixture.ts'
import { labelsOf, marksFor, marksOf } from './marks.ts'
import type { RunEvent } from './record.ts'

function event(seconds: number, actor: string, code: string, fields: RunEvent['fields'] = {}): RunEvent {
  return { seconds, actor, code, fields }
}

const EVENTS = [
  event(0, 'one', 'started'),
  event(1, 'bear', 'attack'),
  event(2, 'device-1', 'low-threshold'),
  event(3, 'device-1', 'first-refusal', { host: 'host-1' }),
  event(4, 'device-1', 'first-refusal', { host: 'host-2' }),
  event(5, 'operator', 'inject', { workload: 'late' }),
  event(6, 'operator', 'inject', { workload: 'later' }),
  event(7, 'host-2', 'killed', { workload: 'two' }),
  event(8, 'device-2', 'caught-fire'),
]

describe('the timeline', () => {
  test('marks the first event of each kind and actor, all of the operators, and codes that nobody knows yet', () => {
    expect(marksOf(EVENTS).map(({ number, event: { actor, code } }) => `${number} ${actor} ${code}`)).toEqual([
      '1 bear attack',
      '2 device-1 low-threshold',
      '3 device-1 first-refusal',
      '4 operator inject',
      '5 operator inject',
      '6 host-2 killed',
      '7 device-2 caught-fire',
    ])
  })

  test('shows an actor what concerns it: its own, its hosts and devices, what operators did', () => {
    const scenario = parseScenario(BATTLE, 'battle')
    const numbers = (actor: string) => marksFor(marksOf(EVENTS), actor, scenario).map(({ number }) => number)
    expect(numbers('device-1')).toEqual([1, 2, 3, 4, 5, 6])
    // host-2 has no part in it.
    expect(numbers('device-2')).toEqual([1, 4, 5, 7])
    expect(numbers('host-1')).toEqual([1, 2, 3, 4, 5, 7])
    // The bear is on host-1.
    expect(numbers('host-2')).toEqual([2, 3, 4, 5, 6])
  })

  test('labels that would overlap become one', () => {
    const marks = [1, 1.2, 1.4, 5, 9].map((seconds, i) => ({ number: i + 1, seconds, event: EVENTS[0]! }))
    expect(labelsOf(marks, 0.5)).toEqual([
      { seconds: 1, text: '1–3' },
      { seconds: 5, text: '4' },
      { seconds: 9, text: '5' },
    ])
    const gapped = marks.filter(({ number }) => number !== 2)
    expect(labelsOf(gapped, 0.5)[0]).toEqual({ seconds: 1, text: '1, 3' })
  })
})
