/** Worker threads that run scenarios, each whole on the memory bus, one at a time in each thread. */
import { Worker } from 'node:worker_threads'
import { assert } from '#shared/errors.ts'
import { errorOf, type Failure } from '#shared/failure.ts'
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
export interface VariantResult extends RunResult {
  readonly tenants: TenantMeans
}

/** What a thread is told: what to run, or to end early what it runs. */
export type Order = { readonly variant: Variant; readonly tellProgress: boolean } | 'end'

/** What a thread answers: progress, and then one of the others. */
export type Answer = { readonly progress: Progress } | { readonly result: VariantResult } | { readonly failed: Failure }

const WORKER = new URL('variant-worker.ts', import.meta.url)

export class VariantPool implements AsyncDisposable {
  readonly size: number
  readonly #idle: Worker[] = []
  readonly #threads: Worker[] = []

  constructor(size: number) {
    this.size = size
  }

  /** At most `size` at a time. Rejects with what the variant failed of; never settles if the pool is closed before. */
  run(variant: Variant, onProgress?: (progress: Progress) => void): Promise<VariantResult> {
    const thread = this.#idle.pop() ?? this.#start()
    return new Promise((resolve, reject) => {
      const hear = (answer: Answer): void => {
        if ('progress' in answer) return onProgress?.(answer.progress)
        thread.off('message', hear).off('error', reject)
        this.#idle.push(thread)
        if ('result' in answer) resolve(answer.result)
        else reject(errorOf(answer.failed))
      }
      thread.on('message', hear).on('error', reject)
      tell(thread, { variant, tellProgress: onProgress !== undefined })
    })
  }

  /** What is under way ends early, and nothing can be run any more. */
  end(): void {
    for (const thread of this.#threads) tell(thread, 'end')
  }

  /** What is under way is dropped. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()))
  }

  #start(): Worker {
    assert(this.#threads.length < this.size, 'no more variants than threads')
    const thread = new Worker(WORKER)
    this.#threads.push(thread)
    return thread
  }
}

function tell(thread: Worker, order: Order): void {
  thread.postMessage(order)
}
