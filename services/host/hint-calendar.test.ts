import { describe, expect, test } from 'vitest'
import { HINTED, PageTable } from '#shared/page/page-table.ts'
import { HintCalendar, hintTime, sinceHint } from './hint-calendar.ts'

function marked(times: Readonly<Record<number, number>>): { table: PageTable; calendar: HintCalendar } {
  const table = new PageTable(64)
  const calendar = new HintCalendar()
  for (const [page, time] of Object.entries(times)) {
    table.flags[Number(page)]! |= HINTED
    table.known[Number(page)] = time
    calendar.add(Number(page), time)
  }
  return { table, calendar }
}

/** The host's part: the mark is gone once the fault was taken. */
function due(calendar: HintCalendar, table: PageTable, now: number): number[] {
  const pages: number[] = []
  calendar.due(now, table, (page) => {
    table.flags[page]! &= ~HINTED
    pages.push(page)
  })
  return pages
}

test('a page faults at the first question at or after its time, once', () => {
  const { table, calendar } = marked({ 1: 500, 2: 999, 3: 1000, 4: 2500 })
  expect(due(calendar, table, 499)).toEqual([])
  expect(due(calendar, table, 999)).toEqual([1, 2])
  expect(due(calendar, table, 1000)).toEqual([3])
  expect(due(calendar, table, 9000)).toEqual([4])
  expect(due(calendar, table, 2_000_000)).toEqual([])
})

test('a time beyond the horizon of 10.24 s waits for its turn, and is not early', () => {
  const { table, calendar } = marked({ 1: 3_000_500 })
  for (let now = 0; now < 3_000_000; now += 77_777) expect(due(calendar, table, now)).toEqual([])
  expect(due(calendar, table, 3_000_499)).toEqual([])
  expect(due(calendar, table, 3_000_500)).toEqual([1])
})

test('a leap over more than a turn still finds everything that fell due', () => {
  const { table, calendar } = marked({ 1: 10, 2: 900_000, 3: 5_000_000, 4: 20_000_001 })
  expect(due(calendar, table, 20_000_000).toSorted((x, y) => x - y)).toEqual([1, 2, 3])
  expect(due(calendar, table, 20_000_001)).toEqual([4])
})

test('a page that lost its mark does not fault, and one that was marked again faults at its new time', () => {
  const { table, calendar } = marked({ 1: 500, 2: 500 })
  table.flags[1]! &= ~HINTED
  table.known[2] = 700
  calendar.add(2, 700)
  expect(due(calendar, table, 600)).toEqual([])
  expect(due(calendar, table, 700)).toEqual([2])
})

test('a snapshot continues as the original', () => {
  const { table, calendar } = marked({ 1: 500, 2: 2_000_000 })
  const copy = new HintCalendar()
  copy.restore(structuredClone(calendar.snapshot()))
  expect(due(copy, table, 2_000_000)).toEqual([1, 2])
})

describe('the time from scan to fault', () => {
  test.each([
    [0, 0, 0],
    [1_230, 5_000, 3_770],
    [70_000, 70_010, 10],
    [1_000, 66_600, 65_600],
    [650_000, 660_000, 10_000],
  ])('from %d ms to %d ms is %d ms', (from, to, ms) => {
    expect(sinceHint(hintTime(from * 1e6), to * 1e6)).toBe(ms)
  })
})
