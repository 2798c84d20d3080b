/** A sweep: a scenario at many settings, with several seeds each. Its folder is made, or found again, and carried to the end. Start here. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ColdpoolError } from '#shared/errors.ts'
import { printable } from '#shared/scenario/problems.ts'
import { guarded, stampedFolder } from '../output.ts'
import type { Crew } from './crew.ts'
import { SweepLog } from './log.ts'
import type { Outcome } from './outcome.ts'
import { RESULTS, ResultsFile } from './results.ts'
import { parseSweep, type Sweep, sweepOf } from './sweep-file.ts'

const SWEEP = 'sweep.yaml'
const SCENARIO = 'scenario.yaml'
/** Holds the process that is at it. */
const IN_USE = 'in-use'

export interface SweepFolder extends Disposable {
  readonly path: string
  readonly sweep: Sweep
  readonly log: SweepLog
}

/** A new folder in `parent`: `NAME-STAMP`. Throws CP_OUTPUT. */
export function createSweep(parent: string, text: string, sweep: Sweep): SweepFolder {
  const path = stampedFolder(parent, sweep.name)
  guarded(path, () => {
    writeFileSync(join(path, SWEEP), text)
    writeFileSync(join(path, SCENARIO), sweep.scenarioText)
  })
  const release = seize(path)
  // Last, for who finds a log finds the rest.
  return held(path, sweep, SweepLog.create(path, sweep), release)
}

/** One that createSweep made, perhaps in a process that is no more. Throws CP_SWEEP_FOLDER. */
export function openSweep(path: string): SweepFolder {
  const read = (file: string): string => {
    try {
      return readFileSync(join(path, file), 'utf8')
    } catch (error) {
      const problem = `has no ${file} (${(error as NodeJS.ErrnoException).code})`
      throw new ColdpoolError(
        'CP_SWEEP_FOLDER',
        path === '' ? '""' : printable(path),
        problem,
        'the folder that a sweep has left',
      )
    }
  }
  const sweep = sweepOf(parseSweep(read(SWEEP), join(path, SWEEP)), read(SCENARIO))
  const release = seize(path)
  try {
    return held(path, sweep, SweepLog.open(path, sweep), release)
  } catch (error) {
    release()
    throw error
  }
}

/**
 * Runs what has not been run; afterwards results.parquet is there. Throws what a variant failed of, or the signal's reason:
 * the folder then stays as far as it is.
 */
export async function carryOut(
  { path, sweep, log }: SweepFolder,
  crew: Crew,
  signal: AbortSignal,
  onDone: (done: number) => void,
): Promise<ReadonlyMap<number, Outcome>> {
  using results = new ResultsFile(join(path, RESULTS), sweep)
  for (const outcome of log.outcomes.values()) results.add(outcome)
  const left = sweep.variants.filter(({ index }) => !log.outcomes.has(index))
  if (left.length > 0) {
    await crew.carry(left, signal, (outcome) => {
      log.add(outcome)
      results.add(outcome)
      onDone(log.outcomes.size)
    })
  }
  results.finish()
  return log.outcomes
}

function held(path: string, sweep: Sweep, log: SweepLog, release: () => void): SweepFolder {
  return {
    path,
    sweep,
    log,
    [Symbol.dispose]() {
      log[Symbol.dispose]()
      release()
    },
  }
}

/** Two processes that went on with one sweep would run everything twice. Gives what lets go of it again. */
function seize(path: string): () => void {
  const file = join(path, IN_USE)
  const holder = existsSync(file) ? Number(readFileSync(file, 'utf8')) : NaN
  if (lives(holder)) {
    const expected = `one that nobody is at; if that is no coldpool, remove ${printable(file)}`
    throw new ColdpoolError('CP_SWEEP_FOLDER', printable(path), `process ${holder} is at it`, expected)
  }
  guarded(path, () => writeFileSync(file, `${process.pid}`))
  return () => rmSync(file, { force: true })
}

function lives(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
