/** A stage carries one or more actors: it hands them their mail in order, steps those with a reason, and bags what they send. */
import {
  type Actor,
  type ActorEvent,
  type ActorId,
  type Ordinal,
  type Outbox,
  peekAt,
  type Snapshot,
  type Telemetry,
} from './actor.ts'
import type { ActorDigest, Bag, Grant, Report, StageHandler, StageId } from './bus/bus.ts'
import type { Command } from './command.ts'
import { Digest } from './digest.ts'
import { assert } from './errors.ts'
import { digestMail } from './mail.ts'
import type { BodyOf, Kind, Mail } from './messages.ts'
import { RecentMail } from './recent-mail.ts'
import { NEVER, type Quantum } from './time.ts'

/** Makes the actor that a command calls into life, if it lives on this stage. */
export type Recruit = (command: Command) => Actor | undefined

export class Stage implements StageHandler {
  readonly id: StageId
  /** By ordinal of the actor. */
  readonly #seats: Seat[] = []
  /** When each seat must step. Apart from the seats, for every quantum looks at all of them. */
  readonly #wakes: Quantum[] = []
  /** The place of an actor's seat, by ordinal. */
  #placeOf: (number | undefined)[] = []
  readonly #stageOf: (ordinal: Ordinal) => StageId
  #bags = new Map<StageId, Mail[]>()
  #events: ActorEvent[] = []
  readonly #recent = new RecentMail()
  #stepping: ActorId | undefined
  readonly #recruit: Recruit

  /** `stageOf` says where each actor lives, also those that commands bring. */
  constructor(id: StageId, actors: readonly Actor[], stageOf: (ordinal: Ordinal) => StageId, recruit: Recruit = () => undefined) {
    this.id = id
    this.#stageOf = stageOf
    this.#recruit = recruit
    for (const actor of actors) this.#seat(actor, -1)
  }

  /** Who has not come to the end of its step; after an error, whose it is. */
  get stepping(): ActorId | undefined {
    return this.#stepping
  }

  #seat(actor: Actor, now: Quantum): void {
    const after = this.#seats.findIndex((other) => other.actor.ordinal > actor.ordinal)
    const place = after < 0 ? this.#seats.length : after
    this.#seats.splice(place, 0, new Seat(this, actor))
    this.#wakes.splice(place, 0, actor.nextWake(now))
    this.#placeOf = []
    for (const [at, seat] of this.#seats.entries()) this.#placeOf[seat.actor.ordinal] = at
  }

