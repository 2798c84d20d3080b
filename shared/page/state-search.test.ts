import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PAGE_STATES } from './lifecycle.ts'
import { findState } from './state-search.ts'

test('finds the pages of any range that are in a state, wherever the column lies in its buffer', () => {
  const most = PAGE_STATES.length - 1
  fc.assert(
    fc.property(
      // Any byte, and mostly the states that there are.
      fc.array(fc.oneof({ weight: 9, arbitrary: fc.nat(most) }, fc.nat(255)), { maxLength: 90 }),
      fc.nat(most),
      fc.nat(9),
      fc.nat(90),
      fc.nat(90),
      (states, wanted, offset, a, b) => {
        const column = new Uint8Array(new ArrayBuffer(states.length + offset), offset)
        column.set(states)
        const [from, end] = [Math.min(a, b, states.length), Math.min(Math.max(a, b), states.length)]
        const found = new Uint32Array(end - from + 1)
        const count = findState(column, wanted, from, end, found)
        const expected = states.flatMap((state, page) => (state === wanted && page >= from && page < end ? [page] : []))
        expect([...found.subarray(0, count)]).toEqual(expected)
      },
    ),
    { numRuns: 500 },
  )
})
