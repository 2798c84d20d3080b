/**
 * A stage's end of the protocol: hears grants, waits until it has every bag that the grant names, steps, sends its bags,
 * and says done. Grants are numbered; one that comes again gets the same done again, a bag that is missing is asked for
 * again, so any message may be lost or doubled. What is kept is one grant's bags and done. Where the grant says how far nothing
 * but wakes and mail count, the stage goes on by itself, until it writes to another; one done tells of all those steps.
 */
import type { ActorEvent } from '../actor.ts'
import { assert, ColdpoolError } from '../errors.ts'
import { AHEAD_MAX, type Bag, type Grant, nextAfter, type Report, type StageHandler, type StageId } from './bus.ts'
import type { Command } from '../command.ts'
import { encodeControl, readControl } from './control.ts'
import { ROLES } from '../messages.ts'
import { NEVER, type Quantum } from '../time.ts'
import { Mailbag, readParcel, sealBag, type SealedBag } from './mailbag.ts'
import { encodeDone, type GrantTo, readGrant } from './turn.ts'
import { Dropped, subject, type Subscription, type Wire } from './wire.ts'

export interface StageEndSpec {
  readonly run: string
  readonly generation: number
  readonly stage: StageId
  /** The role under which each stage sends, by stage number. */
  readonly roles: readonly string[]
  /** Number of the first grant, after the ones that a snapshot holds already. */
  readonly first: number
  /** Bags that a snapshot holds for the first grant. */
  readonly inbox?: readonly Bag[]
}

export interface StageEndOptions {
  readonly dropped?: Dropped
  /** Takes a snapshot of everything as it stands before the step, with the bags that are to be delivered in it. */
  readonly onSet?: (set: string, inbox: readonly Bag[]) => void
  /** Told before what follows is done, and waited for; tests use it to die at a given point. */
  readonly onMoment?: (moment: 'set' | 'bags' | 'done', number: number) => Promise<void> | void
  /** A conductor in the same process hears and is heard directly. */
  readonly conductor?: (done: Uint8Array) => void
}

/** A missing bag is asked for after so many looks at the clock, one every LOOK_MS. */
const LOOK_MS = 25
/** So long it steps ahead at most: whoever is at work hears nothing. */
const AHEAD_MS = 100

export class StageEnd {
  readonly #wire: Wire
  readonly #spec: StageEndSpec
  readonly #handler: StageHandler
  readonly #options: StageEndOptions
  readonly #mailbag: Mailbag
  readonly #subscriptions: Subscription[] = []
  readonly dropped: Dropped
  #inbox: readonly Bag[] | undefined
  /** Bags to itself never travel. */
  #own: readonly Bag[] = []
  /** The last quantum in which it stepped, and what it sent to others in it. */
  #stepped: Quantum = -1
  #bags: readonly Bag[] = []
  /** Of the last grant carried out. */
  #number: number
  #done: Uint8Array | undefined
  /** It cannot be carried out yet, since then. */
  #waiting: GrantTo | undefined
  #waitingMs = 0
  /** Runs only while something is waited for, and a little longer: a clock wakes the process. */
  #clock: Subscription | undefined
  #stepping = false
  #closed = false
  /** What is said to every grant once the stage cannot go on. */
  #failed: Uint8Array | undefined
  /** What was sent in the last two grants: a receiver may be one grant behind. */
  #sent: readonly [Sent, Sent] = [NOTHING_SENT, NOTHING_SENT]
  readonly #doneAt: string
  /** By stage, the subjects under which bags go to it, and come from it. */
  readonly #bagTo: readonly string[]
  readonly #bagFrom: readonly string[]

  constructor(wire: Wire, spec: StageEndSpec, handler: StageHandler, options: StageEndOptions = {}) {
    this.#wire = wire
    this.#spec = spec
    this.#handler = handler
    this.#options = options
    this.dropped = options.dropped ?? new Dropped()
    this.#mailbag = new Mailbag(this.dropped)
    this.#number = spec.first - 1
    this.#inbox = spec.inbox
    const { run, stage, roles } = spec
    this.#doneAt = subject(run, 'done', roles[stage]!, 'conductor')
    this.#bagTo = roles.map((_, to) => subject(run, 'bag', roles[stage]!, to))
    this.#bagFrom = roles.map((role) => subject(run, 'bag', role, stage))
  }

