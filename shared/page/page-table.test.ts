import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvariantError } from '../errors.ts'
import { PAGE_EVENTS, PAGE_STATES } from './lifecycle.ts'
import { BYTES_PER_PAGE_ENTRY, PageTable } from './page-table.ts'
import { EVENT_BITS, FREE, ILLEGAL, TRANSITIONS } from './transitions.ts'

type Column = Uint8Array | Uint16Array | Uint32Array

/** Everything in the table that has an entry per page, found by looking, so that a new column is counted too. */
function columns(table: PageTable): [string, Column][] {
  return Object.entries(table).filter((entry): entry is [string, Column] => {
    const value: unknown = entry[1]
    return ArrayBuffer.isView(value) && (value as Column).length === table.capacity
  })
}

function bytesOf(table: PageTable): number {
  return columns(table).reduce((sum, [, column]) => sum + column.byteLength, 0)
}

/** A table whose every entry holds something of its own. */
function filled(capacity: number): PageTable {
  const table = new PageTable(capacity)
  table.hint(0, 1)
  for (const [, column] of columns(table)) for (let page = 0; page < capacity; page++) column[page] = page * 37 + 11
  return table
}

describe('the page table', () => {
  test('takes at most 16 bytes a page, so that 1 TiB of 4 KiB pages fits in 4 GiB', () => {
    const pages = 4096
    expect(columns(filled(pages)).length).toBe(7)
    expect(bytesOf(filled(pages)) / pages).toBeLessThanOrEqual(16)
    expect(bytesOf(filled(pages)) / pages).toBeLessThanOrEqual(BYTES_PER_PAGE_ENTRY)
    expect((2 ** 40 / 4096) * BYTES_PER_PAGE_ENTRY).toBeLessThanOrEqual(4 * 2 ** 30)
  })

  test('keeps times of scans only where there was a scan', () => {
    const table = new PageTable(4096)
    table.grow(5000)
    expect(table.hintedAt.length).toBe(0)
    table.hint(4999, 7)
    expect([table.hintedAt.length, table.hintedAt[4999]]).toEqual([table.capacity, 7])
  })

  test('keeps its content when it grows, and new entries are zero', () => {
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 300 }), fc.integer({ min: 1, max: 2000 }), (capacity, wanted) => {
        const table = filled(capacity)
        const before = columns(filled(capacity))
        table.grow(wanted)
        expect(table.capacity).toBe(wanted <= capacity ? capacity : Math.max(wanted, capacity + (capacity >>> 3)))
        const after = columns(table)
        expect(after.map(([name]) => name)).toEqual(before.map(([name]) => name))
        after.forEach(([name, column], i) => {
          expect(column.subarray(0, capacity), name).toEqual(before[i]![1])
          expect(column.subarray(capacity).every((value) => value === 0)).toBe(true)
        })
      }),
    )
  })

  test('counts the pages in each state, and every transition, over any legal life', () => {
    const pages = 16
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(pages - 1), fc.nat(PAGE_EVENTS.length - 1)), { maxLength: 300 }), (steps) => {
        const table = new PageTable(pages)
        table.counts[FREE] = pages
        let transitions = 0
        for (const [page, event] of steps) {
          const legal = TRANSITIONS[(table.state[page]! << EVENT_BITS) | event] !== ILLEGAL
          if (legal) {
            table.apply(page, event)
            transitions++
          } else expect(() => table.apply(page, event)).toThrow(InvariantError)
        }
        const recounted = new Float64Array(PAGE_STATES.length)
        for (const state of table.state) recounted[state]!++
        expect(table.counts).toEqual(recounted)
        expect(table.transitions).toBe(transitions)
      }),
    )
  })

  test('comes back from its snapshot, detached from it', () => {
    const table = filled(100)
    table.counts.set([1, 2, 3])
    table.transitions = 5
    const saved = table.snapshot()
    const restored = new PageTable(8)
    restored.restore(saved)
    expect(restored).toEqual(table)
    restored.state[0] = 3
    restored.counts[0] = 9
    expect(saved).toEqual(table.snapshot())
  })
})
