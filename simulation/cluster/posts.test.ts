import { beforeEach, describe, expect, test } from 'vitest'
import { StageLost } from '#shared/bus/conductor-end.ts'
import { type ControlOf, decodeControl, encodeControl, PROTOCOL_HASH } from '#shared/bus/control.ts'
import { Dropped, subject } from '#shared/bus/wire.ts'
import { type FakeWire, Network } from '#shared/bus/wire.fixture.ts'
import { lobby } from './crew.ts'
import type { Member, Placement } from './placement.ts'
import { type Orders, Posts } from './posts.ts'
import { Roster } from './roster.ts'
import { QUIET } from './tiny.fixture.ts'
import { VERSION } from './version.ts'

const SCOPE = lobby('test')
const MEMBERS: Member[] = [
  { ordinal: 0, role: 'conductor' },
  { ordinal: 1, role: 'host' },
  { ordinal: 2, role: 'device' },
  { ordinal: 3, role: 'workload', host: 1 },
]

let network: Network
let dropped: Dropped
let roster: Roster
let posts: Posts
let lost: string[]
let count: number

beforeEach(async () => {
  network = new Network()
  dropped = new Dropped()
  lost = []
  count = 0
  const wire = network.wire('conductor')
  roster = new Roster(wire, 'test', dropped, { came: (hand, before) => posts.came(hand, before) })
  posts = new Posts(wire, roster, { run: 'run-1', scenario: 'yaml' }, dropped, QUIET, (error) => lost.push(error.message))
  posts.open()
  await roster.open()
})

/** A process that says hello each second, answers probes, and takes every assignment, as long as it lives. */
class Peer {
  readonly wire: FakeWire
  readonly instance: string
  readonly calls: string[] = []
  assignment: ControlOf<'assign'> | undefined
  willing = true
  readonly #name: string
  readonly #roles: readonly string[]
  #answer = ''
  #beat = 0

