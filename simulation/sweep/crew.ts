/** Whoever runs the variants of a sweep: threads of this process, or workers on a bus (dealer.ts). */
import { availableParallelism } from 'node:os'
import { eachVariant } from '../variants.ts'
import { variantError } from './mistakes.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import type { Sweep, SweepVariant } from './sweep-file.ts'

export interface Crew {
  /** Hands each of them out and tells what came of it, in any order; throws what one failed of, naming it, or the signal's reason. */
  carry(variants: readonly SweepVariant[], signal: AbortSignal, onOutcome: (outcome: Outcome) => void): Promise<void>
}

export class Threads implements Crew {
  readonly #sweep: Sweep
  readonly #count: number

  constructor(sweep: Sweep, count = availableParallelism()) {
    this.#sweep = sweep
    this.#count = count
  }

  async carry(variants: readonly SweepVariant[], signal: AbortSignal, onOutcome: (outcome: Outcome) => void): Promise<void> {
    const text = this.#sweep.scenarioText
    const given = variants.map(({ overrides }) => ({ text, overrides }))
    await eachVariant(given, {
      workers: this.#count,
      signal,
      onDone: (i, { verdict }) => onOutcome(outcomeOf(variants[i]!.index, verdict)),
      failureOf: (i, error) => variantError(error, this.#sweep, variants[i]!),
    })
  }
}
