/**
 * What was done, grant by grant, as digests: a run that goes back to its snapshots must do the same again. In memory there is
 * one for each grant since the last set; the journal has one a second, so that a conductor that was killed can check too.
 */
import { ColdpoolError } from '#shared/errors.ts'
import { StoreFull } from '#shared/observe/store.ts'
import type { RunJournal } from './run-journal.ts'

const REMEMBER_MS = 1000

export class Trail {
  readonly #journal: RunJournal
  readonly #nowMs: () => number
  readonly #digests = new Map<number, string>()
  #rememberedMs: number
  #remembering = false

  constructor(journal: RunJournal, nowMs: () => number) {
    this.#journal = journal
    this.#nowMs = nowMs
    this.#rememberedMs = nowMs()
    for (const { number, digest } of journal.trail) this.#digests.set(number, digest)
  }

  /** Throws CP_DIVERGED. */
  take(number: number, digest: string): void {
    const before = this.#digests.get(number)
    if (before === digest) return
    if (before !== undefined) {
      throw new ColdpoolError(
        'CP_DIVERGED',
        `grant ${number}`,
        `its digest is ${digest} now`,
        `${before}, as it was before the recovery`,
      )
    }
    this.#digests.set(number, digest)
    if (this.#remembering || this.#nowMs() - this.#rememberedMs < REMEMBER_MS) return
    this.#rememberedMs = this.#nowMs()
    this.#remembering = true
    void this.#remember(number, digest)
  }

  /** Without it the check only reaches less far: a full journal is named elsewhere. */
  async #remember(number: number, digest: string): Promise<void> {
    try {
      await this.#journal.remember({ number, digest })
    } catch (error) {
      if (!(error instanceof StoreFull)) throw error
    } finally {
      this.#remembering = false
    }
  }

  /** A whole set lies there: nobody goes back to before it. */
  forget(before: number): void {
    for (const number of this.#digests.keys()) {
      if (number >= before) return
      this.#digests.delete(number)
    }
  }
}
