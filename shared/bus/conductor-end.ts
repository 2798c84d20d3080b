/**
 * The conductor's end of the protocol: one grant to all stages, a done from each, and the next grant names the bags that
 * the dones named. A grant is sent again until every done is there. Where it says how far nothing but wakes and mail count, stages
 * step ahead, and what they have told waits for the quanta that it belongs to. Every quantum leaves a digest of what all stages did in
 * it (the trail), so that a run that is repeated from its snapshots can be held against what it did before.
 */
import { assert, ColdpoolError, InvariantError } from '../errors.ts'
import type { Bag, Bus, Grant, Report, StageHandler, StageId } from './bus.ts'
import { type ControlOf, readControl } from './control.ts'
import { Digest } from '../digest.ts'
import { KEPT_AHEAD } from '../recent-mail.ts'
import { NEVER, type Quantum } from '../time.ts'
import { StageEnd, type StageEndOptions } from './stage-end.ts'
import { type Asked, StageSeen } from './stage-seen.ts'
import { encodeGrant, readDone } from './turn.ts'
import { Dropped, subject, type Subscription, type Wire } from './wire.ts'

export interface ConductorEndSpec {
  readonly run: string
  readonly generation: number
  /** By stage number. Those in `local` are carried by this process. */
  readonly roles: readonly string[]
  readonly first: number
}

export interface ConductorEndOptions {
  readonly dropped?: Dropped
  /** Hears the digest of every quantum, with the next one. What it throws, grants throw. */
  readonly onTrail?: (mark: TrailMark) => void
}

/** What all stages did in one granted quantum, as a digest: the same again in every repetition. */
export interface TrailMark {
  readonly quantum: Quantum
  readonly digest: string
}

/** A grant with no answer is sent again after this long, then after twice as long, up to the most. */
const RESEND_MS = 100
const RESEND_MS_MAX = 1600

/** A stage is gone (or was replaced): what was granted cannot be finished in this generation. */
export class StageLost extends Error {
  readonly stage: StageId
  constructor(stage: StageId, why: string) {
    super(`stage ${stage}: ${why}`)
    this.name = 'StageLost'
    this.stage = stage
  }
}

export class ConductorEnd implements Bus {
  readonly name = 'nats'
  readonly dropped: Dropped
  readonly #wire: Wire
  readonly #spec: ConductorEndSpec
  readonly #options: ConductorEndOptions
  readonly #locals: StageEnd[] = []
  readonly #subscriptions: Subscription[] = []
  readonly #grantAt: string
  /** By stage, the subjects under which it speaks to the conductor. */
  readonly #saidAt: Readonly<Record<'done' | 'failed', readonly string[]>>
  readonly #stages: readonly StageSeen[]
  /** By the grant that was sent last. */
  #asked: Asked = { quantum: -1, until: -1, mailOf: NO_QUANTA }
  /** The quanta of which mail is to be asked for, by the next grant for which nobody has stepped too far. */
  #mailOf = new Set<Quantum>()
  /** What the trail has not been told of yet. */
  #untrailed: { readonly quantum: Quantum; readonly reports: readonly Report[] } | undefined
  #number: number
  #bytes: Uint8Array = new Uint8Array()
  #set = ''
  #pending: { missing: number; sentMs: number; resendMs: number; resolve: () => void; reject: (error: Error) => void } | undefined
  #failure: Error | undefined

  constructor(wire: Wire, spec: ConductorEndSpec, options: ConductorEndOptions = {}) {
    this.#wire = wire
    this.#spec = spec
    this.#options = options
    this.dropped = options.dropped ?? new Dropped()
    this.#number = spec.first - 1
    this.#stages = spec.roles.map((_, stage) => new StageSeen(stage))
    const saidAt = (kind: 'done' | 'failed'): string[] => spec.roles.map((role) => subject(spec.run, kind, role, 'conductor'))
    this.#grantAt = subject(spec.run, 'grant', 'conductor', 'all')
    this.#saidAt = { done: saidAt('done'), failed: saidAt('failed') }
  }

  async open(): Promise<void> {
    const { run } = this.#spec
    this.#hear(subject(run, 'done', '*', 'conductor'), (bytes, at) => this.#done(bytes, at))
    this.#hear(subject(run, 'failed', '*', 'conductor'), (bytes, at) => this.#failed(bytes, at))
    this.#subscriptions.push(this.#wire.every(RESEND_MS / 2, () => this.#resend()))
    await this.#wire.flush()
  }

