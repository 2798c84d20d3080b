/**
 * Who is there: the conductor's list of processes that carry stages. A process that says hello is believed when it has
 * answered a probe that only it can have heard; so a hello that is replayed or made up brings nobody to life.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { encodeControl, PROTOCOL_HASH, readControl, strangerOf, type ControlOf } from '#shared/bus/control.ts'
import { DROP_CAUSES, type Dropped, subject, type Subscription, type Wire } from '#shared/bus/wire.ts'
import { STAGE_ROLES } from '#shared/messages.ts'
import { lobby } from './crew.ts'
import type { Offer } from './placement.ts'
import { VERSION } from './version.ts'

export interface Hand extends Offer {
  readonly instance: string
  /** What it carries, as it says. */
  readonly run: string
  readonly generation: number
  readonly stage: number
  readonly dropped: Readonly<Record<string, number>>
  /** Number of its last hello. */
  readonly beat: number
  /** Wall time of its last word. */
  readonly heardMs: number
}

export interface RosterListener {
  /** A process came, or a new one has taken the place of one with the same name (`before`). */
  came?(hand: Hand, before: Hand | undefined): void
  /** One of another version was refused. */
  refused?(name: string, reason: string): void
}

/** A process that says nothing for this long is silent: named, and replaced if somebody stands by. */
export const SILENT_MS = 5000
/** One that stands by and says nothing for this long is forgotten. */
const FORGOTTEN_MS = 30_000
/** Of each role: one that crowds in keeps none of another out. */
const HANDS_MAX = 1024
const STRUCK_MAX = 4096
const SHOWN_MAX = 40
const TOKEN = /^[A-Za-z0-9_-]{1,64}$/
const ROLES = new Set<string>(STAGE_ROLES)
const CAUSES: ReadonlySet<string> = new Set(Object.keys(DROP_CAUSES))

export class Roster {
  readonly #wire: Wire
  readonly #scope: string
  readonly #dropped: Dropped
  readonly #listener: RosterListener
  readonly #secret = randomBytes(32)
  readonly #hands = new Map<string, Hand>()
  /** Instances that were replaced or forgotten, with the number of their last hello; if they carry something, they are told to go. */
  readonly #struck = new Map<string, number>()
  #subscription: Subscription | undefined

  constructor(wire: Wire, cluster: string, dropped: Dropped, listener: RosterListener) {
    this.#wire = wire
    this.#scope = lobby(cluster)
    this.#dropped = dropped
    this.#listener = listener
  }

