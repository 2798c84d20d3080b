/**
 * When the conductor asks the stages what mail they have delivered: around quanta in which an actor reported something, for who
 * follows the run. Nobody hears all mail, for bags go from stage to stage; so each stage remembers its own for a few quanta
 * (shared/recent-mail.ts), and says what it was when it is asked. Nothing in a run follows from it.
 *
 * Left out: an exact repetition. After a recovery it may pay attention to other quanta than before, which listeners, who take
 * each quantum once, do not notice. And what was delivered just before a set of snapshots, and not yet told when the run goes back to
 * it, is told no more: who had heard it may be gone, and a set holds what a run follows from, not what was said.
 */
import type { Grant, Report } from '#shared/bus/bus.ts'
import { QUANTA_AFTER, QUANTA_BEFORE } from '#shared/recent-mail.ts'
import type { Quantum } from '#shared/time.ts'

/** Of each kind of event, in a second of virtual time, so that a flood of one kind costs little and hides no other. */
const MARKS_A_SECOND = 4
const CODES_MAX = 64

export class Attention {
  readonly #second: Quantum
  /** The last quantum around which mail is asked for. */
  #marked: Quantum | undefined
  readonly #spent = new Map<string, { second: number; marks: number }>()

  /** `last`: the quantum before the first one, if the run goes on from a snapshot. It may have been one with an event. */
  constructor(second: Quantum, last?: Quantum) {
    this.#second = second
    this.#marked = last
  }

  /** What the next grant asks for. */
  asks(quantum: Quantum): Pick<Grant, 'mailFrom'> {
    const marked = this.#marked
    if (marked === undefined) return {}
    if (quantum >= marked + QUANTA_AFTER) this.#marked = undefined
    return { mailFrom: marked - QUANTA_BEFORE }
  }

  /** What came of it. */
  notice(quantum: Quantum, reports: readonly Report[]): void {
    for (const { events } of reports) {
      for (const { code } of events) if (this.#affords(code, quantum)) this.#marked = quantum
    }
  }

  #affords(code: string, quantum: Quantum): boolean {
    if (this.#marked === quantum) return true
    const second = Math.floor(quantum / this.#second)
    const spent = this.#spent.get(code)
    if (spent === undefined && this.#spent.size >= CODES_MAX) return false
    const marks = spent?.second === second ? spent.marks : 0
    if (marks >= MARKS_A_SECOND) return false
    this.#spent.set(code, { second, marks: marks + 1 })
    return true
  }
}
