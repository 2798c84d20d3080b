import { describe, expect, test } from 'vitest'
import { groupWords, lineWords, sequenceOf, toneOf } from './sequence.ts'

const ORDER = ['conductor', 'host-1', 'host-2', 'device-1', 'promoter-1', 'bear']
const MARK = { quantum: 10, actor: 'device-1', code: 'low-threshold', fields: {} }

const line = (
  from: string,
  to: string,
  kind: 'demote' | 'pressure' | 'hotlist' | 'poisoned' = 'demote',
  mails = 1,
  pages = 0,
) => ({
  from,
  to,
  kind,
  mails,
  pages,
})

const HEARD = [
  { quantum: 9, lines: [line('bear', 'host-2')], more: 0 },
  { quantum: 10, lines: [line('host-2', 'device-1'), line('host-1', 'promoter-1')], more: 0 },
  { quantum: 11, lines: [line('device-1', 'host-1', 'pressure'), line('device-1', 'host-2', 'pressure')], more: 3 },
]

describe('a sequence', () => {
  test('has the actors that took part, in the scenario’s order, and the events of its quanta', () => {
    const other = { quantum: 11, actor: 'host-1', code: 'first-fault', fields: {} }
    const { actors, groups } = sequenceOf(MARK, HEARD, [MARK, other, { ...MARK, quantum: 99 }], ORDER)
    expect(actors).toEqual(['host-1', 'host-2', 'device-1', 'promoter-1', 'bear'])
    expect(groups.map(({ away, lines, marks, more }) => [away, lines.length, marks.length, more])).toEqual([
      [-1, 1, 0, 0],
      [0, 2, 1, 0],
      [1, 2, 1, 3],
    ])
  })

  test('may be of one actor alone; who is not in the scenario comes last', () => {
    const { actors, groups } = sequenceOf(MARK, HEARD, [MARK], ['device-1', 'host-2'], new Set(['device-1']))
    expect(actors).toEqual(['device-1', 'host-2', 'host-1'])
    expect(groups.flatMap(({ lines }) => lines.map(({ from, to }) => `${from} ${to}`))).toEqual([
      'host-2 device-1',
      'device-1 host-1',
      'device-1 host-2',
    ])
  })

  test('is bounded, and says what it leaves out', () => {
    const many = Array.from({ length: 500 }, () => line('host-1', 'device-1'))
    const { groups } = sequenceOf(MARK, [{ quantum: 10, lines: many, more: 5 }, ...HEARD.slice(2)], [], ORDER)
    expect(groups.map(({ lines, more }) => [lines.length, more])).toEqual([
      [300, 205],
      [0, 5],
    ])
  })

  test('is said in words', () => {
    expect(lineWords(line('a', 'b', 'demote', 3, 1234))).toBe('demote ×3, 1,234 pages')
    expect(lineWords(line('a', 'b', 'hotlist', 1, 1))).toBe('hotlist, 1 unit')
    expect(lineWords(line('a', 'b', 'pressure'))).toBe('pressure')
    expect([-2, -1, 0, 1, 2].map((away) => groupWords({ quantum: 10 + away, away }))).toEqual([
      'quantum 8, heard 2 quanta before',
      'quantum 9, heard in the quantum before',
      'quantum 10, heard when it happened',
      'quantum 11, said when it happened, heard in the next quantum',
      'quantum 12, heard 2 quanta later',
    ])
    expect([line('a', 'b'), line('a', 'b', 'pressure'), line('a', 'b', 'poisoned')].map(toneOf)).toEqual([
      'plain',
      'warn',
      'alarm',
    ])
  })
})