  constructor(name: string, roles: readonly string[]) {
    this.#name = name
    this.#roles = roles
    this.instance = `${roles[0]!}-${++count}`
    this.wire = network.wire(name)
    this.wire.subscribe(subject(SCOPE, 'call', 'conductor', this.instance), (bytes) => this.#call(bytes))
    this.wire.every(1000, () => this.hello())
    this.hello()
  }

  hello(): void {
    const { run = '', generation = 0, stage = 0 } = this.assignment ?? {}
    const hello = encodeControl('hello', {
      schema: PROTOCOL_HASH,
      version: VERSION,
      name: this.#name,
      instance: this.instance,
      roles: this.#roles,
      capacity: 0,
      run,
      generation,
      stage,
      answer: this.#answer,
      dropped: { old: 2 },
      beat: this.#beat++,
    })
    this.wire.publish(subject(SCOPE, 'hello', this.#roles[0]!, 'conductor'), hello)
  }

  ready(fields: Partial<ControlOf<'ready'>> = {}, role = this.#roles[0]!): void {
    const { generation, stage } = this.assignment!
    const ready = encodeControl('ready', { generation, stage, instance: this.instance, ...fields })
    this.wire.publish(subject('run-1', 'ready', role, 'conductor'), ready)
  }

  #call(bytes: Uint8Array): void {
    const call = decodeControl(bytes)
    this.calls.push(call.kind)
    if (call.kind === 'go') this.assignment = undefined
    if (call.kind === 'assign') {
      this.assignment = call.body
      if (this.willing) this.ready()
    }
    if (call.kind === 'probe') {
      this.#answer = call.body.nonce
      this.hello()
    }
  }
}

function fill(given?: Placement): Promise<Placement> {
  return network.alongside(posts.fill(given, MEMBERS, () => {}))
}

function assign(placement: Placement, generation = 1): Promise<void> {
  const orders: Orders = { generation, placement, commands: [], first: 1, stages: undefined }
  return network.alongside(posts.assign(orders, () => {}))
}

function states(): string[] {
  return posts.status(() => []).map(({ name, state }) => `${name} ${state}`)
}

describe('posts', () => {
  test('are dealt out as soon as there is a stage for each, and everybody is told what he carries', async () => {
    const [host, device] = [new Peer('host-a', ['host', 'workload']), new Peer('device-a', ['device'])]
    const placement = await fill()
    expect(placement.stageOf).toEqual([0, 2, 1, 2])
    await assign(placement)
    expect(host.assignment).toMatchObject({
      run: 'run-1',
      stage: 2,
      roles: ['conductor', 'device', 'host'],
      scenario: 'yaml',
      object: '',
    })
    expect(device.assignment).toMatchObject({ stage: 1, placement: [0, 2, 1, 2], first: 1 })
    expect(states()).toEqual(['conductor live', 'device-a live', 'host-a live'])
    expect(posts.remark).toBe('')
    expect(posts.dropped({ old: 1, slow: 1 })).toEqual({ old: 5, slow: 1 })
    posts.dismiss('it is over')
    network.advance(1)
    expect([host.calls.at(-1), device.calls.at(-1)]).toEqual(['go', 'go'])
  })

  test('wait for roles that are lacking, and say so', async () => {
    void new Peer('host-a', ['host'])
    const filled = posts.fill(undefined, MEMBERS, () => {})
    await network.alongside(new Promise((resolve) => setTimeout(resolve, 120)))
    expect(posts.remark).toBe('waiting for a device, a workload')
    void new Peer('all', ['host', 'device', 'workload'])
    expect((await network.alongside(filled)).slots.map(({ name }) => name)).toContain('all')
  })

  test('wait for as many stages as are to come, or until nobody new has come for a while', async () => {
    posts = new Posts(network.wire('conductor-2'), roster, { run: 'run-1', scenario: 'yaml' }, dropped, QUIET, () => {}, 3)
    posts.open()
    for (const name of ['host-a', 'device-a']) void new Peer(name, [name.split('-')[0]!, 'workload'])
    const filled = posts.fill(undefined, MEMBERS, () => {})
    await network.alongside(new Promise((resolve) => setTimeout(resolve, 120)))
    expect(posts.remark).toBe('2 stages of 3 are there; waiting whether more come')
    void new Peer('workload-a', ['workload'])
    expect((await network.alongside(filled)).stageOf).toEqual([0, 2, 1, 3])
  })

  test('do not take a stage of workloads for one that is still to come', async () => {
    const members: Member[] = [...MEMBERS, { ordinal: 4, role: 'host' }]
    for (const name of ['host-a', 'device-a', 'workload-a']) void new Peer(name, [name.split('-')[0]!])
    const filled = posts.fill(undefined, members, () => {})
    await network.alongside(new Promise((resolve) => setTimeout(resolve, 120)))
    expect(posts.remark).toBe('2 stages of 3 are there; waiting whether more come')
    void new Peer('host-b', ['host'])
    expect((await network.alongside(filled)).stageOf).toEqual([0, 2, 1, 4, 3])
  })

  test('notice who is lost before the assignment begins', async () => {
    const [host] = [new Peer('host-a', ['host', 'workload']), new Peer('device-a', ['device'])]
    const placement = await fill()
    await host.wire.close()
    void new Peer('host-a', ['host', 'workload'])
    network.advance(1)
    await expect(assign(placement)).rejects.toThrow(/host-a was started again/)
    await fill(placement)
    await assign(placement, 2)
  })

  test('end their wait when they are told to', async () => {
    const stopped = posts.fill(undefined, MEMBERS, () => {
      throw new Error('leaving')
    })
    await expect(stopped).rejects.toThrow('leaving')
  })

  test('believe a ready only of the process that holds the post, in its generation', async () => {
    const [host, device] = [new Peer('host-a', ['host', 'workload']), new Peer('device-a', ['device'])]
    const placement = await fill()
    device.willing = false
    const assigned = assign(placement, 4)
    while (device.assignment === undefined) await new Promise(setImmediate)
    device.ready({ generation: 3 })
    device.ready({ instance: 'device-9' })
    device.ready({ stage: 9 })
    host.ready({ stage: 1 })
    device.ready({}, 'host')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(dropped.counts).toMatchObject({ old: 1, stranger: 4 })
    expect(posts.remark).toBe('waiting for device-a to take up its post')
    device.willing = true
    await assigned
  })

  test('go back to the name that held them, and the process that came back is told', async () => {
    const host = new Peer('host-a', ['host', 'workload'])
    void new Peer('device-a', ['device'])
    void new Peer('host-z', ['host', 'workload'])
    const placement = await fill()
    await assign(placement)
    const holder = placement.slots.findIndex(({ name }) => name === 'host-a')
    await host.wire.close()
    const again = new Peer('host-a', ['host', 'workload'])
    network.advance(1)
    expect(lost).toEqual([`stage ${holder}: host-a was started again`])
    await fill(placement)
    await assign(placement, 2)
    expect(again.assignment).toMatchObject({ stage: holder, generation: 2 })
  })

  test('of a silent process wait for it, until another stands by', async () => {
    const host = new Peer('host-a', ['host', 'workload'])
    void new Peer('device-a', ['device'])
    const placement = await fill()
    await assign(placement)
    network.cut('host-a', 10_000)
    network.advance(7000)
    expect(states()).toEqual(['conductor live', 'device-a live', 'host-a silent'])
    expect([lost, posts.remark]).toEqual([[], 'waiting for host-a, which has said nothing for 5 s'])
    network.advance(5000)
    expect([states().at(-1), posts.remark]).toEqual(['host-a live', ''])
    await host.wire.close()
    network.advance(7000)
    void new Peer('device-z', ['device'])
    network.advance(1000)
    expect(lost).toEqual([])
    const standby = new Peer('host-z', ['host', 'workload'])
    network.advance(1000)
    expect(lost).toEqual(['stage 2: host-a was silent, and another stands by'])
    await fill(placement)
    await assign(placement, 2)
    expect(standby.assignment).toMatchObject({ stage: 2 })
    expect([states().at(-1), posts.standby()]).toEqual(['host-z live', ['device-z']])
  })

  test('that are lost while they are taken up end the assignment', async () => {
    const host = new Peer('host-a', ['host', 'workload'])
    void new Peer('device-a', ['device'])
    host.willing = false
    const placement = await fill()
    const assigned = assign(placement)
    while (host.assignment === undefined) await new Promise(setImmediate)
    const ended = assigned.catch((error: unknown) => error)
    await host.wire.close()
    void new Peer('host-a', ['host', 'workload'])
    expect(await ended).toBeInstanceOf(StageLost)
  })

  test('that their holder has dropped are lost', async () => {
    const host = new Peer('host-a', ['host', 'workload'])
    void new Peer('device-a', ['device'])
    await assign(await fill())
    host.assignment = undefined
    network.advance(2000)
    expect(lost).toEqual([])
    network.advance(2000)
    expect(new Set(lost)).toEqual(new Set(['stage 2: it has dropped its post']))
  })
})
