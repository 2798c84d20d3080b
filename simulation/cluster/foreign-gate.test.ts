import { Packr } from 'msgpackr'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Bag } from '#shared/bus/bus.ts'
import { Dropped, subject } from '#shared/bus/wire.ts'
import { type FakeWire, Network } from '#shared/bus/wire.fixture.ts'
import type { Command, Stamped } from '#shared/command.ts'
import { StoreFull } from '#shared/observe/store.ts'
import { Cast } from '../actors.ts'
import { Admission, type Request } from '../admission.ts'
import { lobby } from './crew.ts'
import { FOREIGN_SILENT_MS, ForeignGate } from './foreign-gate.ts'
import { tiny } from './tiny.fixture.ts'

const packr = new Packr({ useRecords: false, int64AsType: 'number' })

/** Epoch, work time, pages, reads, writes, reads and write-backs that miss the cache. */
const ACCESSES = [0, 1e6, ...Array.from({ length: 5 }, () => Buffer.from(Uint32Array.of(1).buffer))]

let network: Network
let dropped: Dropped
let admission: Admission
let cast: Cast
let gate: ForeignGate
let guest: FakeWire
let commands: Command[]

function newGate(): ForeignGate {
  const freeName = (): string => `workload-${3 + commands.filter(({ kind }) => kind === 'join').length}`
  const parts = { wire: network.wire('conductor'), cluster: 'test', run: 'run-1', secret: 'secret', cast, dropped, freeName }
  const made = new ForeignGate(parts)
  made.open()
  return made
}

beforeEach(() => {
  network = new Network()
  dropped = new Dropped()
  admission = new Admission(tiny())
  cast = new Cast(tiny())
  commands = []
  gate = newGate()
  guest = network.wire('guest')
})

/** As the director does. */
async function stamp(request: Request): Promise<Stamped> {
  const command = admission.admit(request)
  await Promise.resolve()
  cast.learn(command)
  commands.push(command)
  gate.know(command)
  return { quantum: 7, command }
}

async function carryOut(): Promise<boolean> {
  network.advance(1)
  await new Promise(setImmediate)
  return gate.carryOut(stamp, (quantum) => quantum / 1000)
}

interface Ticket {
  readonly run: string
  readonly id: string
  readonly key: string
}

async function ask(request: unknown): Promise<unknown> {
  const at = subject(lobby('test'), 'join', 'workload', 'conductor')
  return packr.unpack(await network.request(at, packr.pack(request)))
}

async function joined(host = 'host-1'): Promise<Ticket> {
  const ticket = ask({ host })
  await carryOut()
  return (await ticket) as Ticket
}

function say(...said: unknown[]): void {
  guest.publish(subject('run-1', 'mail', 'workload', 'conductor'), packr.pack(said))
  network.advance(1)
}

function kinds(): string[] {
  return commands.map(({ kind }) => kind)
}

describe('a guest', () => {
  test('joins, and is told its name, its key and when', async () => {
    const ticket = await joined()
    expect(ticket).toEqual({
      run: 'run-1',
      id: 'workload-3',
      key: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      quantum: 7,
      seconds: 0.007,
    })
    expect(commands).toEqual([{ kind: 'join', id: 'workload-3', host: 'host-1', ordinal: 7 }])
  })

  test('gets a name and a key of its own, also if several come at once', async () => {
    const tickets = [1, 2, 3].map(() => ask({ host: 'host-1' }))
    await carryOut()
    const given = (await Promise.all(tickets)) as Ticket[]
    expect(given.map(({ id }) => id)).toEqual(['workload-3', 'workload-4', 'workload-5'])
    expect(new Set(given.map(({ key }) => key)).size).toBe(3)
  })

  test('that asks again with the same nonce gets the same answer, and joins once', async () => {
    const tickets = [1, 2].map(() => ask({ host: 'host-1', nonce: 'n' }))
    await carryOut()
    tickets.push(ask({ host: 'host-1', nonce: 'n' }))
    await carryOut()
    const [first, ...others] = await Promise.all(tickets)
    expect(first).toMatchObject({ id: 'workload-3' })
    expect(others).toEqual([first, first])
    expect(kinds()).toEqual(['join'])
  })

  test('at a host that is not there is refused', async () => {
    const answer = ask({ host: 'host-9' })
    await carryOut()
    expect(await answer).toEqual({ error: expect.stringContaining('got host "host-9"') as string })
    expect(commands).toEqual([])
  })

  test('says what it does in the order in which it says it, and leaves', async () => {
    const { id, key } = await joined()
    say(id, key, 'accesses', ACCESSES)
    say(id, key, 'alive')
    say(id, key, 'accesses', ACCESSES)
    say(id, key, 'left')
    say(id, key, 'accesses', ACCESSES)
    expect(await carryOut()).toBe(true)
    expect(kinds()).toEqual(['join', 'mail', 'mail', 'gone'])
    expect(dropped.counts).toEqual({})
    expect(gate.waiting).toBe(false)
  })

  test('whose mail makes no sense is counted, and may go on', async () => {
    const { id, key } = await joined()
    say(id, key, 'accesses', [1, 2])
    say(id, key, 'profile', [])
    say(id, key, 'accesses', ACCESSES)
    await carryOut()
    expect(kinds()).toEqual(['join', 'mail'])
    expect(dropped.counts).toEqual({ malformed: 2 })
  })

  test('with a wrong key, or that never joined, is a stranger', async () => {
    const { id, key } = await joined()
    say(id, 'x'.repeat(32), 'left')
    say('workload-9', key, 'left')
    say('one', key, 'left')
    await carryOut()
    expect(kinds()).toEqual(['join'])
    expect(dropped.counts).toEqual({ stranger: 3 })
  })

  test('keeps its key when another process conducts the run', async () => {
    const { id, key } = await joined()
    gate.close()
    gate = newGate()
    for (const command of commands) gate.know(command)
    say(id, key, 'left')
    await carryOut()
    expect(kinds()).toEqual(['join', 'gone'])
  })

  test('that says nothing for long is taken for dead, once', async () => {
    const [quiet, loud] = [await joined(), await joined('host-2')]
    for (let ms = 0; ms < 3 * FOREIGN_SILENT_MS; ms += 1000) {
      say(loud.id, loud.key, 'alive')
      network.advance(1000)
    }
    say(quiet.id, quiet.key, 'alive')
    await carryOut()
    expect(commands.slice(2)).toEqual([{ kind: 'gone', id: quiet.id }])
  })
})