  async open(): Promise<void> {
    this.#subscription = this.#wire.subscribe(subject(this.#scope, 'hello', '*', 'conductor'), (bytes, at) =>
      this.#hello(bytes, at),
    )
    await this.#wire.flush()
    this.tell('all', 'probe', { nonce: '' })
  }

  close(): void {
    this.#subscription?.stop()
  }

  tell<K extends 'probe' | 'assign' | 'go' | 'refuse'>(instance: string, kind: K, body: ControlOf<K>): void {
    this.#wire.publish(subject(this.#scope, 'call', 'conductor', instance), encodeControl(kind, body))
  }

  /** Those that are believed, silent or not; in order of arrival. */
  get hands(): readonly Hand[] {
    return [...this.#hands.values()]
  }

  of(instance: string): Hand | undefined {
    return this.#hands.get(instance)
  }

  silentMs(hand: Hand): number {
    return Math.max(0, this.#wire.now() - hand.heardMs)
  }

  /** It has been replaced: whatever it says from now on, it is told to go. */
  retire(instance: string, reason: string): void {
    const hand = this.#hands.get(instance)
    if (hand === undefined) return
    const { run, generation } = hand
    this.#strike(hand)
    this.tell(instance, 'go', { instance, run, generation, reason })
  }

  #hello(bytes: Uint8Array, at: string): void {
    const hello = this.#read(bytes, at)
    if (!hello) return
    const { instance, name, roles, capacity, run, generation, stage, beat } = hello
    const nonce = createHmac('sha256', this.#secret).update(instance).digest('hex').slice(0, 24)
    if (hello.answer !== nonce) {
      this.#dropped.count('unproven')
      return this.tell(instance, 'probe', { nonce })
    }
    const known = this.#hands.get(instance)
    if (beat <= (known?.beat ?? this.#struck.get(instance) ?? -1)) return this.#dropped.count('old')
    if (this.#struck.has(instance)) {
      this.#struck.set(instance, beat)
      if (run !== '')
        return this.tell(instance, 'go', { instance, run, generation, reason: 'another process has taken your place' })
      // Whoever took its place by name is there, and so is it: two processes, one name.
      const other = this.hands.find((hand) => hand.name === name && hand.roles[0] === roles[0])
      if (other && this.silentMs(other) <= SILENT_MS) {
        const reason = `the name ${name} is taken by another process`
        this.tell(instance, 'refuse', { reason })
        this.#listener.refused?.(name, reason)
        return
      }
      // It stands by, as it was told: welcome again.
      this.#struck.delete(instance)
    }
    const dropped = hello.dropped as Record<string, number>
    const hand = { name, instance, roles, capacity, run, generation, stage, dropped, beat, heardMs: this.#wire.now() }
    if (known) {
      this.#hands.set(instance, hand)
      return
    }
    const alike = this.hands.filter((other) => other.roles[0] === roles[0])
    const before = alike.find((other) => other.name === name)
    if (before) this.retire(before.instance, 'a new process with your name has come')
    else if (alike.length >= HANDS_MAX) return this.#dropped.count('overflow', 'a process more than are let in')
    this.#hands.set(instance, hand)
    this.#listener.came?.(hand, before)
    this.#forget()
  }

  #forget(): void {
    for (const hand of this.#hands.values()) {
      if (hand.run === '' && this.silentMs(hand) > FORGOTTEN_MS) this.#strike(hand)
    }
  }

  /** What it said last is kept, so that a hello that is said again does not bring it back. */
  #strike({ instance, beat }: Hand): void {
    this.#hands.delete(instance)
    this.#struck.set(instance, beat)
    if (this.#struck.size > STRUCK_MAX) this.#struck.delete(this.#struck.keys().next().value!)
  }

  #read(bytes: Uint8Array, at: string): ControlOf<'hello'> | undefined {
    const stranger = strangerOf(bytes)
    if (stranger && stranger.schema !== PROTOCOL_HASH) {
      const { schema, version, instance } = stranger
      this.#dropped.count('stranger', 'a hello of another version')
      if (!TOKEN.test(instance)) return undefined
      const [theirs, protocol] = [version, schema].map((text) => text.slice(0, SHOWN_MAX))
      const reason = `got coldpool ${theirs} (protocol ${protocol}) for a conductor of coldpool ${VERSION} (protocol ${PROTOCOL_HASH})`
      this.tell(instance, 'refuse', { reason })
      this.#listener.refused?.(instance, reason)
      return undefined
    }
    const body = readControl(bytes, ['hello'], this.#dropped)?.body
    if (body === undefined) return undefined
    const { name, instance, roles, dropped } = body
    const formed =
      TOKEN.test(name) &&
      TOKEN.test(instance) &&
      roles.length > 0 &&
      roles.length <= ROLES.size &&
      roles.every((one) => ROLES.has(one)) &&
      areCounts(dropped)
    // The role in the subject is what the server let its sender say: nobody speaks as a process of another role.
    const role = at.split('.')[3]!
    if (!formed) this.#dropped.count('malformed', 'a hello without a name, roles and counts')
    else if (roles[0] !== role || !instance.startsWith(`${role}-`))
      this.#dropped.count('stranger', 'a hello in the name of another role')
    else return body
    return undefined
  }
}

function areCounts(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const counts = Object.entries(value)
  return counts.every(([cause, count]) => CAUSES.has(cause) && Number.isSafeInteger(count) && count >= 0)
}
