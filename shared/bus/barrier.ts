/**
 * The board in shared memory on which the conductor's thread asks stages for a step and each stage says that it is done: numbers
 * alone; what is none goes through a port. Whoever waits looks again and again for a while, in which most quanta
 * are over, and only then sleeps: to wake a thread takes longer than many a quantum.
 */
import type { Quantum } from '../time.ts'
import { AHEAD_MAX, type StageId } from './bus.ts'

/** Bits of what is asked for. */
export const ASK = { observe: 1, final: 2, more: 4, leave: 8 } as const
/** Bits of what is said. */
export const SAY = { more: 1, failed: 2, kept: 4, writes: 8 } as const

/** Signs of a stage: how often it was asked, how many steps it has done, what is asked. A cache line each. */
const SIGNS = 16
const [ASKED, DONE, ASKS] = [0, 1, 2]
/** Figures of a stage: the quantum asked for and how far it may go by itself; then where its bags to each stage lie, where those for it, and its sayings. */
const FIGURES = 2
const [QUANTUM, UNTIL] = [0, 1]
/** A stage's sayings about its last AHEAD_MAX steps: of which quantum, its next wake, how many mails it sent, and what else. */
const SAYING = 4
const [OF, WAKE, MAILS, SAYS] = [0, 1, 2, 3]
/** Looks before it sleeps: some 100 µs. */
const LOOKS = 10_000
/** So often it looks up from its sleep, that a thread may see whether others are still there. */
const SLEEP_MS = 100

/** What a stage says of a step. */
export interface Saying {
  readonly quantum: Quantum
  /** Bits of SAY. */
  readonly says: number
  readonly nextWake: Quantum
  readonly mails: number
}

export class Barrier {
  readonly memory: SharedArrayBuffer
  readonly #signs: Int32Array
  readonly #figures: Float64Array
  readonly #stages: number
  /** Of each stage: how many of the asks it has taken, and how many of its sayings were read, by this thread. */
  readonly #taken: Int32Array
  readonly #heard: Int32Array

  /** For stages 0 … `stages` − 1; `memory`: of the barrier that another thread has made. */
  constructor(stages: number, memory?: SharedArrayBuffer) {
    const signBytes = stages * SIGNS * Int32Array.BYTES_PER_ELEMENT
    const figureBytes = stages * rowLength(stages) * Float64Array.BYTES_PER_ELEMENT
    this.memory = memory ?? new SharedArrayBuffer(signBytes + figureBytes)
    this.#stages = stages
    this.#signs = new Int32Array(this.memory, 0, stages * SIGNS)
    this.#figures = new Float64Array(this.memory, signBytes)
    this.#taken = new Int32Array(stages)
    this.#heard = new Int32Array(stages)
  }

  /** For a step in `quantum`, and by itself for those that come before `until`. */
  ask(stage: StageId, quantum: Quantum, until: Quantum, asks: number): void {
    this.#figures[this.#row(stage) + QUANTUM] = quantum
    this.#figures[this.#row(stage) + UNTIL] = until
    this.#signs[stage * SIGNS + ASKS] = asks
    this.#raise(stage * SIGNS + ASKED)
  }

  /** What a stage was asked; it reads every ask once. */
  asked(stage: StageId): { readonly quantum: Quantum; readonly until: Quantum; readonly asks: number } {
    this.#taken[stage]!++
    const row = this.#row(stage)
    const [quantum, until] = [this.#figures[row + QUANTUM]!, this.#figures[row + UNTIL]!]
    return { quantum, until, asks: this.#signs[stage * SIGNS + ASKS]! }
  }

  say(stage: StageId, { quantum, says, nextWake, mails }: Saying): void {
    const at = this.#saying(stage, Atomics.load(this.#signs, stage * SIGNS + DONE))
    this.#figures[at + OF] = quantum
    this.#figures[at + WAKE] = nextWake
    this.#figures[at + MAILS] = mails
    this.#figures[at + SAYS] = says
    this.#raise(stage * SIGNS + DONE)
  }

  /** The next saying of a stage, once it is there; the conductor reads every one of them once. */
  said(stage: StageId): Saying {
    const at = this.#saying(stage, this.#heard[stage]!++)
    const [quantum, nextWake] = [this.#figures[at + OF]!, this.#figures[at + WAKE]!]
    return { quantum, nextWake, mails: this.#figures[at + MAILS]!, says: this.#figures[at + SAYS]! }
  }

  /** A stage waits until it is asked; false: not yet, look up. */
  untilAsked(stage: StageId): boolean {
    return this.#untilNot(stage * SIGNS + ASKED, this.#taken[stage]!)
  }

  /** The conductor waits for a stage's next saying; false: not yet, look up. */
  untilDone(stage: StageId): boolean {
    return this.#untilNot(stage * SIGNS + DONE, this.#heard[stage]!)
  }

  /** As untilDone, without holding the thread. */
  async whenDone(stage: StageId): Promise<void> {
    await Atomics.waitAsync(this.#signs, stage * SIGNS + DONE, this.#heard[stage]!, 1).value
  }

  /** Where a stage has put a bag for another, until the conductor passes it on; 0: nowhere. */
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
    return stage * rowLength(this.#stages)
  }

  #saying(stage: StageId, count: number): number {
    return this.#row(stage) + FIGURES + 2 * this.#stages + (count & (AHEAD_MAX - 1)) * SAYING
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

/** Of a stage, in figures. */
function rowLength(stages: number): number {
  return FIGURES + 2 * stages + AHEAD_MAX * SAYING
}
