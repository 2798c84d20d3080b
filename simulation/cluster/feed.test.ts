import { beforeEach, describe, expect, test } from 'vitest'
import type { SubjectKind } from '#shared/bus/subjects.ts'
import { Dropped, subject } from '#shared/bus/wire.ts'
import { type FakeWire, Network } from '#shared/bus/wire.fixture.ts'
import type { Listener, Status } from '#shared/observe/broadcast.ts'
import { pack } from '#shared/packing.ts'
import { Cast } from '../actors.ts'
import { Broadcast } from './broadcast.ts'
import { Feed } from './feed.ts'
import { tiny, tinyStatus } from './tiny.fixture.ts'

let network: Network
let dropped: Dropped
let conductor: FakeWire
let heard: unknown[]
const listener: Required<Listener> = {
  status: ({ run, quantum }) => void heard.push(['status', run, quantum]),
  sample: ({ quantum }) => void heard.push(['sample', quantum]),
  events: ({ quantum }) => void heard.push(['events', quantum]),
}

beforeEach(() => {
  network = new Network()
  dropped = new Dropped()
  conductor = network.wire('conductor')
  heard = []
})

async function follow(cluster?: string): Promise<Feed> {
  const feed = new Feed(network.wire('watcher'), cluster, dropped)
  await feed.follow(listener)
  return feed
}

function status(run: string, cluster: string, quantum = 0): Status {
  return tinyStatus({ run, cluster, quantum, quanta: quantum })
}

function tell(run: string, kind: SubjectKind, message: object): void {
  conductor.publish(subject(run, kind, 'conductor', 'all'), pack(message))
  network.advance(1)
}

const sample = (quantum: number): object => ({ quantum, virtualSeconds: 0, telemetry: { a: { b: 1 } } })
const events = (quantum: number): object => ({ quantum, events: [] })

describe('a feed', () => {
  test('hears a run from its first status on, and nothing twice that a recovery repeats', async () => {
    await follow('c')
    tell('r', 'sample', sample(1))
    tell('r', 'status', status('r', 'c'))
    for (const quantum of [2, 3, 2, 3, 4]) {
      tell('r', 'sample', sample(quantum))
      tell('r', 'events', events(quantum))
    }
    expect(heard.slice(1).filter((one) => (one as string[])[0] === 'sample')).toEqual(
      [2, 3, 4].map((quantum) => ['sample', quantum]),
    )
    expect(heard.slice(1).filter((one) => (one as string[])[0] === 'events')).toEqual(
      [2, 3, 4].map((quantum) => ['events', quantum]),
    )
  })

  test('of a cluster hears no other, and the next run of its own from the start', async () => {
    await follow('c')
    tell('r', 'status', status('r', 'c'))
    tell('r', 'sample', sample(9))
    tell('s', 'status', status('s', 'other'))
    tell('s', 'sample', sample(10))
    tell('t', 'status', status('t', 'c'))
    tell('t', 'sample', sample(1))
    tell('r', 'sample', sample(11))
    expect(heard).toEqual([
      ['status', 'r', 0],
      ['sample', 9],
      ['status', 't', 0],
      ['sample', 1],
    ])
  })

  test('of no cluster stays with the first that it hears', async () => {
    await follow()
    tell('r', 'status', status('r', 'c'))
    tell('s', 'status', status('s', 'other'))
    tell('r', 'sample', sample(1))
    tell('s', 'sample', sample(2))
    tell('t', 'status', status('t', 'c'))
    expect(heard).toEqual([
      ['status', 'r', 0],
      ['sample', 1],
      ['status', 't', 0],
    ])
  })

  test('counts what it cannot read', async () => {
    await follow()
    tell('r', 'status', { run: 'r' })
    tell('r', 'sample', { quantum: -1 })
    conductor.publish(subject('r', 'events', 'conductor', 'all'), Uint8Array.of(0xc1))
    network.advance(1)
    expect(heard).toEqual([])
    expect(dropped.counts).toEqual({ malformed: 3 })
  })

  test('hears nothing after it is closed', async () => {
    const feed = await follow()
    await feed.close()
    tell('r', 'status', status('r', 'c'))
    expect(heard).toEqual([])
  })
})

describe('a broadcast', () => {
  test('tells its status once a second, and reports as they come, with names for ordinals', async () => {
    const seen: unknown[] = []
    const feed = new Feed(network.wire('watcher'), 'c', dropped)
    await feed.follow({ ...listener, events: (one) => void seen.push(one), sample: (one) => void seen.push(one) })
    let quantum = 0
    const broadcast = new Broadcast(conductor, 'r', new Cast(tiny()), () => status('r', 'c', quantum++))
    broadcast.open()
    network.advance(3500)
    expect(heard).toEqual([0, 1, 2, 3].map((at) => ['status', 'r', at]))
    const event = { quantum: 3, actor: 'host-1', code: 'oom', fields: { workload: 5, pages: 2 } }
    broadcast.reports(3, 0.003, [
      { stage: 0, nextWake: 4, mails: 0, events: [] },
      { stage: 1, nextWake: 4, mails: 0, events: [event], telemetry: { 'host-1': { used: 1, mean: NaN, worst: Infinity } } },
    ])
    broadcast.reports(4, 0.004, [{ stage: 0, nextWake: 5, mails: 0, events: [] }])
    network.advance(1)
    // The next grant goes first.
    expect(seen).toEqual([])
    await new Promise(setImmediate)
    network.advance(1)
    expect(seen).toEqual([
      { quantum: 3, events: [{ ...event, fields: { workload: 'one', pages: 2 } }] },
      { quantum: 3, virtualSeconds: 0.003, telemetry: { 'host-1': { used: 1, mean: NaN, worst: Infinity } } },
    ])
    expect(dropped.counts).toEqual({})
    broadcast.reports(5, 0.005, [{ stage: 1, nextWake: 6, mails: 0, events: [{ ...event, quantum: 5 }] }])
    broadcast.close()
    network.advance(5000)
    expect(seen).toHaveLength(3)
    expect(heard).toHaveLength(4)
  })
})
