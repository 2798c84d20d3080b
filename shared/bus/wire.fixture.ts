/**
 * A network in memory, shared by any number of wires, that loses, doubles and delays what it carries, as its seed says, with a
 * clock that only the test moves: the same seed gives the same run. Connections can be cut for a while; what is sent or due
 * then is lost. Like the server, it hands every listener bytes of its own, and a publisher hears itself.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { fork, Stream } from '../random.ts'
import type { Subscription, Wire } from './wire.ts'

/** Shares of 0 to 1, drawn anew for each message and listener. */
export interface Faults {
  readonly loss: number
  readonly double: number
  readonly delay: number
  /** A delayed message is late by up to this, so later ones overtake it. */
  readonly delayMsMax: number
}

export const FAULTLESS: Faults = { loss: 0, double: 0, delay: 0, delayMsMax: 0 }

const LATENCY_MS = 0.1
/** A test that waits longer than this, in virtual time, waits for what never comes. */
const PATIENCE_MS = 600_000
/** What follows from a message is done before the next comes, for the most part. */
const SLICES = 20

interface Due {
  readonly atMs: number
  readonly run: () => void
}

interface Ear {
  readonly wire: string
  readonly pattern: readonly string[]
  readonly hear: (bytes: Uint8Array, subject: string) => void
}

interface Server {
  readonly subject: string
  readonly answer: (bytes: Uint8Array) => Promise<Uint8Array>
}

export class Network {
  faults: Faults
  /** Sees everything that is published, lost or not. */
  tap: (subject: string, bytes: Uint8Array, from: string) => void = () => {}
  #nowMs = 0
  readonly #queue: Due[] = []
  readonly #ears = new Set<Ear>()
  readonly #servers = new Set<Server>()
  readonly #cutUntilMs = new Map<string, number>()
  readonly #stream: Stream

  constructor(seed = 0, faults = FAULTLESS) {
    this.faults = faults
    this.#stream = new Stream(fork(seed, 'network'))
  }

  wire(name: string): FakeWire {
    return new FakeWire(this, name)
  }

  now(): number {
    return this.#nowMs
  }

  cut(name: string, forMs: number): void {
    this.#cutUntilMs.set(name, this.#nowMs + forMs)
  }

  isCut(name: string): boolean {
    return this.#nowMs < (this.#cutUntilMs.get(name) ?? -Infinity)
  }