  /** Before the step of their quantum: newcomers take their seats, and who listens to commands has a reason to step. */
  #command(commands: readonly Command[], quantum: Quantum): void {
    for (const command of commands) {
      const actor = this.#recruit(command)
      if (actor) this.#seat(actor, quantum - 1)
      for (const [place, seat] of this.#seats.entries()) {
        if (!seat.actor.command) continue
        seat.actor.command(command)
        this.#wakes[place] = Math.min(this.#wakes[place]!, quantum)
      }
    }
  }

  step(grant: Grant, bags: readonly Bag[]): { bags: Bag[]; report: Report } {
    const { quantum, until = quantum, final, commands = [] } = grant
    if (!final) {
      this.#command(commands, quantum)
      this.#deliver(quantum, bags)
      this.#recent.hear(quantum, bags, until > quantum)
      const wakes = this.#wakes
      for (let place = 0; place < wakes.length; place++) {
        if (wakes[place]! > quantum) continue
        const seat = this.#seats[place]!
        this.#stepping = seat.actor.id
        wakes[place] = seat.step(quantum)
      }
      this.#stepping = undefined
    }
    return this.#report(grant)
  }

  snapshot(): Snapshot {
    return this.#state((actor) => actor.snapshot())
  }

  /** As snapshot(), but what is large is lent and changes with its actor: for who reads it at once. */
  peek(): Snapshot {
    return this.#state(peekAt)
  }

  #state(stateOf: (actor: Actor) => Snapshot): Snapshot {
    return {
      seats: this.#seats.map(({ actor, digest, sequence }, place) => ({
        mail: [digest.a, digest.b],
        wake: this.#wakes[place]!,
        sequence,
        state: stateOf(actor),
      })),
    }
  }

  restore(from: Snapshot): void {
    const seats = from['seats'] as { mail: [number, number]; wake: number; sequence: number; state: Snapshot }[]
    assert(seats.length === this.#seats.length, 'a stage snapshot has a seat for each actor')
    this.#recent.forget()
    this.#seats.forEach((seat, place) => {
      const saved = seats[place]!
      ;[seat.digest.a, seat.digest.b] = saved.mail
      this.#wakes[place] = saved.wake
      seat.sequence = saved.sequence
      seat.actor.restore(saved.state)
    })
  }

  /** Puts each mail into its receiver's inbox, sorted by (sender, sequence); who has mail has a reason to step. */
  #deliver(quantum: Quantum, bags: readonly Bag[]): void {
    for (const { mails } of bags) {
      for (const mail of mails) {
        const place = this.#placeOf[mail.to]
        assert(place !== undefined, `stage ${this.id} carries the receiver ${mail.to}`)
        this.#seats[place]!.hear(mail)
        this.#wakes[place] = quantum
      }
    }
    // One bag is in order already, for its stage steps its actors in order.
    if (bags.length > 1) for (const seat of this.#seats) seat.sortInbox()
  }

  /** For its seats. */
  post(mail: Mail): void {
    const stage = this.#stageOf(mail.to)
    const bag = this.#bags.get(stage)
    if (bag) bag.push(mail)
    else this.#bags.set(stage, [mail])
  }

  /** For its seats. */
  note(event: ActorEvent): void {
    this.#events.push(event)
  }

  #report(grant: Grant): { bags: Bag[]; report: Report } {
    const bags: Bag[] = []
    let mails = 0
    for (const [to, content] of this.#bags) {
      bags.push({ from: this.id, to, quantum: grant.quantum, mails: content })
      mails += content.length
    }
    let nextWake = NEVER
    for (const wake of this.#wakes) if (wake < nextWake) nextWake = wake
    // A report may be read later than in the next step, so what is written on is no part of it.
    const events = this.#events.length > 0 ? this.#events : NO_EVENTS
    if (mails > 0) this.#bags = new Map()
    if (events.length > 0) this.#events = []
    const report: { -readonly [F in keyof Report]: Report[F] } = { stage: this.id, nextWake, mails, events }
    if (grant.mailFrom !== undefined) report.heard = this.#recent.tell(grant.mailFrom, grant.mailTo)
    if (grant.observe || grant.final) report.telemetry = this.#telemetry()
    if (grant.final) report.digests = this.#digests()
    return { bags, report }
  }

  #telemetry(): Record<string, Telemetry> {
    const telemetry: Record<string, Telemetry> = {}
    for (const { actor } of this.#seats) telemetry[actor.id] = actor.observe()
    return telemetry
  }

  #digests(): ActorDigest[] {
    return this.#seats.map(({ actor, digest }) => {
      const state = new Digest()
      state.value(peekAt(actor))
      return { ordinal: actor.ordinal, mail: digest.hex(), state: state.hex() }
    })
  }
}

/** What the stage keeps for an actor it carries, and what the actor speaks through. */
class Seat implements Outbox {
  readonly actor: Actor
  readonly digest = new Digest()
  readonly #stage: Stage
  /** A new list for each step that has mail: to empty one costs more than to make it. */
  #inbox: Mail[] = NO_MAIL
  #quantum: Quantum = -1
  sequence = 0

  constructor(stage: Stage, actor: Actor) {
    this.#stage = stage
    this.actor = actor
  }

  hear(mail: Mail): void {
    if (this.#inbox === NO_MAIL) this.#inbox = [mail]
    else this.#inbox.push(mail)
  }

  sortInbox(): void {
    if (this.#inbox.length > 1) this.#inbox.sort(bySenderAndSequence)
  }

  /** Gives when it must step again without mail. */
  step(quantum: Quantum): Quantum {
    const inbox = this.#inbox
    this.#inbox = NO_MAIL
    this.#quantum = quantum
    for (const mail of inbox) digestMail(this.digest, mail)
    this.actor.step(quantum, inbox, this)
    return this.actor.nextWake(quantum)
  }

  send<K extends Kind>(to: Ordinal, kind: K, body: BodyOf<K>): void {
    this.#stage.post({ from: this.actor.ordinal, to, sequence: this.sequence++, kind, body } as unknown as Mail)
  }

  event(code: string, fields: Readonly<Record<string, number | string>> = {}): void {
    this.#stage.note({ quantum: this.#quantum, actor: this.actor.id, code, fields })
  }
}

const NO_MAIL: Mail[] = []
const NO_EVENTS: readonly ActorEvent[] = []

function bySenderAndSequence(x: Mail, y: Mail): number {
  return x.from - y.from || x.sequence - y.sequence
}
