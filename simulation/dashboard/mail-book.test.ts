import { expect, test } from 'vitest'
import { MailBook } from './mail-book.ts'

const heard = (quantum: number, lines: number) => ({
  quantum,
  lines: Array.from({ length: lines }, () => ({ from: 'a', to: 'b', kind: 'poll' as const, mails: 1, pages: 0 })),
  more: 0,
})

test('when it is full it lets go what lies around no mark that is kept, then the oldest', () => {
  const book = new MailBook(100)
  const known = () =>
    Array.from({ length: 120 }, (_, quantum) => quantum).filter((q) => book.around(q).some((h) => h.quantum === q))
  for (let quantum = 0; quantum < 10; quantum++) book.add(heard(quantum, 10), () => [4])
  expect(known()).toHaveLength(10)
  book.add(heard(10, 10), () => [4])
  expect(known()).toEqual([2, 3, 4, 5, 6])
  for (let quantum = 20; quantum < 26; quantum++) book.add(heard(quantum, 10), () => [4, 22])
  expect(known()).toEqual([5, 6, 20, 21, 22, 23, 24])
  book.add(heard(26, 10), () => [4, 22, 24])
  expect(known()).toEqual([5, 6, 20, 21, 22, 23, 24, 26])
})