test('what is no message of a guest is counted', async () => {
  const at = subject('run-1', 'mail', 'workload', 'conductor')
  for (const said of [
    7,
    [],
    ['a'],
    ['a', 'b', 'dance'],
    ['a', 'b', 'profile'],
    ['a', 'b', 'alive', 1],
    { id: 'a' },
    ['a', 'x'.repeat(65), 'left'],
  ]) {
    guest.publish(at, packr.pack(said))
  }
  guest.publish(at, Uint8Array.of(0xc1))
  guest.publish(at, new Uint8Array((8 << 20) + 1))
  network.advance(1)
  expect(dropped.counts).toEqual({ malformed: 10 })
  for (const request of [7, {}, { host: '' }, { host: 'x'.repeat(65) }]) {
    expect(await ask(request)).toEqual({ error: 'CP_WIRE join: not a request; expected a msgpack map with host' })
  }
  expect(dropped.counts).toEqual({ malformed: 14 })
})

test('a guest that says too much at once is held back', async () => {
  const { id, key } = await joined()
  for (let i = 0; i < 1030; i++) say(id, key, 'accesses', ACCESSES)
  expect(dropped.counts).toEqual({ overflow: 6 })
  expect(await ask({ host: 'host-1' })).toEqual({ error: 'CP_COMMAND join: too many wait; expected a call later' })
  await carryOut()
  expect(kinds().filter((kind) => kind === 'mail')).toHaveLength(1024)
})

test('what the journal has no room for waits, and nothing is lost or doubled', async () => {
  const { id, key } = await joined()
  for (let i = 0; i < 3; i++) say(id, key, 'accesses', ACCESSES)
  let room = 1
  const tight = async (request: Request): Promise<Stamped> => {
    if (room-- <= 0) throw new StoreFull('full')
    return stamp(request)
  }
  expect(await gate.carryOut(tight, () => 0)).toBe(false)
  expect(gate.waiting).toBe(true)
  expect(kinds()).toEqual(['join', 'mail'])
  room = 9
  expect(await gate.carryOut(tight, () => 0)).toBe(true)
  expect(kinds()).toEqual(['join', 'mail', 'mail', 'mail'])
})

test('when the run is over, whoever waits to join is told so', async () => {
  const ticket = ask({ host: 'host-1' })
  await new Promise(setImmediate)
  gate.close()
  expect(await ticket).toEqual({ error: 'CP_COMMAND run: it is over; expected a run that goes on' })
})

describe('what its actor hears', () => {
  const bag = (to: number, level: number): Bag => ({
    from: 0,
    to: 0,
    quantum: 1,
    mails: [{ from: 1, to, sequence: level, kind: 'pressure', body: { level } }],
  })

  test('is told to the guest, and to nobody else, and nothing twice', async () => {
    const { id } = await joined()
    const heard: unknown[] = []
    guest.subscribe(
      subject('run-1', 'progress', 'conductor', '*'),
      (bytes, at) => void heard.push([at.split('.')[4], packr.unpack(bytes)]),
    )
    gate.pass(20, [bag(7, 1), bag(0, 2), bag(5, 3)])
    gate.pass(20, [bag(7, 1)])
    gate.pass(19, [bag(7, 9)])
    gate.pass(21, [{ ...bag(7, 4), mails: [...bag(7, 4).mails, ...bag(7, 5).mails] }])
    network.advance(1)
    expect(heard).toEqual([
      [id, [20, 'pressure', [1]]],
      [id, [21, 'pressure', [4]]],
      [id, [21, 'pressure', [5]]],
    ])
  })

  test('ends with the run, for those that are still there', async () => {
    const [gone, { id }] = [await joined(), await joined()]
    say(gone.id, gone.key, 'left')
    await carryOut()
    const heard: unknown[] = []
    guest.subscribe(
      subject('run-1', 'progress', 'conductor', '*'),
      (bytes, at) => void heard.push([at.split('.')[4], packr.unpack(bytes)]),
    )
    gate.pass(20, [])
    gate.dismiss()
    network.advance(1)
    expect(heard).toEqual([[id, [20, 'over', []]]])
  })
})
