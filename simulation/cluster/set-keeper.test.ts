import { beforeEach, describe, expect, test } from 'vitest'
import { ConductorEnd } from '#shared/bus/conductor-end.ts'
import { type ControlOf, encodeControl } from '#shared/bus/control.ts'
import { Dropped, subject } from '#shared/bus/wire.ts'
import { type FakeWire, Network } from '#shared/bus/wire.fixture.ts'
import { MemoryStore } from '#shared/observe/memory-store.ts'
import { getSnapshot } from '#shared/observe/snapshots.ts'
import { StoreFull } from '#shared/observe/store.ts'
import { FIRST_GRANT } from '#services/conductor/grants.ts'
import { CONDUCTOR_SLOT, type Placement } from './placement.ts'
import { RunJournal } from './run-journal.ts'
import { SetKeeper } from './set-keeper.ts'
import { QUIET } from './tiny.fixture.ts'

class Balky extends MemoryStore {
  full = false

  override append(at: string, bytes: Uint8Array, id: string, after?: number): Promise<number> {
    return this.full && at.includes('.journal.') ? Promise.reject(new StoreFull('full')) : super.append(at, bytes, id, after)
  }
}

const PLACEMENT: Placement = {
  slots: [CONDUCTOR_SLOT, { name: 'a', roles: ['host'], capacity: 0 }, { name: 'b', roles: ['device'], capacity: 0 }],
  stageOf: [0, 1, 2],
}
const STATE = { ...FIRST_GRANT, quantum: 9 }

let network: Network
let stages: FakeWire
let store: Balky
let journal: RunJournal
let dropped: Dropped
let sets: SetKeeper
let bus: ConductorEnd
let wholes: number[]

beforeEach(async () => {
  wholes = []
  network = new Network()
  stages = network.wire('stages')
  store = new Balky()
  dropped = new Dropped()
  const order = { run: 'run-1', scenario: '', folder: '', secret: '', openedMs: 0, script: [] }
  journal = await RunJournal.open(store, 'lobby-test', order)
  await journal.nextGeneration()
  const wire = network.wire('conductor')
  sets = new SetKeeper(wire, store, journal, dropped, QUIET, { wanted: true, onWhole: (first) => wholes.push(first) })
  sets.open()
  sets.begun(0)
  bus = new ConductorEnd(wire, { run: 'run-1', generation: 1, roles: ['conductor', 'host', 'device'], first: 5 })
})

function stored(fields: Partial<ControlOf<'stored'>>, role = fields.stage === 2 ? 'device' : 'host'): void {
  const body = { generation: 1, stage: 1, set: '1-1', object: 'o', chunks: 1, bytes: 1, digest: 'd', positions: [9], ...fields }
  stages.publish(subject('run-1', 'stored', role, 'conductor'), encodeControl('stored', body))
  network.advance(1)
}

/** What is stored in memory is stored by then. */
async function breathe(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise(setImmediate)
}

function due(): boolean {
  return sets.isDue(bus, STATE)
}

async function begun(): Promise<void> {
  sets.begin(bus, STATE, PLACEMENT, { books: 1 })
  sets.keepOwn('1-1', { own: 2 })
  await breathe()
}

