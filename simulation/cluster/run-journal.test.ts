import { beforeEach, describe, expect, test } from 'vitest'
import { subject } from '#shared/bus/wire.ts'
import type { Stamped } from '#shared/command.ts'
import { MemoryStore } from '#shared/observe/memory-store.ts'
import { StoreAway, type Stored, StoreFull } from '#shared/observe/store.ts'
import { FIRST_GRANT } from '#services/conductor/grants.ts'
import { CONDUCTOR_SLOT } from './placement.ts'
import { RunJournal, type RunOrder, type SetRecord } from './run-journal.ts'
import { Trail } from './trail.ts'

const SCOPE = 'lobby-test'
const ORDER: RunOrder = { run: 'run-1', scenario: 'name: x', folder: 'runs/x', secret: 's', openedMs: 5, script: [] }

/** Refuses or is away as often as it is told. */
class Balky extends MemoryStore {
  troubles: Error[] = []
  trimTroubles: Error[] = []

  override append(at: string, bytes: Uint8Array, id: string, after?: number): Promise<number> {
    const trouble = this.troubles.shift()
    return trouble ? Promise.reject(trouble) : super.append(at, bytes, id, after)
  }

  override trim(stream: string, at: string, before?: number): Promise<void> {
    const trouble = this.trimTroubles.shift()
    return trouble ? Promise.reject(trouble) : super.trim(stream, at, before)
  }
}

let store: Balky

beforeEach(() => {
  store = new Balky()
})

function stop(id: string, quantum = 1): Stamped {
  return { quantum, command: { kind: 'stop', id } }
}

function setAt(first: number, position: number): SetRecord {
  const located = { object: `o${first}`, chunks: 1, bytes: 1, digest: 'd', positions: [position] }
  const placement = { slots: [CONDUCTOR_SLOT], stageOf: [0] }
  return { set: `s-${first}`, first, state: { ...FIRST_GRANT, quantum: first }, placement, stages: [located], ledger: located }
}

async function opened(): Promise<RunJournal> {
  const journal = await RunJournal.open(store, SCOPE, ORDER)
  await journal.nextGeneration()
  return journal
}

async function resumed(): Promise<RunJournal> {
  const journal = await RunJournal.resume(store, SCOPE)
  if (journal === undefined) expect.unreachable('there is a run to resume')
  return journal
}

async function all(at: string): Promise<Stored[]> {
  const found: Stored[] = []
  for (let from = 1; ;) {
    const next = await store.next(at, from)
    if (next === undefined) return found
    found.push(next)
    from = next.sequence + 1
  }
}