  /** A stage in this process. It speaks to the conductor directly; its bags travel like all others. */
  async join(stage: StageId, handler: StageHandler, options: StageEndOptions & { inbox?: readonly Bag[] } = {}): Promise<void> {
    const { run, generation, roles, first } = this.#spec
    const { inbox, ...rest } = options
    const end = new StageEnd(this.#wire, { run, generation, stage, roles, first, ...(inbox && { inbox }) }, handler, {
      ...rest,
      conductor: (done) => this.#done(done, this.#saidAt.done[stage]!),
    })
    await end.open()
    this.#locals.push(end)
  }

  /** Of the last grant. */
  get number(): number {
    return this.#number
  }

  /** Why no grant can succeed any more. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** The next grant asks every stage for a snapshot first. */
  takeSet(set: string): void {
    this.#set = set
  }

  /** The last quantum in which any stage has stepped. */
  get furthest(): Quantum {
    let furthest = -1
    for (const { stepped } of this.#stages) if (stepped > furthest) furthest = stepped
    return furthest
  }

  async grant(grant: Grant): Promise<readonly Report[]> {
    if (this.#failure) throw this.#failure
    const { quantum, final, mailFrom = NEVER } = grant
    for (let of = Math.max(mailFrom, quantum - KEPT_AHEAD); of <= quantum; of++) this.#mailOf.add(of)
    if (this.#isTold(grant)) this.#leaveTrail()
    else await this.#ask(grant)
    const reports = this.#stages.map((stage) => stage.reportOf(quantum))
    // At the end nothing is left to repeat.
    if (!final) this.#untrailed = { quantum, reports }
    return reports
  }

  /** Of the quantum before, while all step in the next. */
  #leaveTrail(): void {
    const untrailed = this.#untrailed
    if (untrailed === undefined) return
    this.#untrailed = undefined
    const { quantum, reports } = untrailed
    try {
      this.#options.onTrail?.({ quantum, digest: trailOf(quantum, reports, this.#stages) })
    } catch (error) {
      this.abandon(error as Error)
    }
  }

  /** Whether all that have a reason to step in this quantum have told of it, and there is nothing to be told to any of them. */
  #isTold(grant: Grant): boolean {
    const { quantum } = grant
    return quantum < this.#asked.until && this.#isPlain(grant) && this.#stages.every((stage) => stage.hasToldOf(quantum))
  }

  /** Nothing is asked but a step. */
  #isPlain({ observe, final, commands }: Grant): boolean {
    return !observe && !final && commands === undefined && this.#set === ''
  }

  async #ask(grant: Grant): Promise<void> {
    const { quantum, until = quantum, observe, final, commands } = grant
    const { furthest } = this
    const isLevel = furthest < quantum
    assert(isLevel || this.#isPlain(grant), `nothing is asked of a stage in quantum ${quantum} that has stepped in ${furthest}`)
    this.#number++
    // Of a quantum all tell in the same grant.
    const asksMail = isLevel && this.#mailOf.size > 0
    const mailOf = asksMail ? this.#mailOf : NO_QUANTA
    if (asksMail) this.#mailOf = new Set()
    this.#asked = { quantum, until, mailOf }
    this.#bytes = encodeGrant({
      generation: this.#spec.generation,
      number: this.#number,
      quantum,
      until,
      observe,
      final,
      set: this.#set,
      mailFrom: asksMail ? Math.min(...mailOf) : NEVER,
      mailTo: asksMail ? Math.max(...mailOf) : 0,
      commands: commands ?? null,
      ...this.#bags(quantum),
    })
    this.#set = ''
    const all = new Promise<void>((resolve, reject) => {
      const sentMs = this.#wire.now()
      this.#pending = { missing: this.#stages.length, sentMs, resendMs: sentMs + RESEND_MS, resolve, reject }
    })
    this.#send()
    await all
  }

  #bags(quantum: Quantum): Pick<ControlOf<'grant'>, 'bagsFrom' | 'bagsTo' | 'bagDigests'> {
    const bagsFrom: number[] = []
    const bagsTo: number[] = []
    const bagDigests: string[] = []
    for (const stage of this.#stages) {
      // Who has stepped further says again what it sent, when the run has come there.
      if (stage.stepped >= quantum) continue
      for (let i = 0; i < stage.bagsTo.length; i++) {
        const to = stage.bagsTo[i]!
        // It has another idea than the conductor of who may step ahead.
        if (this.#stages[to]!.stepped >= quantum) throw noStep(stage.id, `it writes to stage ${to}, which has gone ahead`)
        bagsFrom.push(stage.id)
        bagsTo.push(to)
        bagDigests.push(stage.bagDigests[i]!)
      }
    }
    return { bagsFrom, bagsTo, bagDigests }
  }

  close(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.stop()
    for (const end of this.#locals) end.close()
    this.#end(new InvariantError('the bus was closed while a grant was under way'))
    return Promise.resolve()
  }

  /** Ends the grant under way, and all that follow, with this error. */
  abandon(error: Error): void {
    this.#failure ??= error
    this.#end(this.#failure)
  }

  #end(error: Error): void {
    const pending = this.#pending
    this.#pending = undefined
    pending?.reject(error)
  }

  #send(): void {
    const bytes = this.#bytes
    this.#wire.publish(this.#grantAt, bytes)
    // The client sends when this turn is over: what is to be done here is done while the others do theirs.
    queueMicrotask(() => {
      this.#leaveTrail()
      for (const end of this.#locals) end.grant(bytes)
    })
  }

  #resend(): void {
    const pending = this.#pending
    const now = this.#wire.now()
    if (!pending || now < pending.resendMs) return
    pending.resendMs = now + Math.min(RESEND_MS_MAX, 2 * (now - pending.sentMs))
    this.#send()
  }

  #hear(at: string, hear: (bytes: Uint8Array, subject: string) => void): void {
    this.#subscriptions.push(this.#wire.subscribe(at, hear))
  }

  #done(bytes: Uint8Array, at: string): void {
    const done = readDone(bytes, this.dropped)
    if (!done || !this.#isOurs('done', done, at)) return
    if (done.number !== this.#number) return this.dropped.count(done.number < this.#number ? 'old' : 'early')
    const stage = this.#stages[done.stage]!
    if (!this.#pending || stage.hasAnswered(done.number)) return this.dropped.count('old')
    if (done.bagsTo.length !== done.bagDigests.length || !done.bagsTo.every((to) => to < this.#stages.length)) {
      return this.dropped.count('malformed')
    }
    if (!stage.take(done, this.#asked)) return this.dropped.count('malformed')
    if (--this.#pending.missing > 0) return
    const { resolve } = this.#pending
    this.#pending = undefined
    resolve()
  }

  #failed(bytes: Uint8Array, at: string): void {
    const failed = readControl(bytes, ['failed'], this.dropped)?.body
    if (!failed || !this.#isOurs('failed', failed, at)) return
    const { stage, code, message } = failed
    // An error with a code of ours begins with it.
    const problem = message.startsWith(`${code} `) ? message : `${code} ${message}`
    this.abandon(noStep(stage, problem))
  }

  #isOurs(kind: 'done' | 'failed', { generation, stage }: { generation: number; stage: StageId }, at: string): boolean {
    if (generation !== this.#spec.generation) this.dropped.count('old')
    // The role in the subject is what the server let its sender say.
    else if (at !== this.#saidAt[kind][stage]) this.dropped.count('stranger')
    else return true
    return false
  }
}

function noStep(stage: StageId, problem: string): ColdpoolError {
  return new ColdpoolError('CP_STAGE', `stage ${stage}`, problem, 'a step')
}

const NO_QUANTA: ReadonlySet<Quantum> = new Set()
const NO_BAGS: readonly StageId[] = []

/** What every stage sent and when it will wake: the same again in every repetition, however far stages step ahead. */
function trailOf(quantum: Quantum, reports: readonly Report[], stages: readonly StageSeen[]): string {
  const digest = new Digest()
  for (const { stage, nextWake, mails } of reports) {
    const { stepped, bagsTo, bagDigests } = stages[stage]!
    // Bags go with the last step alone.
    const sends = stepped === quantum
    digest.word(stage)
    digest.number(nextWake)
    digest.number(mails)
    digest.numbers(sends ? bagsTo : NO_BAGS)
    if (sends) for (const bagDigest of bagDigests) digest.text(bagDigest)
  }
  return digest.hex()
}
