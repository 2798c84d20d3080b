/** Runs many scenarios on all cores, each whole on the memory bus in a worker thread: verdicts come back in the order of the variants. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { assert } from '#shared/errors.ts'
import type { Verdict } from './verdict.ts'

/** A scenario's text with values set, as `coldpool run FILE --set …` takes them. */
export interface Variant {
  readonly text: string
  readonly overrides: readonly string[]
}

export interface VariantOptions {
  /** Threads; default: one for each core. */
  readonly workers?: number
  /** Aborted: what is under way is dropped. */
  readonly signal?: AbortSignal
  /** In the order in which they end. */
  readonly onDone?: (index: number, verdict: Verdict) => void
}

/** What a worker answers. */
export type Answer = { readonly index: number; readonly verdict: Verdict } | { readonly index: number; readonly error: unknown }

const WORKER = new URL('variant-worker.ts', import.meta.url)

/** Throws what a variant failed of, or the signal's reason. */
export async function runVariants(variants: readonly Variant[], options: VariantOptions = {}): Promise<Verdict[]> {
  const { workers = availableParallelism(), signal, onDone = () => {} } = options
  signal?.throwIfAborted()
  const verdicts: (Verdict | undefined)[] = variants.map(() => undefined)
  let next = 0
  const threads: Worker[] = []
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const thread = new Worker(WORKER)
      threads.push(thread)
      const give = (): void => {
        if (next === variants.length) return resolve()
        const index = next++
        thread.postMessage({ index, variant: variants[index]! })
      }
      thread.on('message', (answer: Answer) => {
        if ('error' in answer) return reject(answer.error)
        verdicts[answer.index] = answer.verdict
        onDone(answer.index, answer.verdict)
        give()
      })
      thread.on('error', reject)
      give()
    })
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal!.reason as Error)
  signal?.addEventListener('abort', abort)
  try {
    const count = Math.min(workers, variants.length)
    await Promise.race([Promise.all(Array.from({ length: count }, work)), aborted.promise])
    return verdicts.map((verdict) => {
      assert(verdict !== undefined, 'every variant was run')
      return verdict
    })
  } finally {
    signal?.removeEventListener('abort', abort)
    await Promise.all(threads.map((thread) => thread.terminate()))
  }
}
