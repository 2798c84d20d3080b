/** The results of a sweep as a Parquet table: a row for each variant, in their order, whatever the order in which they end. */
import { type Cell, type Column, TableFile } from '../parquet/table-file.ts'
import { FIGURE_NAMES } from './figures.ts'
import type { Outcome } from './outcome.ts'
import type { Sweep } from './sweep-file.ts'

export const RESULTS = 'results.parquet'

export class ResultsFile implements Disposable {
  readonly #sweep: Sweep
  readonly #table: TableFile
  /** That have ended before one that comes before them. */
  readonly #waiting = new Map<number, Outcome>()
  #next = 0

  /** Throws CP_OUTPUT. */
  constructor(path: string, sweep: Sweep) {
    this.#sweep = sweep
    this.#table = new TableFile(path, columnsOf(sweep))
  }

  add(outcome: Outcome): void {
    this.#waiting.set(outcome.index, outcome)
    for (;;) {
      const next = this.#waiting.get(this.#next)
      if (next === undefined) return
      this.#waiting.delete(this.#next++)
      this.#table.add(this.#rowOf(next))
    }
  }

  /** When all variants have ended. */
  finish(): void {
    this.#table.finish()
  }

  #rowOf({ index, digest, figures }: Outcome): Cell[] {
    const { setting, seed } = this.#sweep.variants[index]!
    const values = this.#sweep.axes.map(({ numeric }, i) => (numeric ? setting.values[i]!.number : setting.values[i]!.text))
    return [index, setting.number, ...values, seed, digest, ...FIGURE_NAMES.map((name) => figures[name])]
  }

  [Symbol.dispose](): void {
    this.#table[Symbol.dispose]()
  }
}

function columnsOf({ axes }: Sweep): Column[] {
  return [
    { name: 'variant', type: 'number' },
    { name: 'setting', type: 'number' },
    ...axes.map(({ column, numeric }): Column => ({ name: column, type: numeric ? 'number' : 'text' })),
    { name: 'seed', type: 'number' },
    { name: 'digest', type: 'text' },
    ...FIGURE_NAMES.map((name): Column => ({ name, type: 'number' })),
  ]
}
