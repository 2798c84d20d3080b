/** A stage carries one or more actors: it hands them their mail in order, steps those with a reason, and bags what they send. */
import type { Actor, ActorEvent, ActorId, Ordinal, Outbox, Snapshot, Telemetry } from './actor.ts'
import type { ActorDigest, Bag, Grant, Report, StageHandler, StageId } from './bus/bus.ts'
import type { Command } from './command.ts'
import { Digest } from './digest.ts'
import { assert } from './errors.ts'
import { digestMail } from './mail.ts'
import type { BodyOf, Kind, Mail } from './messages.ts'
import { NEVER, type Quantum } from './time.ts'

/** What the stage keeps for each actor it carries. */
interface Seat {
  readonly actor: Actor
  readonly inbox: Mail[]
  readonly digest: Digest
  wake: Quantum
  sequence: number
}

/** Makes the actor that a command calls into life, if it lives on this stage. */
export type Recruit = (command: Command) => Actor | undefined

export class Stage implements StageHandler {
  readonly id: StageId
  readonly #seats: Seat[]
  readonly #seatOf = new Map<Ordinal, Seat>()
  readonly #stageOf: (ordinal: Ordinal) => StageId
  #bags = new Map<StageId, Mail[]>()
  #events: ActorEvent[] = []
  #stepping: ActorId | undefined
  readonly #recruit: Recruit

  /** `stageOf` says where each actor lives, also those that commands bring. */
  constructor(id: StageId, actors: readonly Actor[], stageOf: (ordinal: Ordinal) => StageId, recruit: Recruit = () => undefined) {
    this.id = id
    this.#stageOf = stageOf
    this.#recruit = recruit
    this.#seats = []
    for (const actor of actors) this.#seat(actor, -1)
  }

  /** Who has not come to the end of its step; after an error, whose it is. */
  get stepping(): ActorId | undefined {
    return this.#stepping
  }

  #seat(actor: Actor, now: Quantum): void {
    const seat: Seat = { actor, inbox: [], digest: new Digest(), wake: actor.nextWake(now), sequence: 0 }
    const after = this.#seats.findIndex((other) => other.actor.ordinal > actor.ordinal)
    this.#seats.splice(after < 0 ? this.#seats.length : after, 0, seat)
    this.#seatOf.set(actor.ordinal, seat)
  }

  /** Before the step of their quantum: newcomers take their seats, and who listens to commands has a reason to step. */
  #command(commands: readonly Command[], quantum: Quantum): void {
    for (const command of commands) {
      const actor = this.#recruit(command)
      if (actor) this.#seat(actor, quantum - 1)
      for (const seat of this.#seats) {
        if (!seat.actor.command) continue
        seat.actor.command(command)
        seat.wake = Math.min(seat.wake, quantum)
      }
    }
  }

  step(grant: Grant, bags: readonly Bag[]): { bags: Bag[]; report: Report } {
    if (!grant.final) {
      this.#command(grant.commands ?? [], grant.quantum)
      this.#deliver(bags)
      for (const seat of this.#seats) {
        if (seat.inbox.length > 0 || seat.wake <= grant.quantum) this.#stepSeat(seat, grant.quantum)
      }
    }
    return this.#report(grant)
  }

  snapshot(): Snapshot {
    return {
      seats: this.#seats.map(({ actor, digest, wake, sequence }) => ({
        mail: [digest.a, digest.b],
        wake,
        sequence,
        state: actor.snapshot(),
      })),
    }
  }

  restore(from: Snapshot): void {
    const seats = from['seats'] as { mail: [number, number]; wake: number; sequence: number; state: Snapshot }[]
    assert(seats.length === this.#seats.length, 'a stage snapshot has a seat for each actor')
    this.#seats.forEach((seat, index) => {
      const saved = seats[index]!
      ;[seat.digest.a, seat.digest.b] = saved.mail
      seat.wake = saved.wake
      seat.sequence = saved.sequence
      seat.actor.restore(saved.state)
    })
  }

  /** Puts each mail into its receiver's inbox, sorted by (sender, sequence). */
  #deliver(bags: readonly Bag[]): void {
    for (const bag of bags) {
      for (const mail of bag.mails) {
        const seat = this.#seatOf.get(mail.to)
        assert(seat !== undefined, `stage ${this.id} carries the receiver ${mail.to}`)
        seat.inbox.push(mail)
      }
    }
    // One bag is in order already, for its stage steps its actors in order.
    if (bags.length > 1) for (const seat of this.#seats) seat.inbox.sort(bySenderAndSequence)
  }

  #stepSeat(seat: Seat, quantum: Quantum): void {
    this.#stepping = seat.actor.id
    for (const mail of seat.inbox) digestMail(seat.digest, mail)
    seat.actor.step(quantum, seat.inbox, new StageOutbox(this, seat, quantum))
    seat.inbox.length = 0
    seat.wake = seat.actor.nextWake(quantum)
    this.#stepping = undefined
  }

  /** For StageOutbox. */
  post(mail: Mail): void {
    const stage = this.#stageOf(mail.to)
    const bag = this.#bags.get(stage)
    if (bag) bag.push(mail)
    else this.#bags.set(stage, [mail])
  }

  /** For StageOutbox. */
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
    for (const seat of this.#seats) if (seat.wake < nextWake) nextWake = seat.wake
    const events = this.#events
    if (mails > 0) this.#bags = new Map()
    if (events.length > 0) this.#events = []
    return {
      bags,
      report: {
        stage: this.id,
        nextWake,
        mails,
        events,
        ...(grant.observe || grant.final ? { telemetry: this.#telemetry() } : {}),
        ...(grant.final ? { digests: this.#digests() } : {}),
      },
    }
  }

  #telemetry(): Record<string, Telemetry> {
    return Object.fromEntries(this.#seats.map(({ actor }) => [actor.id, actor.observe()]))
  }

  #digests(): ActorDigest[] {
    return this.#seats.map(({ actor, digest }) => {
      const state = new Digest()
      state.value(actor.snapshot())
      return { ordinal: actor.ordinal, mail: digest.hex(), state: state.hex() }
    })
  }
}

class StageOutbox implements Outbox {
  readonly #stage: Stage
  readonly #seat: Seat
  readonly #quantum: Quantum

  constructor(stage: Stage, seat: Seat, quantum: Quantum) {
    this.#stage = stage
    this.#seat = seat
    this.#quantum = quantum
  }

  send<K extends Kind>(to: Ordinal, kind: K, body: BodyOf<K>): void {
    this.#stage.post({ from: this.#seat.actor.ordinal, to, sequence: this.#seat.sequence++, kind, body } as unknown as Mail)
  }

  event(code: string, fields: Readonly<Record<string, number | string>> = {}): void {
    this.#stage.note({ quantum: this.#quantum, actor: this.#seat.actor.id, code, fields })
  }
}

function bySenderAndSequence(x: Mail, y: Mail): number {
  return x.from - y.from || x.sequence - y.sequence
}
