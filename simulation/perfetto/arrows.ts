/**
 * Mail as arrows, from the sender's step to the receiver's. A run may have millions, and a viewer holds them all in memory, so
 * of each hundredth of the run's duration only the first are drawn: there the picture is complete, and the whole run has such places.
 */
import type { Ordinal } from '#shared/actor.ts'
import type { Mail } from '#shared/messages.ts'
import type { Quantum } from '#shared/time.ts'
import type { TraceFile } from './trace-file.ts'

/** Some 15 MB of the file, with the steps that they touch. */
export const ARROWS_MAX = 50_000
const PARTS = 100

export class Arrows {
  readonly #file: TraceFile
  readonly #quantumNs: number
  readonly #end: Quantum
  readonly #partMax: number
  #part = 0
  #drawnInPart = 0
  drawn = 0
  mails = 0
  /** Who has a step in `#quantum` already. */
  #stepped = new Set<Ordinal>()
  #quantum: Quantum = -1

  /** The run covers quanta 0 … end − 1. */
  constructor(file: TraceFile, quantumNs: number, end: Quantum, arrowsMax = ARROWS_MAX) {
    this.#file = file
    this.#quantumNs = quantumNs
    this.#end = end
    this.#partMax = Math.floor(arrowsMax / PARTS)
  }

  /** All mail of one quantum; it was heard in the next. */
  heard(mails: readonly Mail[], sent: Quantum): void {
    const drawn = mails.slice(0, this.#room(sent))
    this.mails += mails.length
    const first = this.drawn
    this.drawn += drawn.length
    this.#drawnInPart += drawn.length
    // An arrow touches a step inside it, not at its edge, where the step before would be as near.
    const departNs = (sent + 1 / 2) * this.#quantumNs
    const arriveNs = (sent + 1 + 1 / 4) * this.#quantumNs
    this.#turnTo(sent)
    drawn.forEach(({ from, kind }, i) => {
      this.#step(from)
      this.#file.depart({ actor: from, name: kind, id: first + i, atNs: departNs })
    })
    this.#turnTo(sent + 1)
    drawn.forEach(({ to, kind }, i) => {
      this.#step(to)
      this.#file.arrive({ actor: to, name: kind, id: first + i, atNs: arriveNs })
    })
  }

  #room(sent: Quantum): number {
    const part = Math.floor((sent * PARTS) / this.#end)
    if (part > this.#part) {
      this.#part = part
      this.#drawnInPart = 0
    }
    return this.#partMax - this.#drawnInPart
  }

  #turnTo(quantum: Quantum): void {
    if (quantum === this.#quantum) return
    this.#quantum = quantum
    this.#stepped.clear()
  }

  #step(actor: Ordinal): void {
    if (this.#stepped.has(actor)) return
    this.#stepped.add(actor)
    this.#file.slice(actor, 'step', this.#quantum * this.#quantumNs, this.#quantumNs, { quantum: this.#quantum })
  }
}
