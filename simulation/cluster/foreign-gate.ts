/**
 * The gate for workloads that run in processes of their own, in whatever language (docs/PROTOCOL.md): they join, say what
 * they do to their memory, and hear how far they got. What they say is input: it is checked, stamped and journalled before it
 * takes effect. One that says nothing for 5 s is taken for dead.
 */
import { createHmac } from 'node:crypto'
import { z } from 'zod'
import type { ActorId } from '#shared/actor.ts'
import type { Bag } from '#shared/bus/bus.ts'
import { subject, type Dropped, type Subscription, type Wire } from '#shared/bus/wire.ts'
import { encodeBody } from '#shared/codec.ts'
import type { Command, ForeignKind, Stamped } from '#shared/command.ts'
import { ColdpoolError } from '#shared/errors.ts'
import type { Kind } from '#shared/messages.ts'
import { StoreFull } from '#shared/observe/store.ts'
import { pack, unpack } from '#shared/packing.ts'
import type { Quantum } from '#shared/time.ts'
import { ScenarioError } from '#shared/scenario/problems.ts'
import type { Cast } from '../actors.ts'
import type { Request } from '../admission.ts'
import { lobby } from './crew.ts'

export const FOREIGN_SILENT_MS = 5000
export const SAYINGS_MAX = 1024
export const SAYING_BYTES_MAX = 8 << 20

/** Requests with one nonce are one request: an answer may be lost, so whoever asks may have to ask again. */
const joining = z.object({ host: z.string().min(1).max(64), nonce: z.string().max(64).optional() })
/** Its name and key, then a kind, then that kind's fields in table order. */
const saying = z.union([
  z.tuple([z.string().max(64), z.string().max(64), z.enum(['profile', 'accesses']), z.array(z.unknown()).max(64)]),
  z.tuple([z.string().max(64), z.string().max(64), z.enum(['left', 'alive'])]),
])

interface Guest {
  heardMs: number
  gone: boolean
}

interface Waiting {
  /** Made when it is stamped: only then is it sure which names are free. */
  readonly request: () => Request
  readonly settle?: (answer: object) => void
}

export interface ForeignGateParts {
  readonly wire: Wire
  readonly cluster: string
  readonly run: string
  /** Of the run: keys are derived from it, so that they outlive the conductor. */
  readonly secret: string
  readonly cast: Cast
  readonly dropped: Dropped
  readonly freeName: () => ActorId
}

export class ForeignGate {
  readonly #parts: ForeignGateParts
  readonly #guests = new Map<ActorId, Guest>()
  /** Answers by nonce, of the last few. */
  readonly #answers = new Map<string, Promise<object>>()
  #waiting: Waiting[] = []
  #subscriptions: Subscription[] = []
  /** Up to this one all was passed on, which is nothing in the first; a repetition says nothing twice. */
  #quantum: Quantum = 0

  constructor(parts: ForeignGateParts) {
    this.#parts = parts
  }

