import { beforeEach, describe, expect, test } from 'vitest'
import { tinyStatus } from '../cluster/tiny.fixture.ts'
import { Board, type Messages, type News, type Whole } from './board.ts'

const STATUS = tinyStatus({ run: 'one', cluster: 'test', quantum: 100, quanta: 100, virtualSeconds: 0.1, pace: 1 })

const sample = (seconds: number) => ({
  quantum: seconds * 1000,
  virtualSeconds: seconds,
  telemetry: { 'device-1': { usedBytes: seconds * 10, utilisation: Infinity, strange: 1 }, nobody: { usedBytes: 1 } },
})

let told: [keyof Messages, Whole | News][]
let board: Board

beforeEach(() => {
  told = []
  board = new Board(true, (name, message) => void told.push([name, message]))
})

function place(whole: Whole, actor: string, key: string): number {
  return 1 + whole.columns.flatMap(([id, keys]) => keys.map((name) => `${id} ${name}`)).indexOf(`${actor} ${key}`)
}

describe('a board', () => {
  test('tells a page that comes the whole run so far, and then what is new, once', () => {
    board.status(STATUS)
    board.sample(sample(0.2))
    board.events({ quantum: 150, events: [{ quantum: 150, actor: 'device-1', code: 'low-threshold', fields: {} }] })
    board.flush()
    board.flush()
    expect(told.map(([name]) => name)).toEqual(['whole', 'news'])
    const { whole } = board
    expect(told[1]![1]).toMatchObject({ rows: whole.rows, marks: whole.marks, quantumSeconds: 0.001 })
    expect(whole).toMatchObject({ acts: true, status: { run: 'one' } })
    expect(whole.rows[0]![0]).toBe(0.2)
    expect(whole.rows[0]![place(whole, 'device-1', 'usedBytes')]).toBe(2)
  })

  test('has no value for what was not reported or is not finite', () => {
    board.status(STATUS)
    board.sample(sample(0.2))
    const { whole } = board
    expect(whole.rows[0]![place(whole, 'device-1', 'utilisation')]).toBeNull()
    expect(whole.rows[0]![place(whole, 'host-1', 'refused')]).toBeNull()
    expect(place(whole, 'promoter-1', 'pending')).toBeGreaterThan(0)
    expect(place(whole, 'device-1', 'strange')).toBe(0)
  })

  test('forgets a run when another begins, and keeps it when the same goes on', () => {
    board.status(STATUS)
    board.sample(sample(0.2))
    board.status({ ...STATUS, generation: 2 })
    expect(board.whole.rows).toHaveLength(1)
    board.status({ ...STATUS, run: 'two' })
    expect(board.whole.rows).toHaveLength(0)
    expect(told.map(([name]) => name)).toEqual(['whole', 'whole'])
  })

  test('has the last sample of the run that goes on, and none of another', () => {
    expect(board.latest).toEqual({ status: undefined, sample: undefined })
    board.status(STATUS)
    board.sample(sample(0.2))
    board.sample(sample(0.3))
    expect(board.latest).toEqual({ status: STATUS, sample: sample(0.3) })
    board.status({ ...STATUS, run: 'two' })
    expect(board.latest).toEqual({ status: { ...STATUS, run: 'two' }, sample: undefined })
  })

  test('tells a run in a hurry in portions, never without the newest sample', () => {
    board.status(STATUS)
    for (let i = 1; i <= 1000; i++) board.sample(sample(i / 10))
    board.flush()
    const { rows } = told.at(-1)![1] as News
    expect(rows.length).toBeLessThanOrEqual(20)
    expect(rows.at(-1)![0]).toBe(100)
  })

  test('knows the mail around a quantum, once, and forgets it with its run', () => {
    const heard = (quantum: number, mails = 1) => ({
      quantum,
      lines: [{ from: 'host-1', to: 'device-1', kind: 'demote' as const, mails, pages: 64 }],
      more: 0,
    })
    board.status(STATUS)
    board.events({ quantum: 11, events: [], mail: [7, 8, 9, 10, 11].map((quantum) => heard(quantum)) })
    board.events({ quantum: 12, events: [], mail: [heard(11, 9), heard(12)] })
    expect(board.mailAround(10)).toEqual([8, 9, 10, 11, 12].map((quantum) => heard(quantum)))
    expect(board.mailAround(100)).toEqual([])
    board.status({ ...STATUS, run: 'two' })
    expect(board.mailAround(10)).toEqual([])
  })
})