describe('a set', () => {
  test('is due a second after the last, and not while one is under way', async () => {
    expect(due()).toBe(false)
    network.advance(1000)
    expect(due()).toBe(true)
    await begun()
    network.advance(5000)
    expect(due()).toBe(false)
  })

  test('is not due while a stage has stepped further than the run has come', () => {
    network.advance(1000)
    const ahead = Object.defineProperty(Object.create(bus) as ConductorEnd, 'furthest', { value: 8 })
    expect([7, 8].map((last) => sets.isDue(ahead, { ...STATE, last }))).toEqual([false, true])
  })

  test('is not due before it costs less than to begin again, which is told by what the first grants took', async () => {
    sets.begun(1500)
    network.advance(5999)
    expect(due()).toBe(false)
    network.advance(1)
    expect(due()).toBe(true)
    await begun()
    stored({ stage: 1 })
    stored({ stage: 2 })
    await breathe()
    // From then on what sets take decides.
    network.advance(2000)
    expect(due()).toBe(true)
  })

  test('is whole when every stage, the conductor’s own and the books are stored, whatever the order', async () => {
    await begun()
    stored({ stage: 2, object: 'two' })
    await breathe()
    expect(journal.set).toBeUndefined()
    stored({ stage: 1, object: 'one' })
    await breathe()
    const { set } = journal
    expect(set).toMatchObject({ set: '1-1', first: 5, state: STATE, placement: PLACEMENT })
    expect(set!.stages.slice(1).map(({ object }) => object)).toEqual(['one', 'two'])
    expect(wholes).toEqual([5])
    const place = { run: 'run-1', role: 'conductor' }
    const { signal } = new AbortController()
    expect(await getSnapshot(store, place, set!.ledger, signal)).toEqual({ books: 1 })
    expect(await getSnapshot(store, place, set!.stages[0]!, signal)).toEqual({ own: 2 })
    network.advance(4000)
    expect(due()).toBe(true)
  })

  test('takes a word that is said again once, and drops what is of another set, generation or role', async () => {
    await begun()
    stored({ stage: 1, object: 'one' })
    stored({ stage: 1, object: 'other' })
    stored({ stage: 2 }, 'host')
    stored({ stage: 7 })
    stored({ stage: 0 })
    expect(dropped.counts).toEqual({ stranger: 3 })
    stored({ stage: 2, set: '1-0' })
    stored({ stage: 2, generation: 2 })
    stages.publish(subject('run-1', 'stored', 'host', 'conductor'), Uint8Array.of(0xc1))
    stages.publish(subject('run-1', 'stored', 'host', 'conductor'), encodeControl('refuse', { reason: '' }))
    network.advance(1)
    expect(dropped.counts).toEqual({ stranger: 3, old: 2, malformed: 2 })
    stored({ stage: 2 })
    await breathe()
    stored({ stage: 2 })
    expect(journal.set!.stages[1]!.object).toBe('one')
    expect(dropped.counts).toEqual({ stranger: 3, old: 2, malformed: 2 })
  })

  test('that is not whole after 8 s is overdue, and no more when it is', async () => {
    await begun()
    stored({ stage: 1 })
    network.advance(8000)
    expect(sets.overdue).toBe(true)
    stored({ stage: 2 })
    await breathe()
    expect(sets.overdue).toBe(false)
  })

  test('that took long is followed by one when it has cost a tenth of the time, and that one may take twice as long', async () => {
    await begun()
    stored({ stage: 1 })
    network.advance(5999)
    stored({ stage: 2 })
    await breathe()
    network.advance(53_990)
    expect(due()).toBe(false)
    network.advance(30)
    expect(due()).toBe(true)
    sets.begin(bus, STATE, PLACEMENT, { books: 2 })
    network.advance(11_900)
    expect(sets.overdue).toBe(false)
    network.advance(200)
    expect(sets.overdue).toBe(true)
  })

  test('that was under way when a new generation begins is dropped', async () => {
    await begun()
    stored({ stage: 1 })
    sets.drop()
    stored({ stage: 2 })
    await breathe()
    expect(journal.set).toBeUndefined()
    expect([sets.overdue, due()]).toEqual([false, false])
    expect(dropped.counts).toEqual({ old: 1 })
    network.advance(5000)
    expect(due()).toBe(false)
    sets.begun(0)
    network.advance(1000)
    expect(due()).toBe(true)
    sets.keepOwn('1-1', {})
    await sets.settled()
  })

  test('that a full journal does not take is tried again until it does', async () => {
    await begun()
    store.full = true
    stored({ stage: 1 })
    stored({ stage: 2 })
    await breathe()
    network.advance(9000)
    expect([journal.set, sets.overdue]).toEqual([undefined, true])
    store.full = false
    // It is tried again after a second of wall time.
    while (journal.set === undefined) await new Promise((resolve) => setTimeout(resolve, 50))
    await sets.settled()
    expect(sets.overdue).toBe(false)
  })
})
