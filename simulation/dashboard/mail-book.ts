/** Mail around marks, for the page that asks what was said around one: by quantum, each taken once, and bounded. */
import type { Heard } from '#shared/observe/broadcast.ts'
import { QUANTA_AFTER, QUANTA_BEFORE } from '#shared/recent-mail.ts'
import type { Quantum } from '#shared/time.ts'

/** Some ten megabytes, at most. */
const LINES_KEPT_MAX = 100_000
const QUANTA_KEPT_MAX = 20_000
/** Of these, what is left when it was full. */
const ROOMY = 0.75

export class MailBook {
  readonly #byQuantum = new Map<Quantum, Heard>()
  readonly #linesMax: number
  #lines = 0

  constructor(linesMax = LINES_KEPT_MAX) {
    this.#linesMax = linesMax
  }

  /** What a repetition tells again changes nothing. `marked`: the quanta of the marks that are kept; mail around no other is let go first. */
  add(heard: Heard, marked: () => Iterable<Quantum>): void {
    if (this.#byQuantum.has(heard.quantum)) return
    this.#byQuantum.set(heard.quantum, heard)
    this.#lines += heard.lines.length
    if (this.#lines <= this.#linesMax && this.#byQuantum.size <= QUANTA_KEPT_MAX) return
    this.#forgetAllBut(around(marked()))
    // Then the oldest, and more than must be: marks are not to be gone through every time.
    for (const quantum of this.#byQuantum.keys()) {
      if (this.#lines <= this.#linesMax * ROOMY && this.#byQuantum.size <= QUANTA_KEPT_MAX * ROOMY) break
      this.#forget(quantum)
    }
  }

  /** Of those quanta around one that are known, from old to new. */
  around(quantum: Quantum): Heard[] {
    return [...around([quantum])].flatMap((near) => this.#byQuantum.get(near) ?? [])
  }

  clear(): void {
    this.#byQuantum.clear()
    this.#lines = 0
  }

  #forgetAllBut(wanted: ReadonlySet<Quantum>): void {
    for (const quantum of this.#byQuantum.keys()) if (!wanted.has(quantum)) this.#forget(quantum)
  }

  #forget(quantum: Quantum): void {
    this.#lines -= this.#byQuantum.get(quantum)!.lines.length
    this.#byQuantum.delete(quantum)
  }
}

function around(quanta: Iterable<Quantum>): Set<Quantum> {
  const near = new Set<Quantum>()
  for (const quantum of quanta) for (let q = quantum - QUANTA_BEFORE; q <= quantum + QUANTA_AFTER; q++) near.add(q)
  return near
}
