/**
 * What the cluster's protocol needs from the network: publish, subscribe, and a timer. nats.ts has the real one; tests
 * have one that loses, doubles and delays. A wire may lose messages at any time; the protocol rides that out.
 */
import type { SubjectKind } from './subjects.ts'

export interface Wire {
  publish(subject: string, bytes: Uint8Array): void
  /** `*` stands for one part of a subject. Messages come whole and one at a time; the callback must not throw. */
  subscribe(subject: string, hear: (bytes: Uint8Array, subject: string) => void): Subscription
  /**
   * Answers requests. What the callback rejects with is a bug; it answers errors as it answers all. Of those who serve in one queue
   * each request goes to one.
   */
  serve(subject: string, answer: (bytes: Uint8Array) => Promise<Uint8Array>, queue?: string): Subscription
  /** Resolves when all that was published and subscribed before has reached the server. */
  flush(): Promise<void>
  /** Calls again and again until stopped; wall time, so never in a model. */
  every(milliseconds: number, task: () => void): Subscription
  /** Wall time in milliseconds, from any origin; it never goes back. */
  now(): number
}

export interface Subscription {
  stop(): void
}

/** `coldpool.SCOPE.KIND.ROLE.TO`: a run or lobby, what is said, the role that says it, who is to hear it. */
export function subject(scope: string, kind: SubjectKind, role: string, to: string | number): string {
  return `coldpool.${scope}.${kind}.${role}.${to}`
}

/** Why a message is not taken. Between honest processes `malformed` and `stranger` never occur. */
export const DROP_CAUSES = {
  malformed: 'does not fit its table, or its bounds',
  old: 'of another generation, or of an earlier grant',
  early: 'of a later grant',
  double: 'was said before',
  unproven: 'a hello that answers no probe, as the first of every process',
  stranger: 'from or for nobody here',
  overflow: 'a queue was full',
  slow: 'the client could not keep up',
} as const
export type DropCause = keyof typeof DROP_CAUSES

/** Counts what was not taken, by cause. */
export class Dropped {
  readonly counts: Record<string, number> = {}
  readonly #onDrop: (cause: DropCause, problem: string) => void

  /** `onDrop` hears of every one, for a log that says it seldom. */
  constructor(onDrop: (cause: DropCause, problem: string) => void = () => {}) {
    this.#onDrop = onDrop
  }

  count(cause: DropCause, problem = ''): void {
    this.counts[cause] = (this.counts[cause] ?? 0) + 1
    this.#onDrop(cause, problem)
  }
}