describe('a journal', () => {
  test('has nothing to resume before a run was opened, or after it was closed', async () => {
    expect(await RunJournal.resume(store, SCOPE)).toBeUndefined()
    const journal = await opened()
    await journal.command(stop('a'))
    expect(await RunJournal.resume(store, 'lobby-other')).toBeUndefined()
    await journal.close()
    expect(await RunJournal.resume(store, SCOPE)).toBeUndefined()
    expect(await all('>')).toEqual([])
  })

  test('gives all of it to the next conductor: order, commands, the last set, the trail', async () => {
    const journal = await opened()
    await journal.command(stop('a', 1))
    await journal.whole(setAt(10, 0))
    await journal.command(stop('b', 2))
    await journal.whole(setAt(20, 0))
    await journal.remember({ quantum: 30, digest: 'x' })
    const next = await resumed()
    expect(next.order).toEqual(ORDER)
    expect(next.commands).toEqual([stop('a', 1), stop('b', 2)])
    expect(next.set).toEqual(setAt(20, 0))
    expect(next.trail).toEqual([{ quantum: 30, digest: 'x' }])
    expect(await next.nextGeneration()).toBe(2)
    expect(await next.nextGeneration()).toBe(3)
  })

  test('of a new run in the same lobby takes the place of the one before', async () => {
    await opened()
    await RunJournal.open(store, SCOPE, { ...ORDER, run: 'run-2' })
    expect((await resumed()).order.run).toBe('run-2')
  })

  test('lets one conductor alone begin the next generation', async () => {
    const first = await opened()
    const second = await resumed()
    await second.nextGeneration()
    await expect(first.nextGeneration()).rejects.toThrow('another conductor has written to it')
    expect(await second.nextGeneration()).toBe(3)
  })

  test('tells a conductor that has been replaced, before it writes elsewhere', async () => {
    const old = await opened()
    await old.stillOurs()
    const next = await resumed()
    await expect(old.stillOurs()).rejects.toThrow(/^CP_SUPERSEDED .*another conductor/)
    await expect(old.command(stop('a'))).rejects.toThrow(/^CP_SUPERSEDED/)
    await next.stillOurs()
    await next.command(stop('b'))
    expect((await resumed()).commands).toEqual([stop('b')])
  })

  test('ignores what a conductor wrote that had been replaced without knowing it', async () => {
    const first = await opened()
    await first.command(stop('a'))
    await first.whole(setAt(10, 0))
    const second = await resumed()
    await second.nextGeneration()
    await expect(first.command(stop('ghost'))).rejects.toThrow(/^CP_SUPERSEDED/)
    await expect(first.whole(setAt(11, 0))).rejects.toThrow(/^CP_SUPERSEDED/)
    await first.remember({ quantum: 12, digest: 'ghost' })
    await second.command(stop('b'))
    const third = await resumed()
    expect(third.commands).toEqual([stop('a'), stop('b')])
    expect(third.trail).toEqual([])
    expect(third.set?.first).not.toBe(11)
  })

  test('does not take a command that there is no room for, and tells', async () => {
    const journal = await opened()
    store.troubles = [new StoreFull('full')]
    await expect(journal.command(stop('a'))).rejects.toThrow(StoreFull)
    expect(journal.commands).toEqual([])
    expect((await resumed()).commands).toEqual([])
  })

  test('waits while the store is away, and writes once', async () => {
    const journal = await opened()
    store.troubles = [new StoreAway('away'), new StoreAway('away')]
    await journal.command(stop('a'))
    expect(await all(subject('run-1', 'journal', 'conductor', 'command'))).toHaveLength(1)
    store.trimTroubles = [new StoreAway('away')]
    await journal.whole(setAt(10, 0))
    expect(journal.set?.first).toBe(10)
  })

  test('with a new set forgets the older one, and snapshots that lie before it', async () => {
    const journal = await opened()
    const bytes = Uint8Array.of(1)
    const old = await store.append(subject('run-1', 'snapshot', 'host', 'x'), bytes, '1')
    await journal.whole(setAt(10, old))
    const young = await store.append(subject('run-1', 'snapshot', 'host', 'y'), bytes, '2')
    const other = await store.append(subject('run-2', 'snapshot', 'host', 'z'), bytes, '3')
    await journal.whole(setAt(20, young))
    expect((await all('coldpool.*.snapshot.>')).map(({ sequence }) => sequence)).toEqual([young, other])
    expect(await all(subject('run-1', 'journal', 'conductor', 'set'))).toHaveLength(1)
  })
})

describe('the trail', () => {
  const mark = (quantum: number, digest: string) => ({ quantum, digest })

  test('lets the same pass again, and nothing else', async () => {
    const trail = new Trail(await opened(), () => 0)
    for (const quantum of [1, 2, 3]) trail.take(mark(quantum, `d${quantum}`))
    for (const quantum of [2, 3, 4]) trail.take(mark(quantum, `d${quantum}`))
    expect(() => trail.take(mark(3, 'other'))).toThrow(
      'CP_DIVERGED quantum 3: its digest is other now; expected d3, as it was before the recovery',
    )
    expect(trail.furthest).toBe(4)
  })

  test('forgets what lies before a set', async () => {
    const trail = new Trail(await opened(), () => 0)
    for (const quantum of [1, 2, 3]) trail.take(mark(quantum, `d${quantum}`))
    trail.forget(3)
    trail.take(mark(2, 'other'))
    expect(() => trail.take(mark(3, 'other'))).toThrow('CP_DIVERGED')
  })

  test('is remembered once a second, so that the next conductor can check too', async () => {
    const journal = await opened()
    let nowMs = 0
    const trail = new Trail(journal, () => nowMs)
    for (let quantum = 1; quantum <= 30; quantum++) {
      nowMs += 100
      trail.take(mark(quantum, `d${quantum}`))
      await new Promise(setImmediate)
    }
    const next = await resumed()
    expect(next.trail).toEqual([10, 20, 30].map((quantum) => mark(quantum, `d${quantum}`)))
    const again = new Trail(next, () => 0)
    again.take(mark(11, 'unknown'))
    expect(() => again.take(mark(20, 'other'))).toThrow('CP_DIVERGED')
  })

  test('does without what a full journal does not take', async () => {
    const journal = await opened()
    let nowMs = 0
    const trail = new Trail(journal, () => nowMs)
    store.troubles = [new StoreFull('full')]
    for (const quantum of [1, 2]) {
      nowMs += 1000
      trail.take(mark(quantum, 'd'))
      await new Promise(setImmediate)
    }
    expect((await resumed()).trail).toEqual([mark(2, 'd')])
  })
})
