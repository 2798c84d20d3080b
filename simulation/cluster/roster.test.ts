import { beforeEach, describe, expect, test } from 'vitest'
import { type Control, type ControlOf, decodeControl, encodeControl, PROTOCOL_HASH } from '#shared/bus/control.ts'
import { Dropped, subject } from '#shared/bus/wire.ts'
import { Network } from '#shared/bus/wire.fixture.ts'
import { lobby } from './crew.ts'
import { type Hand, Roster, SILENT_MS } from './roster.ts'
import { VERSION } from './version.ts'

const SCOPE = lobby('test')
let network: Network
let dropped: Dropped
let roster: Roster
let came: (readonly [Hand, Hand | undefined])[]
let refused: string[]

beforeEach(async () => {
  network = new Network()
  dropped = new Dropped()
  came = []
  refused = []
  roster = new Roster(network.wire('conductor'), 'test', dropped, {
    came: (...both) => void came.push(both),
    refused: (name, reason) => void refused.push(`${name}: ${reason}`),
  })
  await roster.open()
})

/** A process that says hello, and, if it is alive, answers probes. */
class Peer {
  readonly name: string
  readonly instance: string
  readonly calls: Control[] = []
  readonly said: Uint8Array[] = []
  alive = true
  answer = ''
  run = ''
  beat = 0
  readonly #role: string

  constructor(name: string, instance: string, role = 'host') {
    this.name = name
    this.instance = instance
    this.#role = role
    network.wire(instance).subscribe(subject(SCOPE, 'call', 'conductor', instance), (bytes) => {
      const call = decodeControl(bytes)
      this.calls.push(call)
      if (!this.alive) return
      if (call.kind === 'go') this.run = ''
      if (call.kind !== 'probe') return
      this.answer = call.body.nonce
      this.hello()
    })
  }

