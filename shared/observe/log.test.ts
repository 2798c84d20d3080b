import { expect, test } from 'vitest'
import { Seldom } from './log.ts'

test('a warning passes once a second, with how many were held back', () => {
  let nowMs = 0
  const seldom = new Seldom(() => nowMs)
  const said: number[] = []
  const at = (ms: number): void => {
    nowMs = ms
    seldom.say((held) => said.push(held))
  }
  at(0)
  at(1)
  at(999)
  expect(said).toEqual([0])
  at(1000)
  at(1001)
  at(5000)
  at(5999)
  at(6000)
  expect(said).toEqual([0, 2, 1, 1])
})
