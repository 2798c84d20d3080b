/** The actor contract: an actor owns its state; everything else is mail. */
import type { Command } from './command.ts'
import type { BodyOf, Kind, Mail } from './messages.ts'
import type { Quantum } from './time.ts'

/** The actor's place in the scenario's order; the only order that mail and digests know. */
export type Ordinal = number

/** As people write it: `host-2`, `device-1`, `promoter-2`, `workload-7`. */
export type ActorId = string

/** Plain data and typed arrays, detached from the actor. */
export type Snapshot = { readonly [name: string]: unknown }

/** Counters and gauges by dotted name (`refused.full`); the last parts are the verdict's own names. */
export type Telemetry = Record<string, number>

/** Something that a reader of the run wants to know happened. Not part of the digest. */
export interface ActorEvent {
  readonly quantum: Quantum
  readonly actor: ActorId
  readonly code: string
  readonly fields: Readonly<Record<string, number | string>>
}

export interface Outbox {
  /** Mail sent in quantum k is delivered at the start of k + 1. The body must not change afterwards. */
  send<K extends Kind>(to: Ordinal, kind: K, body: BodyOf<K>): void
  event(code: string, fields?: Readonly<Record<string, number | string>>): void
}

export interface Actor {
  readonly id: ActorId
  readonly ordinal: Ordinal
  /** The only place where state changes. The inbox is sorted by (sender, sequence). */
  step(now: Quantum, inbox: readonly Mail[], out: Outbox): void
  /** A command of an operator, told to every actor that listens in the quantum it is stamped with, just before a step of that quantum. */
  command?(command: Command): void
  /** When it must run even without mail: a quantum > now, or NEVER. */
  nextWake(now: Quantum): Quantum
  snapshot(): Snapshot
  /** As snapshot(), but what is large is lent and changes with the actor: for who only reads it, and at once. */
  peek?(): Snapshot
  restore(from: Snapshot): void
  /** Changes nothing. */
  observe(): Telemetry
}

/** For who only reads a state, and at once. */
export function peekAt(owner: Pick<Actor, 'snapshot' | 'peek'>): Snapshot {
  return owner.peek?.() ?? owner.snapshot()
}
