/**
 * The log of a sweep, results.ndjson: a line that says which sweep it is, then one for each variant that has ended, in the order in
 * which they did. Only ever added to: what a killed process leaves is at most one line that is not whole, which is cut off
 * before the sweep goes on, so that nothing is lost and nothing is run twice.
 */
import { closeSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { assert, ColdpoolError } from '#shared/errors.ts'
import { VERSION } from '../cluster/version.ts'
import { guarded } from '../output.ts'
import { FIGURE_NAMES } from './figures.ts'
import { type Outcome, outcomeFrom, plainOf } from './outcome.ts'
import type { Sweep } from './sweep-file.ts'

const LOG = 'results.ndjson'

export class SweepLog implements Disposable {
  readonly #path: string
  readonly #file: number
  readonly #outcomes: Map<number, Outcome>

  /** A new one. Throws CP_OUTPUT. */
  static create(folder: string, sweep: Sweep): SweepLog {
    const path = join(folder, LOG)
    const log = new SweepLog(
      path,
      guarded(path, () => openSync(path, 'ax')),
      new Map(),
    )
    log.#write(headOf(sweep))
    return log
  }

  /** One that is there, with all that is in it. Throws CP_SWEEP_FOLDER, CP_OUTPUT. */
  static open(folder: string, sweep: Sweep): SweepLog {
    const path = join(folder, LOG)
    const outcomes = outcomesOf(path, sweep)
    return new SweepLog(
      path,
      guarded(path, () => openSync(path, 'a')),
      outcomes,
    )
  }

  private constructor(path: string, file: number, outcomes: Map<number, Outcome>) {
    this.#path = path
    this.#file = file
    this.#outcomes = outcomes
  }

  /** By the variant's index. */
  get outcomes(): ReadonlyMap<number, Outcome> {
    return this.#outcomes
  }

  /** Written when this returns, and on the disk soon after. */
  add(outcome: Outcome): void {
    assert(!this.#outcomes.has(outcome.index), 'a variant ends once')
    this.#outcomes.set(outcome.index, outcome)
    this.#write(plainOf(outcome))
  }

  [Symbol.dispose](): void {
    fsyncSync(this.#file)
    closeSync(this.#file)
  }

  #write(record: object): void {
    const line = Buffer.from(`${JSON.stringify(record)}\n`)
    guarded(this.#path, () => {
      for (let at = 0; at < line.length;) at += writeSync(this.#file, line, at)
    })
  }
}

/** The figures' names stand here once, so that whoever reads the log without us can. */
function headOf({ name, digest, variants }: Sweep): object {
  return { sweep: name, variants: variants.length, digest, version: VERSION, figures: FIGURE_NAMES }
}

function outcomesOf(path: string, sweep: Sweep): Map<number, Outcome> {
  const fail = (problem: string, expected: string): never => {
    throw new ColdpoolError('CP_SWEEP_FOLDER', path, problem, expected)
  }
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    return fail(`cannot be read (${(error as NodeJS.ErrnoException).code})`, 'the folder that a sweep has left')
  }
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  const [head, ...lines] = whole.split('\n').slice(0, -1)
  // A sweep that was killed as it began has said nothing yet that could be resumed.
  if (head === undefined) return fail('does not say which sweep it is', 'the folder that a sweep has left')
  if (head !== JSON.stringify(headOf(sweep))) {
    fail('is of another sweep, or of another version of coldpool', `this sweep's, with version ${VERSION}`)
  }
  const outcomes = new Map<number, Outcome>()
  for (const [i, line] of lines.entries()) {
    const outcome =
      outcomeFrom(jsonOf(line), sweep.variants.length) ?? fail(`line ${i + 2} is no result`, 'a result on each line')
    if (outcomes.has(outcome.index)) fail(`line ${i + 2} is of a variant that had ended`, 'each variant once')
    outcomes.set(outcome.index, outcome)
  }
  if (whole.length < text.length) guarded(path, () => truncateSync(path, Buffer.byteLength(whole)))
  return outcomes
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
