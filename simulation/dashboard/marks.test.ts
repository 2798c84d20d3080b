import { expect, test } from 'vitest'
import { Marks } from './marks.ts'

const event = (quantum: number, code: string) => ({ quantum, actor: 'device-1', code, fields: {} })

test('many events of one kind do not push out the few of another; all are given in order', () => {
  const marks = new Marks()
  marks.add(event(1, 'poison'))
  for (let quantum = 2; quantum < 5000; quantum++) marks.add(event(quantum, 'low-threshold'))
  expect(marks.items[0]).toEqual(event(1, 'poison'))
  expect(marks.items).toHaveLength(201)
  expect(marks.items.at(-1)!.quantum).toBe(4999)
  marks.clear()
  expect(marks.items).toEqual([])
})

test('kinds, fields and texts from outside are bounded', () => {
  const marks = new Marks()
  for (let i = 0; i < 1000; i++) marks.add(event(i, `code-${i}`))
  expect(marks.items).toHaveLength(64)
  expect(marks.add(event(1, 'one more'))).toBeUndefined()
  const fields = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`field-${i}`, 'x'.repeat(1000)]))
  const kept = marks.add({ quantum: 1, actor: 'a'.repeat(1000), code: 'code-1', fields })!
  expect(JSON.stringify(kept).length).toBeLessThan(3000)
})
