import { expect, it } from 'vitest'
import { readTrace } from './reading.fixture.ts'

const on = { pid: 1, tid: 1 }
const step = (ts: number) => ({ ...on, name: 'step', ph: 'X', cat: 'step', ts, dur: 1000 })
const span = (ph: 'b' | 'e', ts: number) => ({ ...on, name: 'demote', ph, cat: 'demotion', id: '1', ts })
const arrow = (ph: 's' | 'f', ts: number) => ({ ...on, name: 'load', ph, cat: 'mail', id: 0, ts, ...(ph === 'f' && { bp: 'e' }) })
const counter = (ts: number) => ({ ...on, name: 'headroom', ph: 'C', ts, args: { bytes: 1 } })

const read = (events: readonly object[]) => {
  const name = { ...on, name: 'process_name', ph: 'M', args: { name: 'host-1' } }
  return readTrace(JSON.stringify({ traceEvents: [name, ...events], displayTimeUnit: 'ns' }))
}

it('takes a trace in which everything has its other half', () => {
  const events = [step(0), arrow('s', 500), step(1000), arrow('f', 1250), span('b', 0), span('e', 2000), counter(0), counter(1)]
  expect(read(events).events).toHaveLength(events.length + 1)
})

it.each([
  ['an event without a time', [{ ...counter(0), ts: undefined }], 'a time'],
  ['an event of a process without a name', [{ ...counter(0), pid: 2, tid: 2 }], 'its process has a name'],
  ['slices that overlap', [step(0), step(999)], 'slices do not overlap'],
  ['a span that does not end', [span('b', 0)], 'every span ends'],
  ['a span that did not begin', [span('e', 0)], 'a span ends after it began'],
  ['a span that begins twice', [span('b', 0), span('e', 1), span('b', 2)], 'a span begins once'],
  ['a counter that goes back', [counter(1), counter(0)], 'a counter goes on in time'],
  ['an arrow that does not arrive', [step(0), arrow('s', 500)], 'as many arrows arrive as depart'],
  ['an arrow beside its slice', [step(0), arrow('s', 500), step(1000), arrow('f', 2000)], 'both ends are in slices'],
] as const)('refuses %s', (_, events, why) => {
  expect(() => read(events)).toThrow(why)
})
