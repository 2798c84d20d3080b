/** Worker threads that run scenarios, each whole on the memory bus, one at a time in each thread. */
import { Worker } from 'node:worker_threads'
import { assert } from '#shared/errors.ts'
import type { Verdict } from './verdict.ts'

/** A scenario's text with values set, as `coldpool run FILE --set …` takes them. */
export interface Variant {
  readonly text: string
  readonly overrides: readonly string[]
}

/** What a thread answers. */
export type Answer = { readonly verdict: Verdict } | { readonly error: unknown }

const WORKER = new URL('variant-worker.ts', import.meta.url)

export class VariantPool implements AsyncDisposable {
  readonly size: number
  readonly #idle: Worker[] = []
  readonly #threads: Worker[] = []

  constructor(size: number) {
    this.size = size
  }

  /** At most `size` at a time. Rejects with what the variant failed of; never settles if the pool is closed before. */
  run({ text, overrides }: Variant): Promise<Verdict> {
    const thread = this.#idle.pop() ?? this.#start()
    return new Promise((resolve, reject) => {
      const settle = (answer: Answer): void => {
        thread.off('message', settle).off('error', reject)
        this.#idle.push(thread)
        if ('error' in answer) reject(answer.error)
        else resolve(answer.verdict)
      }
      thread.on('message', settle).on('error', reject)
      thread.postMessage({ text, overrides })
    })
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
