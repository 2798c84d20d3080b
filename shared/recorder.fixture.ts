/** An outbox that keeps what one actor sends and notes, for tests that drive an actor by hand. */
import type { ActorEvent, ActorId, Outbox } from './actor.ts'
import type { BodyOf, Kind } from './messages.ts'
import type { Quantum } from './time.ts'

export interface Sent {
  readonly quantum: Quantum
  readonly to: number
  readonly kind: Kind
  readonly body: Readonly<Record<string, unknown>>
}

export class Recorder implements Outbox {
  now: Quantum = 0
  readonly sent: Sent[] = []
  readonly events: ActorEvent[] = []
  private readonly actor: ActorId

  constructor(actor: ActorId) {
    this.actor = actor
  }

  send<K extends Kind>(to: number, kind: K, body: BodyOf<K>): void {
    this.sent.push({ quantum: this.now, to, kind, body })
  }

  event(code: string, fields: ActorEvent['fields'] = {}): void {
    this.events.push({ quantum: this.now, actor: this.actor, code, fields })
  }

  of<K extends Kind>(kind: K): (Sent & { readonly body: BodyOf<K> })[] {
    return this.sent.filter((each) => each.kind === kind) as unknown as (Sent & { readonly body: BodyOf<K> })[]
  }
}
