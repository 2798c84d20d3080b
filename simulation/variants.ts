/** Runs many scenarios on all cores, each whole on the memory bus in a worker thread: verdicts come back in the order of the variants. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { assert } from '#shared/errors.ts'
import type { RunResult } from './ledger.ts'
import type { Progress } from './progress.ts'
import type { TenantMeans } from './tenant-means.ts'

/** A scenario's text with values set, as `coldpool run FILE --set …` takes them. */
export interface Variant {
  readonly text: string
  readonly overrides: readonly string[]
  /** Where its run folder is made; default: none is. */
  readonly out?: string
}

/** What a run has left. */
export interface Outcome extends RunResult {
  readonly tenants: TenantMeans
}

export interface VariantOptions {
  /** Threads; default: one for each core. */
  readonly workers?: number
  /** Aborted: what is under way ends early, and its folder stays. */
  readonly signal?: AbortSignal
  /** In the order in which they end. */
  readonly onDone?: (index: number, outcome: Outcome) => void
  readonly onProgress?: (index: number, progress: Progress) => void
}

/** What a worker is told: what to run, or to end what it runs. */
export type Order = { readonly index: number; readonly variant: Variant } | 'end'

/** What a worker tells. */
export type Answer = { readonly index: number } & (
  | { readonly outcome: Outcome }
  | { readonly progress: Progress }
  | { readonly error: unknown }
)

const WORKER = new URL('variant-worker.ts', import.meta.url)

/** Throws what a variant failed of, or the signal's reason. */
export async function runVariants(variants: readonly Variant[], options: VariantOptions = {}): Promise<Outcome[]> {
  const { workers = availableParallelism(), signal, onDone, onProgress } = options
  signal?.throwIfAborted()
  const outcomes: (Outcome | undefined)[] = variants.map(() => undefined)
  let next = 0
  const threads: Worker[] = []
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const thread = new Worker(WORKER)
      threads.push(thread)
      const give = (): void => {
        if (next === variants.length || signal?.aborted === true) return resolve()
        const index = next++
        tell(thread, { index, variant: variants[index]! })
      }
      thread.on('message', (answer: Answer) => {
        if ('error' in answer) return reject(answer.error)
        if ('progress' in answer) return onProgress?.(answer.index, answer.progress)
        outcomes[answer.index] = answer.outcome
        if (signal?.aborted !== true) onDone?.(answer.index, answer.outcome)
        give()
      })
      thread.on('error', reject)
      give()
    })
  const abort = (): void => {
    for (const thread of threads) tell(thread, 'end')
  }
  signal?.addEventListener('abort', abort)
  try {
    const count = Math.min(workers, variants.length)
    await Promise.all(Array.from({ length: count }, work))
    signal?.throwIfAborted()
    return outcomes.map((outcome) => {
      assert(outcome !== undefined, 'every variant was run')
      return outcome
    })
  } finally {
    signal?.removeEventListener('abort', abort)
    await Promise.all(threads.map((thread) => thread.terminate()))
  }
}

function tell(thread: Worker, order: Order): void {
  thread.postMessage(order)
}
