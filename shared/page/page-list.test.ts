import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PageList } from './page-list.ts'

test('a page list is an array that can be cleared, and what was taken from it is a copy', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { freq: 20 }), { maxLength: 200 }), (steps) => {
      const list = new PageList(1)
      let expected: number[] = []
      for (const value of steps) {
        if (value === null) {
          list.clear()
          expected = []
        } else {
          list.push(value)
          expected.push(value)
        }
      }
      const taken = list.take()
      expect([...taken]).toEqual(expected)
      list.push(7)
      list.items[0] = 1
      expect([...taken]).toEqual(expected)
      expect([...PageList.from(taken).take()]).toEqual(expected)
    }),
  )
})
