/**
 * The conductor's end of the protocol: one grant to all stages, a done from each, and the next grant names the bags that
 * the dones named. A grant is sent again until every done is there. Every grant leaves a digest of what all stages did in
 * it (the trail), so that a run that is repeated from its snapshots can be held against what it did before.
 */
import { z } from 'zod'
import { ColdpoolError, InvariantError } from '../errors.ts'
import type { Bag, Bus, Grant, Report, StageHandler, StageId } from './bus.ts'
import { type ControlOf, readControl } from './control.ts'
import { Digest } from '../digest.ts'
import { KINDS } from '../messages.ts'
import { LINES_MAX } from '../recent-mail.ts'
import { NEVER, type Quantum } from '../time.ts'
import { StageEnd, type StageEndOptions } from './stage-end.ts'
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
  /** Hears the digest of every grant. */
  readonly onTrail?: (mark: TrailMark) => void
}

/** What all stages did in one grant, as a digest: the same again in every repetition. */
export interface TrailMark {
  readonly number: number
  readonly quantum: Quantum
  readonly digest: string
}

/** A grant with no answer is sent again after this long, then after twice as long, up to the most. */
const RESEND_MS = 100
const RESEND_MS_MAX = 1600

type Done = ControlOf<'done'>

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
  #dones: (Done | undefined)[]
  /** The dones of the grant before: their bags are delivered with the next. */
  #before: readonly Done[] = []
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
    this.#dones = spec.roles.map(() => undefined)
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

  async grant(grant: Grant): Promise<readonly Report[]> {
    if (this.#failure) throw this.#failure
    const { generation } = this.#spec
    this.#number++
    this.#dones = this.#spec.roles.map(() => undefined)
    this.#bytes = encodeGrant({
      generation,
      number: this.#number,
      quantum: grant.quantum,
      observe: grant.observe,
      final: grant.final,
      set: this.#set,
      mailFrom: grant.mailFrom ?? NEVER,
      commands: grant.commands ?? null,
      ...bagsOf(this.#before),
    })
    this.#set = ''
    const all = new Promise<void>((resolve, reject) => {
      const sentMs = this.#wire.now()
      this.#pending = { missing: this.#dones.length, sentMs, resendMs: sentMs + RESEND_MS, resolve, reject }
    })
    this.#send()
    await all
    const dones = this.#dones as readonly Done[]
    this.#before = dones
    this.#options.onTrail?.({ number: this.#number, quantum: grant.quantum, digest: trailOf(dones) })
    return dones.map((done) => reportOf(done, grant))
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
    queueMicrotask(() => this.#locals.forEach((end) => end.grant(bytes)))
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
    if (!this.#pending || this.#dones[done.stage]) return this.dropped.count('old')
    if (done.bagsTo.length !== done.bagDigests.length || !done.bagsTo.every((to) => to < this.#dones.length)) {
      return this.dropped.count('malformed')
    }
    if (done.report !== null && !detailsSchema.safeParse(done.report).success) return this.dropped.count('malformed')
    this.#dones[done.stage] = done
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
    this.abandon(new ColdpoolError('CP_STAGE', `stage ${stage}`, problem, 'a step'))
  }

  #isOurs(kind: 'done' | 'failed', { generation, stage }: { generation: number; stage: StageId }, at: string): boolean {
    if (generation !== this.#spec.generation) this.dropped.count('old')
    // The role in the subject is what the server let its sender say.
    else if (at !== this.#saidAt[kind][stage]) this.dropped.count('stranger')
    else return true
    return false
  }
}

const text = z.string().max(4096)
/** Actors may report what is not finite; a done that is not taken would be asked for for ever. */
const figure = z.custom<number>((value) => typeof value === 'number')
const whole = z.int().min(0)
/** Quanta of mail in one report; a stage keeps fewer. */
const HEARD_MAX = 16
const detailsSchema = z.object({
  events: z
    .array(z.object({ quantum: z.number(), actor: text, code: text, fields: z.record(text, figure.or(text)) }))
    .max(1 << 20),
  telemetry: z.record(text, z.record(text, figure)).nullable(),
  digests: z
    .array(z.object({ ordinal: z.number(), mail: text, state: text }))
    .max(1 << 16)
    .nullable(),
  heard: z
    .array(
      z.object({
        quantum: whole,
        lines: z.array(z.object({ from: whole, to: whole, kind: z.enum(KINDS), mails: whole, pages: whole })).max(LINES_MAX),
        more: whole,
      }),
    )
    .max(HEARD_MAX)
    .optional(),
})

function reportOf({ stage, nextWake, mails, report }: Done, { mailFrom = NEVER, quantum: now }: Grant): Report {
  if (report === null) return { stage, nextWake, mails, events: NO_EVENTS }
  const { events, telemetry, digests, heard = [] } = report as z.infer<typeof detailsSchema>
  // Of what was not asked for nothing is told.
  const asked = heard.filter(({ quantum }) => quantum >= mailFrom && quantum <= now)
  return {
    stage,
    nextWake,
    mails,
    events,
    ...(telemetry && { telemetry }),
    ...(digests && { digests }),
    ...(asked.length > 0 && { heard: asked }),
  }
}

const NO_EVENTS: Report['events'] = []

function bagsOf(dones: readonly Done[]): Pick<ControlOf<'grant'>, 'bagsFrom' | 'bagsTo' | 'bagDigests'> {
  const bagsFrom: number[] = []
  const bagsTo: number[] = []
  const bagDigests: string[] = []
  for (const { stage, bagsTo: to, bagDigests: digests } of dones) {
    for (let i = 0; i < to.length; i++) {
      bagsFrom.push(stage)
      bagsTo.push(to[i]!)
      bagDigests.push(digests[i]!)
    }
  }
  return { bagsFrom, bagsTo, bagDigests }
}

/** What every stage sent and when it will wake: the same again in every repetition. */
function trailOf(dones: readonly Done[]): string {
  const digest = new Digest()
  for (const { stage, nextWake, mails, bagsTo, bagDigests } of dones) {
    digest.word(stage)
    digest.number(nextWake)
    digest.number(mails)
    digest.numbers(bagsTo)
    for (const bagDigest of bagDigests) digest.text(bagDigest)
  }
  return digest.hex()
}
