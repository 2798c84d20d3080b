import { describe, expect, test } from 'vitest'
import type { Report } from '#shared/bus/bus.ts'
import { Attention } from './attention.ts'

const SECOND = 1000

function reports(...codes: string[]): Report[] {
  const events = codes.map((code) => ({ quantum: 0, actor: 'device-1', code, fields: {} }))
  return [{ stage: 0, nextWake: Infinity, mails: 0, events }]
}

/** What is asked in each of these quanta, when in some of them something happened. */
function asked(attention: Attention, quanta: readonly number[], happened: Readonly<Record<number, readonly string[]>>) {
  return quanta.flatMap((quantum) => {
    const { mailFrom } = attention.asks(quantum)
    attention.notice(quantum, reports(...(happened[quantum] ?? [])))
    return mailFrom === undefined ? [] : [[quantum, mailFrom]]
  })
}

describe('attention', () => {
  test('asks for two quanta before to two after an event, and for nothing where nothing happened', () => {
    const quanta = [8, 9, 10, 11, 12, 13, 14]
    expect(asked(new Attention(SECOND), quanta, {})).toEqual([])
    expect(asked(new Attention(SECOND), quanta, { 10: ['poison'] })).toEqual([
      [11, 8],
      [12, 8],
    ])
    expect(asked(new Attention(SECOND), quanta, { 10: ['poison'], 11: ['killed'] })).toEqual([
      [11, 8],
      [12, 9],
      [13, 9],
    ])
  })

  test('asks in the next grant, however far it is', () => {
    expect(asked(new Attention(SECOND), [10, 500, 501], { 10: ['poison'] })).toEqual([[500, 8]])
  })

  test('of a flood of one kind heeds the first in each second, and overlooks no other kind', () => {
    const flood = Object.fromEntries(Array.from({ length: 2 * SECOND }, (_, quantum) => [quantum, ['low-threshold']]))
    const quanta = Array.from({ length: 2 * SECOND }, (_, quantum) => quantum)
    const many = asked(new Attention(SECOND), quanta, flood)
    expect(many.length).toBeLessThan(20)
    const rare = asked(new Attention(SECOND), quanta, { ...flood, 900: ['low-threshold', 'killed'] })
    expect(rare).toContainEqual([901, 898])
    expect(rare).toContainEqual([902, 898])
  })

  test('is bounded in kinds', () => {
    const attention = new Attention(SECOND)
    for (let i = 0; i < 64; i++) attention.notice(10 * i, reports(`code-${i}`))
    attention.asks(700)
    attention.notice(710, reports('one-more'))
    expect(attention.asks(711)).toEqual({})
  })

  test('of a run that goes on from a snapshot heeds the quantum before it', () => {
    expect(asked(new Attention(SECOND, 99), [100, 101, 102], {})).toEqual([
      [100, 97],
      [101, 97],
    ])
  })
})
