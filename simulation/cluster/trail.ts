/**
 * What was done, quantum by quantum, as digests: a run that goes back to its snapshots must do the same again. In memory there is
 * one for each that was granted since the last set; the journal has one a second, so that a conductor that was killed can check too.
 */
import type { TrailMark } from '#shared/bus/conductor-end.ts'
import { ColdpoolError } from '#shared/errors.ts'
import { StoreFull } from '#shared/observe/store.ts'
import type { Quantum } from '#shared/time.ts'
import type { RunJournal } from './run-journal.ts'

const REMEMBER_MS = 1000

export class Trail {
  readonly #journal: RunJournal
  readonly #nowMs: () => number
  readonly #digests = new Map<Quantum, string>()
  #furthest: Quantum = -1
  #rememberedMs: number
  #remembering = false

  constructor(journal: RunJournal, nowMs: () => number) {
    this.#journal = journal
    this.#nowMs = nowMs
    this.#rememberedMs = nowMs()
    for (const mark of journal.trail) this.#keep(mark)
  }

  /** The last quantum that was ever granted, also before a recovery: what was seen to happen up to it stands. */
  get furthest(): Quantum {
    return this.#furthest
  }

  /** Throws CP_DIVERGED. */
  take(mark: TrailMark): void {
    const { quantum, digest } = mark
    const before = this.#digests.get(quantum)
    if (before === digest) return
    if (before !== undefined) {
      throw new ColdpoolError(
        'CP_DIVERGED',
        `quantum ${quantum}`,
        `its digest is ${digest} now`,
        `${before}, as it was before the recovery`,
      )
    }
    this.#keep(mark)
    if (this.#remembering || this.#nowMs() - this.#rememberedMs < REMEMBER_MS) return
    this.#rememberedMs = this.#nowMs()
    this.#remembering = true
    void this.#remember(mark)
  }

  /** A whole set lies there: nobody goes back to before it. */
  forget(before: Quantum): void {
    for (const quantum of this.#digests.keys()) {
      if (quantum >= before) return
      this.#digests.delete(quantum)
    }
  }

  #keep({ quantum, digest }: TrailMark): void {
    this.#digests.set(quantum, digest)
    this.#furthest = Math.max(this.#furthest, quantum)
  }

  /** Without it the check only reaches less far: a full journal is named elsewhere. */
  async #remember(mark: TrailMark): Promise<void> {
    try {
      await this.#journal.remember(mark)
    } catch (error) {
      if (!(error instanceof StoreFull)) throw error
    } finally {
      this.#remembering = false
    }
  }
}
