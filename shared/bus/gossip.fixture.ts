/** Actors that chat at random: small enough to reason about, lively enough to find a bus that loses, doubles or reorders mail. */
import { parentPort } from 'node:worker_threads'
import type { Actor, Outbox, Snapshot, Telemetry } from '../actor.ts'
import { assert } from '../errors.ts'
import type { Mail } from '../messages.ts'
import { fork, Stream } from '../random.ts'
import { Stage } from '../stage.ts'
import { NEVER, type Quantum } from '../time.ts'
import type { StageId } from './bus.ts'

export class Gossip implements Actor {
  readonly id: string
  readonly ordinal: number
  readonly #listeners: readonly number[]
  readonly #until: Quantum
  readonly #stream: Stream
  #wake: Quantum
  #sent = 0
  #received = 0

  /** It chats with so many actors, or with those that are named, with who is named twice twice as much, until a quantum. */
  constructor(ordinal: number, actors: number | readonly number[], until: Quantum) {
    this.id = `gossip-${ordinal}`
    this.ordinal = ordinal
    this.#listeners = typeof actors === 'number' ? Array.from({ length: actors }, (_, i) => i) : actors
    this.#until = until
    this.#stream = new Stream(fork(7, this.id))
    this.#wake = ordinal % 3
  }

  step(now: Quantum, inbox: readonly Mail[], out: Outbox): void {
    this.#received += inbox.length
    if (inbox.length > 2) out.event('crowded', { mails: inbox.length })
    // Who hears nothing falls silent until its next wake; who hears much answers less than it hears.
    const chats = now < this.#until && this.#listeners.length > 0
    const mails = chats ? Math.min(3, this.#stream.below(inbox.length + 2)) : 0
    for (let i = 0; i < mails; i++) this.#tell(now, inbox, out)
    this.#wake = chats ? now + 1 + this.#stream.below(9) : NEVER
  }

  #tell(now: Quantum, inbox: readonly Mail[], out: Outbox): void {
    const to = this.#listeners[this.#stream.below(this.#listeners.length)]!
    this.#sent++
    const kind = this.#stream.below(4)
    if (kind === 0) out.send(to, 'pressure', { level: this.#stream.u32() })
    else if (kind === 1) out.send(to, 'killed', { cause: `told ${now} by ${this.id}` })
    else if (kind === 2) out.send(to, 'promote', { pages: Uint32Array.from(inbox, (mail) => mail.sequence) })
    else
      out.send(to, 'load', {
        rawReadNs: this.#stream.unit(),
        compressedReadNs: -0,
        zeroReadNs: 1e300,
        writeNs: 0,
        utilisation: 0.5,
        devLoad: 3,
      })
  }

  nextWake(): Quantum {
    return this.#wake
  }

  snapshot(): Snapshot {
    return { counter: this.#stream.counter, wake: this.#wake, sent: this.#sent, received: this.#received }
  }

  restore(from: Snapshot): void {
    const saved = from as { counter: number; wake: Quantum; sent: number; received: number }
    this.#stream.counter = saved.counter
    this.#wake = saved.wake
    this.#sent = saved.sent
    this.#received = saved.received
  }

  observe(): Telemetry {
    return { sent: this.#sent, received: this.#received }
  }
}

type Lines = Readonly<Record<Quantum, readonly (readonly [to: number, level: number])[]>>

/** Writes down what it hears, tells it as an event, and plays its lines: in quantum q it sends lines[q], to whom and what level. */
export class Scribe implements Actor {
  readonly id: string
  readonly ordinal: number
  readonly log: (readonly [now: Quantum, reader: number, from: number, sequence: number, level: number])[]
  readonly #lines: Lines

  constructor(ordinal: number, log: Scribe['log'], lines: Lines = {}) {
    this.id = `scribe-${ordinal}`
    this.ordinal = ordinal
    this.log = log
    this.#lines = lines
  }

  step(now: Quantum, inbox: readonly Mail[], out: Outbox): void {
    for (const mail of inbox) {
      if (mail.kind !== 'pressure') continue
      const { from, sequence, body } = mail
      this.log.push([now, this.ordinal, from, sequence, body.level])
      out.event('heard', { from, sequence, level: body.level })
    }
    for (const [to, level] of this.#lines[now] ?? []) out.send(to, 'pressure', { level })
  }

  nextWake(now: Quantum): Quantum {
    return Math.min(
      NEVER,
      ...Object.keys(this.#lines)
        .map(Number)
        .filter((quantum) => quantum > now),
    )
  }

  snapshot(): Snapshot {
    return {}
  }

  restore(): void {}

  observe(): Telemetry {
    return { lines: this.log.length }
  }
}

/** Breaks an invariant when its time comes. */
class Fool extends Scribe {
  override step(now: Quantum): void {
    assert(now === 0, `${this.id} is no fool`)
  }
}

/** Says in which quantum it steps, on its thread's port. */
class Herald extends Scribe {
  override step(now: Quantum, inbox: readonly Mail[], out: Outbox): void {
    super.step(now, inbox, out)
    parentPort!.postMessage(now)
  }
}

/** An actor as data, so that it can be made in another thread. */
export type Guest =
  | { readonly kind: 'gossip'; readonly ordinal: number; readonly actors: number; readonly until: Quantum }
  | { readonly kind: 'scribe' | 'fool' | 'herald'; readonly ordinal: number; readonly lines?: Lines }

/** A stage as data: each guest lives on the one that stands at its ordinal. */
export interface Seating {
  readonly id: StageId
  readonly guests: readonly Guest[]
  readonly stages: readonly StageId[]
}

export function stageOf({ id, guests, stages }: Seating): Stage {
  const mine = guests.filter(({ ordinal }) => stages[ordinal] === id)
  return new Stage(id, mine.map(actorOf), (ordinal) => stages[ordinal]!)
}

function actorOf(guest: Guest): Actor {
  switch (guest.kind) {
    case 'gossip':
      return new Gossip(guest.ordinal, guest.actors, guest.until)
    case 'scribe':
      return new Scribe(guest.ordinal, [], guest.lines)
    case 'fool':
      return new Fool(guest.ordinal, [], guest.lines)
    case 'herald':
      return new Herald(guest.ordinal, [], guest.lines)
  }
}