  hello(more: Partial<ControlOf<'hello'>> = {}): void {
    const { name, instance, run, answer } = this
    const bytes = encodeControl('hello', {
      schema: PROTOCOL_HASH,
      version: VERSION,
      name,
      instance,
      roles: [this.#role],
      capacity: 2,
      run,
      generation: 0,
      stage: 0,
      answer,
      dropped: { old: 3 },
      beat: this.beat++,
      ...more,
    })
    this.said.push(bytes)
    say(bytes, this.#role)
  }

  kinds(): string[] {
    return this.calls.map(({ kind }) => kind)
  }
}

function say(bytes: Uint8Array, role = 'host'): void {
  network.wire('x').publish(subject(SCOPE, 'hello', role, 'conductor'), bytes)
}

function names(): string[] {
  return roster.hands.map(({ instance }) => instance)
}

describe('a process that says hello', () => {
  test('is believed when it has answered a probe, and then is known as it says', () => {
    const peer = new Peer('host-a', 'host-1')
    peer.hello()
    expect(names()).toEqual([])
    network.advance(1)
    expect(peer.kinds()).toEqual(['probe'])
    expect(came.map(([hand, before]) => [hand.name, before])).toEqual([['host-a', undefined]])
    expect(roster.of('host-1')).toMatchObject({ name: 'host-a', roles: ['host'], capacity: 2, dropped: { old: 3 } })
    network.advance(1000)
    peer.hello()
    network.advance(1)
    expect(came).toHaveLength(1)
    expect(roster.silentMs(roster.of('host-1')!)).toBeLessThan(10)
  })

  test('is not believed on the word of another, or with a made-up answer', () => {
    const peer = new Peer('host-a', 'host-1')
    peer.hello()
    network.advance(1)
    const mute = new Peer('host-b', 'host-2')
    mute.alive = false
    for (const answer of ['', 'guess', peer.answer]) mute.hello({ answer })
    network.advance(1)
    expect(names()).toEqual(['host-1'])
    expect(mute.kinds()).toEqual(['probe', 'probe', 'probe'])
  })

  test('is silent when it is, and stays on the list', () => {
    const peer = new Peer('host-a', 'host-1')
    peer.hello()
    network.advance(SILENT_MS + 100)
    expect(roster.silentMs(roster.of('host-1')!)).toBeGreaterThan(SILENT_MS)
    expect(names()).toEqual(['host-1'])
  })

  test('is forgotten after half a minute if it carries nothing, and never if it does', () => {
    const [idle, busy, other] = [new Peer('host-a', 'host-1'), new Peer('host-b', 'host-2'), new Peer('host-c', 'host-3')]
    busy.run = 'run-1'
    idle.hello()
    busy.hello()
    network.advance(31_000)
    other.hello()
    network.advance(1)
    expect(names()).toEqual(['host-2', 'host-3'])
  })

  test('in place of one with the same name replaces it, and the old one is told to go', () => {
    const [old, young] = [new Peer('host-a', 'host-1'), new Peer('host-a', 'host-2')]
    old.hello()
    network.advance(1)
    old.run = 'run-1'
    old.hello()
    network.advance(1)
    old.alive = false
    young.hello()
    network.advance(1)
    expect(names()).toEqual(['host-2'])
    expect(came.map(([hand, before]) => [hand.instance, before?.instance])).toEqual([
      ['host-1', undefined],
      ['host-2', 'host-1'],
    ])
    expect(old.kinds()).toContain('go')
    const before = old.calls.length
    old.hello()
    network.advance(1)
    expect(old.kinds().slice(before)).toEqual(['go'])
    expect(names()).toEqual(['host-2'])
  })
})

describe('a replayed hello', () => {
  test('of a process that was replaced brings nobody to life, and costs the new one nothing', () => {
    const [old, young] = [new Peer('host-a', 'host-1'), new Peer('host-a', 'host-2')]
    old.hello()
    network.advance(1)
    old.run = 'run-1'
    old.hello()
    network.advance(1)
    old.alive = false
    young.hello()
    network.advance(1)
    for (const bytes of old.said) say(bytes)
    network.advance(1)
    for (const bytes of old.said) say(bytes)
    network.advance(1)
    expect(names()).toEqual(['host-2'])
    expect(young.kinds()).not.toContain('go')
    expect(came).toHaveLength(2)
  })

  test('of a process that was forgotten brings nobody to life', () => {
    const [old, other] = [new Peer('host-a', 'host-1'), new Peer('host-b', 'host-2')]
    old.hello()
    network.advance(1)
    old.alive = false
    network.advance(31_000)
    other.hello()
    network.advance(1)
    expect(names()).toEqual(['host-2'])
    for (const bytes of old.said) say(bytes)
    network.advance(1)
    expect(names()).toEqual(['host-2'])
  })

  test('does not keep a dead process from being silent', () => {
    const dead = new Peer('host-a', 'host-1')
    dead.hello()
    network.advance(1)
    dead.run = 'run-1'
    dead.hello()
    network.advance(1)
    dead.alive = false
    for (let second = 0; second < 20; second++) {
      for (const bytes of dead.said) say(bytes)
      network.advance(1000)
    }
    expect(roster.silentMs(roster.of('host-1')!)).toBeGreaterThan(SILENT_MS)
  })
})

describe('a process that lives', () => {
  test('is heard for as long as it says hello once a second, over a bad wire too', () => {
    network.faults = { loss: 0.2, double: 0.2, delay: 0.3, delayMsMax: 300 }
    const peer = new Peer('host-a', 'host-1')
    let silentMs = 0
    for (let second = 0; second < 300; second++) {
      peer.hello()
      network.advance(1000)
      const hand = roster.of('host-1')
      if (hand) silentMs = Math.max(silentMs, roster.silentMs(hand))
    }
    expect(names()).toEqual(['host-1'])
    expect(silentMs).toBeLessThan(SILENT_MS)
  })

  test('and whose name another live process has taken is refused when it comes back', () => {
    const [first, second] = [new Peer('host-a', 'host-1'), new Peer('host-a', 'host-2')]
    first.hello()
    network.advance(1)
    second.hello()
    network.advance(1)
    expect(names()).toEqual(['host-2'])
    first.hello()
    network.advance(1)
    expect(first.kinds().at(-1)).toBe('refuse')
    expect(names()).toEqual(['host-2'])
  })

  test('and was told to go is welcome again when it carries nothing any more', () => {
    const peer = new Peer('host-a', 'host-1')
    peer.hello()
    network.advance(1)
    peer.run = 'run-1'
    peer.hello()
    network.advance(1)
    roster.retire('host-1', 'another has your place')
    expect(names()).toEqual([])
    network.advance(1)
    peer.hello()
    network.advance(1)
    expect(names()).toEqual(['host-1'])
    expect(came).toHaveLength(2)
  })
})

describe('a hello of another form', () => {
  test('is counted, by what is wrong with it', () => {
    const peer = new Peer('host-a', 'host-1')
    say(Uint8Array.of(0xc1, 1, 2))
    say(encodeControl('ready', { generation: 1, stage: 1, instance: 'host-1' }))
    peer.hello({ name: 'no name' })
    peer.hello({ instance: '../x' })
    peer.hello({ roles: [] })
    peer.hello({ roles: ['host', 'king'] })
    peer.hello({ dropped: { old: 'many' } })
    peer.hello({ dropped: [1] })
    peer.hello({ dropped: null })
    peer.hello({ dropped: { rust: 1 } })
    peer.hello({ dropped: { old: -1 } })
    network.advance(1)
    expect(dropped.counts).toEqual({ malformed: 11 })
    peer.hello({ roles: ['device', 'host'] })
    peer.hello({ instance: 'device-1' })
    network.advance(1)
    expect(dropped.counts).toEqual({ malformed: 11, stranger: 2 })
    expect(names()).toEqual([])
    expect(peer.calls).toEqual([])
  })

  test('of another version is refused, with both versions named', () => {
    const peer = new Peer('host-a', 'host-1')
    peer.hello({ schema: 'other', version: '7.0.0' })
    network.advance(1)
    expect(peer.kinds()).toEqual(['refuse'])
    const reason = `got coldpool 7.0.0 (protocol other) for a conductor of coldpool ${VERSION} (protocol ${PROTOCOL_HASH})`
    expect(peer.calls[0]!.body).toEqual({ reason })
    expect(refused).toEqual([`host-1: ${reason}`])
    expect(dropped.counts).toEqual({ stranger: 1 })
    peer.hello({ schema: 'other', instance: 'a.b' })
    network.advance(1)
    expect(refused).toHaveLength(1)
  })
})

test('when the roster opens, all are asked to say hello', async () => {
  const heard: Control[] = []
  network.wire('x').subscribe(subject(SCOPE, 'call', 'conductor', 'all'), (bytes) => void heard.push(decodeControl(bytes)))
  await roster.open()
  network.advance(1)
  expect(heard).toEqual([{ kind: 'probe', body: { nonce: '' } }])
})
