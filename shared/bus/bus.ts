/**
 * What carries mail between stages, and grants from the conductor to them. Two rules hold on every bus:
 * mail sent in quantum k is handed over at the start of the next granted quantum, which is k + 1 if any mail was sent;
 * and a stage is handed everything that was sent to it, once, before it steps.
 */
import type { ActorEvent, ActorId, Ordinal, Telemetry } from '../actor.ts'
import type { Command } from '../command.ts'
import type { Mail } from '../messages.ts'
import type { HeardMail } from '../recent-mail.ts'
import type { Quantum } from '../time.ts'

export type StageId = number

/** All mail from one stage to another in one quantum, ordered by (sender, sequence). */
export interface Bag {
  readonly from: StageId
  readonly to: StageId
  readonly quantum: Quantum
  readonly mails: readonly Mail[]
}

/** So many quanta a stage may step ahead, a power of two: an interrupt or a command waits for it. */
export const AHEAD_MAX = 32

export interface Grant {
  readonly quantum: Quantum
  /** Report telemetry with this grant, after the step. */
  readonly observe: boolean
  /** The run is over: no actor steps; report telemetry and digests. */
  readonly final: boolean
  /** What operators ask for in this quantum; not with a final grant. */
  readonly commands?: readonly Command[]
  /**
   * Nothing but wakes and mail decides what is granted before this quantum, so that a stage to which no other writes may step ahead
   * to it; default: the granted one, and nothing is known.
   */
  readonly until?: Quantum
  /** Report what mail was delivered in this quantum or later, up to `mailTo` (default: the granted one), if it was not reported yet. */
  readonly mailFrom?: Quantum
  readonly mailTo?: Quantum
}

/** One actor's part of the run's digest. */
export interface ActorDigest {
  readonly ordinal: Ordinal
  /** Of all mail delivered to it. */
  readonly mail: string
  /** Of its state. */
  readonly state: string
}

/** What a stage says when it has stepped and handed its bags to the bus. */
export interface Report {
  readonly stage: StageId
  readonly nextWake: Quantum
  readonly mails: number
  readonly events: readonly ActorEvent[]
  readonly telemetry?: Readonly<Record<ActorId, Telemetry>>
  readonly digests?: readonly ActorDigest[]
  readonly heard?: readonly HeardMail[]
}

/** The quantum that must come after one in which a stage has said this, for its sake. */
export function nextAfter(quantum: Quantum, { nextWake, mails }: Pick<Report, 'nextWake' | 'mails'>): Quantum {
  return mails > 0 ? quantum + 1 : Math.max(nextWake, quantum + 1)
}

export interface StageHandler {
  step(grant: Grant, bags: readonly Bag[]): { readonly bags: readonly Bag[]; readonly report: Report }
}

export interface Bus {
  readonly name: string
  join(stage: StageId, handler: StageHandler): Promise<void>
  /** Grants one quantum to every stage; resolves with all reports, in stage order. */
  grant(grant: Grant): Promise<readonly Report[]>
  close(): Promise<void>
}