  open(): void {
    const { wire, cluster, run } = this.#parts
    this.#subscriptions = [
      wire.serve(subject(lobby(cluster), 'join', 'workload', 'conductor'), async (bytes) => pack(await this.#join(bytes))),
      wire.subscribe(subject(run, 'mail', 'workload', 'conductor'), (bytes) => this.#hear(bytes)),
      wire.every(FOREIGN_SILENT_MS / 10, () => this.#look()),
    ]
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.stop()
    for (const { settle } of this.#waiting.splice(0))
      settle?.({ error: 'CP_COMMAND run: it is over; expected a run that goes on' })
  }

  get waiting(): boolean {
    return this.#waiting.length > 0
  }

  /** A command of the run, also one from before this process: who has joined may speak. */
  know(command: Command): void {
    if (command.kind === 'join') this.#guests.set(command.id, { heardMs: this.#parts.wire.now(), gone: false })
    if (command.kind === 'gone') this.#guests.get(command.id)!.gone = true
  }

  /** False if the journal is full: what was said waits, and the run with it. */
  async carryOut(stamp: (request: Request) => Promise<Stamped>, secondsOf: (quantum: number) => number): Promise<boolean> {
    const { run } = this.#parts
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const { request, settle } = next
      try {
        const { quantum, command } = await stamp(request())
        settle?.({ run, id: command.id, key: this.#keyOf(command.id), quantum, seconds: secondsOf(quantum) })
      } catch (error) {
        if (error instanceof StoreFull) return false
        if (!(error instanceof ScenarioError || error instanceof ColdpoolError)) throw error
        this.#parts.dropped.count('malformed', 'a request that cannot be granted')
        settle?.({ error: error.message })
      }
      this.#waiting.shift()
    }
    return true
  }

  /** What the stage of the strangers is handed in a grant: what is for them goes out. */
  pass(quantum: Quantum, bags: readonly Bag[]): void {
    if (quantum <= this.#quantum) return
    this.#quantum = quantum
    const { cast } = this.#parts
    for (const bag of bags) {
      for (const mail of bag.mails) {
        const id = cast.nameOf(mail.to)
        if (!this.#guests.has(id)) continue
        this.#tell(id, mail.kind, unpack(encodeBody(mail.kind, mail.body)))
      }
    }
  }

  /** The run is over: whoever is still there need not wait for more. */
  dismiss(): void {
    for (const [id, { gone }] of this.#guests) if (!gone) this.#tell(id, 'over', [])
  }

  #tell(id: ActorId, kind: Kind | 'over', fields: unknown): void {
    const { wire, run } = this.#parts
    wire.publish(subject(run, 'progress', 'conductor', id), pack([this.#quantum, kind, fields]))
  }

  #join(bytes: Uint8Array): Promise<object> | object {
    const asked = read(bytes, joining)
    if (asked === undefined) {
      this.#parts.dropped.count('malformed')
      return { error: 'CP_WIRE join: not a request; expected a msgpack map with host' }
    }
    const { host, nonce } = asked
    const before = nonce === undefined ? undefined : this.#answers.get(nonce)
    if (before !== undefined) return before
    if (this.#waiting.length >= SAYINGS_MAX) return { error: 'CP_COMMAND join: too many wait; expected a call later' }
    const answer = new Promise<object>((settle) => {
      this.#waiting.push({ request: () => ({ kind: 'join', id: this.#parts.freeName(), host }), settle })
    })
    if (nonce !== undefined) this.#remember(nonce, answer)
    return answer
  }

  #remember(nonce: string, answer: Promise<object>): void {
    this.#answers.set(nonce, answer)
    if (this.#answers.size > SAYINGS_MAX) this.#answers.delete(this.#answers.keys().next().value!)
  }

  #hear(bytes: Uint8Array): void {
    const said = bytes.length <= SAYING_BYTES_MAX ? read(bytes, saying) : undefined
    if (said === undefined) return this.#parts.dropped.count('malformed', 'mail of another form')
    const [id, key, kind] = said
    const guest = this.#guests.get(id)
    if (guest === undefined || key !== this.#keyOf(id))
      return this.#parts.dropped.count('stranger', 'mail of nobody who has joined')
    guest.heardMs = this.#parts.wire.now()
    if (guest.gone || kind === 'alive') return
    if (this.#waiting.length >= SAYINGS_MAX) return this.#parts.dropped.count('overflow')
    if (kind === 'left') this.#leave(id, guest)
    else this.#say(id, kind, pack(said[3]))
  }

  #say(id: ActorId, mail: ForeignKind, body: Uint8Array): void {
    this.#waiting.push({ request: () => ({ kind: 'mail', id, mail, body }) })
  }

  #look(): void {
    for (const [id, guest] of this.#guests) {
      if (!guest.gone && this.#parts.wire.now() - guest.heardMs > FOREIGN_SILENT_MS) this.#leave(id, guest)
    }
  }

  #leave(id: ActorId, guest: Guest): void {
    guest.gone = true
    this.#waiting.push({ request: () => ({ kind: 'gone', id }) })
  }

  #keyOf(id: ActorId): string {
    return createHmac('sha256', this.#parts.secret).update(id).digest('hex').slice(0, 32)
  }
}

function read<T>(bytes: Uint8Array, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(unpack(bytes)).data
  } catch {
    return undefined
  }
}
