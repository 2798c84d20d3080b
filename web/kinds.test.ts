import { expect, test } from 'vitest'
import { KINDS, type Kind, kindOf, loudOf, nearest } from './kinds.ts'

const mark = (code: string, fields = {}, quantum = 5) => ({ quantum, actor: 'host-1', code, fields })

test.each<[Kind, string, object]>([
  ['refusal', 'first-refusal', {}],
  ['interrupt', 'low-threshold', {}],
  ['share', 'share-paused', {}],
  ['fault', 'first-fault', {}],
  ['workload', 'started', {}],
  ['oom', 'killed', { cause: 'oom' }],
  ['poison', 'killed', { cause: 'sigbus' }],
  ['poison', 'poison', {}],
  ['other', 'constructor', {}],
])('%s is what %s %j is about', (kind, code, fields) => {
  expect(kindOf(mark(code, fields))).toBe(kind)
  expect(KINDS).toContain(kind)
})

test('every chart shows pauses, kills and faults, and no phases or starts at the beginning', () => {
  const loud = ['share-paused', 'killed', 'first-fault', 'poison', 'attack'].map((code) => mark(code))
  const quiet = [mark('phase'), mark('ended'), mark('started', {}, 0), mark('all-left')]
  expect(loudOf([...quiet, ...loud])).toEqual(loud)
})

test('a click means the mark that is nearest, if one is near', () => {
  const marks = [10, 17, 40].map((quantum) => mark('poison', {}, quantum))
  const at = (x: number) => nearest(marks, ({ quantum }) => quantum - x)?.quantum
  expect([at(12), at(15), at(30), at(46)]).toEqual([10, 17, undefined, 40])
})