  /** Resolves when everything that is sent from now on will be heard. */
  async open(): Promise<void> {
    const { run, stage, roles } = this.#spec
    if (!this.#options.conductor) this.#hear(subject(run, 'grant', 'conductor', 'all'), (bytes) => this.grant(bytes))
    // One by one: what is said on another account's bus comes over by role, which a `*` here would not match.
    for (const role of new Set([...ROLES, ...roles])) {
      this.#hear(subject(run, 'bag', role, stage), (bytes, at) => this.#bag(bytes, at))
      this.#hear(subject(run, 'need', role, stage), (bytes) => this.#need(bytes))
    }
    await this.#wire.flush()
  }

  close(): void {
    this.#closed = true
    for (const subscription of this.#subscriptions) subscription.stop()
    this.#clock?.stop()
  }

  #hear(at: string, hear: (bytes: Uint8Array, subject: string) => void): void {
    this.#subscriptions.push(this.#wire.subscribe(at, hear))
  }

  grant(bytes: Uint8Array): void {
    if (this.#closed) return
    const { stage, roles, generation } = this.#spec
    const grant = readGrant(bytes, stage, roles.length, this.dropped)
    if (!grant) return
    if (grant.generation !== generation) return this.dropped.count('old')
    const { number } = grant
    if (this.#failed) return this.#sayFailed(this.#failed)
    if (number === this.#number && this.#done) return this.#say(this.#done)
    if (number !== this.#number + 1) return this.dropped.count(number <= this.#number ? 'old' : 'early')
    if (this.#waiting || this.#stepping) return
    this.#waiting = grant
    this.#proceed()
    if (!this.#waiting) return
    this.#waitingMs = this.#wire.now()
    this.#clock ??= this.#wire.every(LOOK_MS, () => this.#askAgain())
  }

  #bag(bytes: Uint8Array, at: string): void {
    const parcel = readParcel(bytes)
    if (!parcel) return this.dropped.count('malformed')
    if (parcel.generation !== this.#spec.generation) return this.dropped.count('old')
    // The role in the subject is what the server let its sender say.
    if (at !== this.#bagFrom[parcel.from]) return this.dropped.count('stranger')
    if (parcel.number < this.#number) return this.dropped.count('old')
    if (parcel.number > this.#number + 1) return this.dropped.count('early')
    const named = parcel.number === this.#number ? this.#waiting?.named.find(({ from }) => from === parcel.from) : undefined
    this.#mailbag.put(parcel, named?.digest)
    this.#proceed()
  }

  #need(bytes: Uint8Array): void {
    const need = readControl(bytes, ['need'], this.dropped)?.body
    if (need === undefined) return
    if (need.generation !== this.#spec.generation) return this.dropped.count('old')
    const sent = this.#sent.find(({ number }) => number === need.number)?.bags.find(({ to }) => to === need.stage)
    if (sent) this.#post(sent)
    else this.dropped.count('old')
  }

  #askAgain(): void {
    const { run, generation, stage, roles } = this.#spec
    if (!this.#waiting) {
      this.#clock?.stop()
      this.#clock = undefined
      return
    }
    if (this.#wire.now() - this.#waitingMs < LOOK_MS) return
    for (const { from } of this.#mailbag.missing(this.#number, this.#waiting.named)) {
      const need = encodeControl('need', { generation, stage, number: this.#number })
      this.#wire.publish(subject(run, 'need', roles[stage]!, from), need)
    }
  }

  #proceed(): void {
    const grant = this.#waiting
    if (!grant || this.#closed) return
    if (this.#inbox === undefined && this.#mailbag.missing(this.#number, grant.named).length > 0) return
    this.#waiting = undefined
    try {
      const bags = this.#inbox ?? this.#mailbag.take(this.#number, grant.named)
      this.#inbox = undefined
      if (this.#options.onMoment) this.#carryOutSlowly(grant, bags, this.#options.onMoment).catch((error) => this.fail(error))
      else this.#finish(grant, this.#carryOut(grant, this.#inboxOf(grant, bags)))
    } catch (error) {
      this.fail(error)
    }
  }

  async #carryOutSlowly(grant: GrantTo, bags: readonly Bag[], onMoment: NonNullable<StageEndOptions['onMoment']>): Promise<void> {
    this.#stepping = true
    const inbox = this.#inboxOf(grant, bags)
    if (grant.set !== '') await onMoment('set', grant.number)
    const done = this.#carryOut(grant, inbox)
    await this.#wire.flush()
    await onMoment('bags', grant.number)
    this.#stepping = false
    if (this.#closed || this.#failed) return
    this.#finish(grant, done)
    await this.#wire.flush()
    await onMoment('done', grant.number)
  }

  /** What is delivered in the step to which the grant leads, when the set that it asks for is taken; undefined: it has stepped further. */
  #inboxOf({ quantum, set }: GrantTo, bags: readonly Bag[]): readonly Bag[] | undefined {
    if (quantum <= this.#stepped) {
      assert(bags.length === 0 && set === '', `quantum ${quantum} comes to stage ${this.#spec.stage} after it has stepped in it`)
      return undefined
    }
    const inbox = this.#own.length === 0 ? bags : [...bags, ...this.#own]
    if (set !== '') this.#options.onSet?.(set, inbox)
    return inbox
  }

  /** Steps, and further than the grant's quantum where that is allowed; sends the bags of the last step; gives the done. */
  #carryOut(grant: GrantTo, inbox: readonly Bag[] | undefined): Uint8Array {
    const { number, quantum, until } = grant
    if (inbox === undefined) return this.#sendBags(number, NOTHING_NEW, null)
    const first = this.#step(toStep(grant), inbox)
    const ahead = until > quantum + 1 ? this.#goAhead(first, Math.min(until, quantum + AHEAD_MAX)) : null
    return this.#sendBags(number, first, ahead)
  }

  /** Null if there is nothing to do before the end. */
  #goAhead(first: Report, end: Quantum): StepAhead[] | null {
    const ahead: StepAhead[] = []
    const beganMs = this.#wire.now()
    for (let next = this.#next(first); next < end && this.#wire.now() - beganMs < AHEAD_MS;) {
      const report = this.#step({ quantum: next, until: end, observe: false, final: false }, this.#own)
      ahead.push([next, report.nextWake, report.mails, detailsOf(report)])
      next = this.#next(report)
    }
    return ahead.length > 0 ? ahead : null
  }

  #step(grant: Grant, inbox: readonly Bag[]): Report {
    const { bags, report } = this.#handler.step(grant, inbox)
    const { stage } = this.#spec
    this.#stepped = grant.quantum
    this.#own = bags.length === 0 ? bags : bags.filter(({ to }) => to === stage)
    this.#bags = bags.length === 0 ? bags : bags.filter(({ to }) => to !== stage)
    return report
  }

  /** In which it must step, if no other has a say in that. */
  #next(report: Report): Quantum {
    return this.#bags.length > 0 ? NEVER : nextAfter(this.#stepped, report)
  }

  #sendBags(number: number, first: Omit<Report, 'stage'>, ahead: readonly StepAhead[] | null): Uint8Array {
    const { generation, stage } = this.#spec
    const bags = this.#bags.map((bag) => sealBag(generation, number, bag))
    for (const bag of bags) this.#post(bag)
    this.#sent = [this.#sent[1], { number, bags }]
    const bagsTo = bags.map(({ to }) => to)
    const bagDigests = bags.map(({ digest }) => digest)
    const { nextWake, mails } = first
    return encodeDone({ generation, stage, number, nextWake, mails, bagsTo, bagDigests, report: detailsOf(first), ahead })
  }

  #finish(grant: GrantTo, done: Uint8Array): void {
    this.#number = grant.number
    this.#done = done
    this.#say(done)
  }

  #post({ to, bytes }: SealedBag): void {
    this.#wire.publish(this.#bagTo[to]!, bytes)
  }

  #say(done: Uint8Array): void {
    if (this.#options.conductor) this.#options.conductor(done)
    else this.#wire.publish(this.#doneAt, done)
  }

  /** A broken invariant, here or in an actor: the conductor hears of it, and the run ends. */
  fail(error: unknown): void {
    const { stage, generation } = this.#spec
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    const code = error instanceof ColdpoolError ? error.code : name
    this.#waiting = undefined
    this.#failed = encodeControl('failed', { generation, stage, code, message: message.slice(0, 4000) })
    this.#sayFailed(this.#failed)
  }

  /** Again with every grant that comes, for this may be lost too. */
  #sayFailed(failed: Uint8Array): void {
    const { run, stage, roles } = this.#spec
    this.#wire.publish(subject(run, 'failed', roles[stage]!, 'conductor'), failed)
  }
}

interface Sent {
  readonly number: number
  readonly bags: readonly SealedBag[]
}

const NOTHING_SENT: Sent = { number: -1, bags: [] }
/** Of a grant whose quantum was stepped before it came. */
const NOTHING_NEW: Omit<Report, 'stage'> = { nextWake: NEVER, mails: 0, events: [] }

/** As nearly all grants are, without the rest: an object put together of parts is made slowly. */
function toStep({ quantum, until, observe, final, mailFrom, mailTo, commands }: GrantTo): Grant {
  if (commands === null && mailFrom === NEVER) return { quantum, until, observe, final }
  return {
    quantum,
    until,
    observe,
    final,
    ...(commands !== null && { commands: commands as readonly Command[] }),
    ...(mailFrom !== NEVER && { mailFrom, mailTo }),
  }
}

export interface ReportDetails {
  readonly events: readonly ActorEvent[]
  readonly telemetry: NonNullable<Report['telemetry']> | null
  readonly digests: NonNullable<Report['digests']> | null
  readonly heard?: NonNullable<Report['heard']>
}

/** Quantum, next wake, how many mails were sent, and what else there is to say. */
type StepAhead = readonly [quantum: Quantum, nextWake: Quantum, mails: number, report: ReportDetails | null]

/** Null if there is nothing to say, as in most quanta. */
function detailsOf({ events, telemetry, digests, heard }: Omit<Report, 'stage'>): ReportDetails | null {
  if (events.length === 0 && !telemetry && !digests && !heard) return null
  return { events, telemetry: telemetry ?? null, digests: digests ?? null, ...(heard && { heard }) }
}