  request(subject: string, bytes: Uint8Array): Promise<Uint8Array> {
    for (const server of this.#servers) if (server.subject === subject) return server.answer(Uint8Array.from(bytes))
    return Promise.reject(new Error(`nobody serves ${subject}`))
  }

  /** Runs what is due next; false if nothing ever will be. */
  step(): boolean {
    const next = this.#queue.shift()
    if (next === undefined) return false
    this.#nowMs = next.atMs
    next.run()
    return true
  }

  advance(forMs: number): void {
    const endMs = this.#nowMs + forMs
    while (this.#queue.length > 0 && this.#queue[0]!.atMs <= endMs) this.step()
    this.#nowMs = endMs
  }

  /** Moves the clock until the promise is settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    const wait = settling(promise)
    const endMs = this.#nowMs + PATIENCE_MS
    for (;;) {
      // What was resolved has its turn before the clock goes on.
      await resolved()
      if (wait.settled) return promise
      if (this.#nowMs > endMs || !this.step()) throw new Error(`waited in vain, until ${this.#nowMs} ms`)
    }
  }

  /** For what sleeps in wall time too: the clock moves by so much in each turn of the event loop, however long that takes. */
  async alongside<T>(promise: Promise<T>, turnMs = 20): Promise<T> {
    const wait = settling(promise)
    const endMs = this.#nowMs + PATIENCE_MS
    while (!wait.settled) {
      if (this.#nowMs > endMs) throw new Error(`waited in vain, until ${this.#nowMs} ms`)
      for (let slice = 0; slice < SLICES && !wait.settled; slice++) {
        this.advance(turnMs / SLICES)
        await resolved()
      }
      await sleep(1)
    }
    return promise
  }

  /** For FakeWire. */
  carry(from: string, subject: string, bytes: Uint8Array): void {
    this.tap(subject, bytes, from)
    if (this.isCut(from)) return
    const parts = subject.split('.')
    for (const ear of this.#ears) {
      if (!matches(ear.pattern, parts)) continue
      if (this.#chance(this.faults.loss)) continue
      const copies = this.#chance(this.faults.double) ? 2 : 1
      for (let copy = 0; copy < copies; copy++) this.#send(ear, subject, Uint8Array.from(bytes))
    }
  }

  /** For FakeWire. */
  listen(ear: Ear): Subscription {
    this.#ears.add(ear)
    return { stop: () => void this.#ears.delete(ear) }
  }

  /** For FakeWire. */
  serve(server: Server): Subscription {
    this.#servers.add(server)
    return { stop: () => void this.#servers.delete(server) }
  }

  /** Behind all that is due at the same time. */
  schedule(inMs: number, run: () => void): void {
    const atMs = this.#nowMs + inMs
    let low = 0
    let high = this.#queue.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#queue[middle]!.atMs <= atMs) low = middle + 1
      else high = middle
    }
    this.#queue.splice(low, 0, { atMs, run })
  }

  #send(ear: Ear, subject: string, bytes: Uint8Array): void {
    const lateMs = this.#chance(this.faults.delay) ? this.#stream.unit() * this.faults.delayMsMax : 0
    this.schedule(LATENCY_MS + lateMs, () => {
      if (this.#ears.has(ear) && !this.isCut(ear.wire)) ear.hear(bytes, subject)
    })
  }

  #chance(share: number): boolean {
    return share > 0 && this.#stream.unit() < share
  }
}

export class FakeWire implements Wire {
  readonly name: string
  readonly #network: Network
  readonly #subscriptions: Subscription[] = []
  closed = false

  constructor(network: Network, name: string) {
    this.#network = network
    this.name = name
  }

  publish(subject: string, bytes: Uint8Array): void {
    if (!this.closed) this.#network.carry(this.name, subject, bytes)
  }

  subscribe(subject: string, hear: (bytes: Uint8Array, subject: string) => void): Subscription {
    return this.#keep(this.#network.listen({ wire: this.name, pattern: subject.split('.'), hear }))
  }

  serve(subject: string, answer: (bytes: Uint8Array) => Promise<Uint8Array>): Subscription {
    return this.#keep(this.#network.serve({ subject, answer }))
  }

  flush(): Promise<void> {
    return Promise.resolve()
  }

  every(milliseconds: number, task: () => void): Subscription {
    let stopped = false
    const again = (): void => {
      if (stopped) return
      task()
      this.#network.schedule(milliseconds, again)
    }
    this.#network.schedule(milliseconds, again)
    return this.#keep({
      stop: () => {
        stopped = true
      },
    })
  }

  now(): number {
    return this.#network.now()
  }

  /** As if its process were killed: nothing is said, heard or done by it any more. */
  close(): Promise<void> {
    this.closed = true
    for (const subscription of this.#subscriptions) subscription.stop()
    return Promise.resolve()
  }

  #keep(subscription: Subscription): Subscription {
    this.#subscriptions.push(subscription)
    return subscription
  }
}

function matches(pattern: readonly string[], parts: readonly string[]): boolean {
  return pattern.length === parts.length && pattern.every((part, i) => part === '*' || part === parts[i])
}

/** Whoever waits for what was just resolved has had a turn. */
async function resolved(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await Promise.resolve()
}

function settling(promise: Promise<unknown>): { settled: boolean } {
  const wait = { settled: false }
  const settle = (): void => {
    wait.settled = true
  }
  promise.then(settle, settle)
  return wait
}
