/**
 * The board in shared memory on which the conductor's thread asks stages for a step and each stage says that it is done: numbers
 * alone; what is none goes through a port. Whoever waits looks again and again for a while, in which most quanta
 * are over, and only then sleeps: to wake a thread takes longer than many a quantum.
 */
import type { Quantum } from '../time.ts'
import type { StageId } from './bus.ts'

/** Bits of what is asked for. */
export const ASK = { observe: 1, final: 2, more: 4, leave: 8 } as const
/** Bits of what is said. */
export const SAY = { more: 1, failed: 2 } as const

/** Signs of a stage: how many steps it was asked for, how many it has done, what is asked, what is said. A cache line each. */
const SIGNS = 16
const [ASKED, DONE, ASKS, SAYS] = [0, 1, 2, 3]
/** Figures of a stage: the quantum asked for, its next wake, how many mails it sent; then where its bags to each stage lie, and where those for it. */
const FIGURES = 3
const [QUANTUM, WAKE, MAILS] = [0, 1, 2]
/** Looks before it sleeps: some 100 µs. */
const LOOKS = 10_000
/** So often it looks up from its sleep, that a thread may see whether others are still there. */
const SLEEP_MS = 100

export class Barrier {
  readonly memory: SharedArrayBuffer
  readonly #signs: Int32Array
  readonly #figures: Float64Array
  readonly #stages: number

  /** For stages 0 … `stages` − 1; `memory`: of the barrier that another thread has made. */
  constructor(stages: number, memory?: SharedArrayBuffer) {
    const signBytes = stages * SIGNS * Int32Array.BYTES_PER_ELEMENT
    const figureBytes = stages * (FIGURES + 2 * stages) * Float64Array.BYTES_PER_ELEMENT
    this.memory = memory ?? new SharedArrayBuffer(signBytes + figureBytes)
    this.#stages = stages
    this.#signs = new Int32Array(this.memory, 0, stages * SIGNS)
    this.#figures = new Float64Array(this.memory, signBytes)
  }

  ask(stage: StageId, quantum: Quantum, asks: number): void {
    this.#figures[this.#row(stage) + QUANTUM] = quantum
    this.#signs[stage * SIGNS + ASKS] = asks
    this.#raise(stage * SIGNS + ASKED)
  }

  asked(stage: StageId): { readonly quantum: Quantum; readonly asks: number } {
    return { quantum: this.#figures[this.#row(stage) + QUANTUM]!, asks: this.#signs[stage * SIGNS + ASKS]! }
  }

  say(stage: StageId, says: number, nextWake: Quantum, mails: number): void {
    this.#figures[this.#row(stage) + WAKE] = nextWake
    this.#figures[this.#row(stage) + MAILS] = mails
    this.#signs[stage * SIGNS + SAYS] = says
    this.#raise(stage * SIGNS + DONE)
  }

  said(stage: StageId): { readonly says: number; readonly nextWake: Quantum; readonly mails: number } {
    const row = this.#row(stage)
    return { says: this.#signs[stage * SIGNS + SAYS]!, nextWake: this.#figures[row + WAKE]!, mails: this.#figures[row + MAILS]! }
  }

  /** A stage waits until it is asked; false: not yet, look up. */
  untilAsked(stage: StageId): boolean {
    return this.#untilNot(stage * SIGNS + ASKED, Atomics.load(this.#signs, stage * SIGNS + DONE))
  }

  /** The conductor waits until a stage has done what it was asked for; false: not yet, look up. */
  untilDone(stage: StageId): boolean {
    return this.#untilNot(stage * SIGNS + DONE, (Atomics.load(this.#signs, stage * SIGNS + ASKED) - 1) | 0)
  }

  /** As untilDone, without holding the thread. */
  async whenDone(stage: StageId): Promise<void> {
    const done = (Atomics.load(this.#signs, stage * SIGNS + ASKED) - 1) | 0
    await Atomics.waitAsync(this.#signs, stage * SIGNS + DONE, done, 1).value
  }

  /** Where a stage has put a bag for another (or itself), until the conductor passes it on; 0: nowhere. */
  putBag(from: StageId, to: StageId, place: number): void {
    this.#figures[this.#row(from) + FIGURES + to] = place
  }

  /** Between two steps: what this stage has put is for the next step of its receivers, and `onBag` hears of whom. */
  passBags(from: StageId, onBag: (to: StageId) => void): void {
    const sent = this.#row(from) + FIGURES
    for (let to = 0; to < this.#stages; to++) {
      const place = this.#figures[sent + to]!
      if (place === 0) continue
      this.#figures[sent + to] = 0
      this.#figures[this.#row(to) + FIGURES + this.#stages + from] = place
      onBag(to)
    }
  }

  /** Takes the place of the bag that was passed on; 0: there is none. */
  takeBag(to: StageId, from: StageId): number {
    const at = this.#row(to) + FIGURES + this.#stages + from
    const place = this.#figures[at]!
    this.#figures[at] = 0
    return place
  }

  #row(stage: StageId): number {
    return stage * (FIGURES + 2 * this.#stages)
  }

  /** All that was written before is seen by who sees it. */
  #raise(at: number): void {
    Atomics.add(this.#signs, at, 1)
    Atomics.notify(this.#signs, at)
  }

  #untilNot(at: number, old: number): boolean {
    for (let i = 0; i < LOOKS; i++) if (Atomics.load(this.#signs, at) !== old) return true
    Atomics.wait(this.#signs, at, old, SLEEP_MS)
    return Atomics.load(this.#signs, at) !== old
  }
}
