/** Worker threads that run scenarios, each whole on the memory bus, one at a time in each thread. */
import { Worker } from 'node:worker_threads'
import { assert, ColdpoolError } from '#shared/errors.ts'
import { ScenarioError } from '#shared/scenario/problems.ts'
import type { Verdict } from './verdict.ts'

/** A scenario's text with values set, as `coldpool run FILE --set …` takes them. */
export interface Variant {
  readonly text: string
  readonly overrides: readonly string[]
}

/** Of an error. */
export type Parts = Pick<ColdpoolError, 'code' | 'where' | 'problem' | 'expected'>

/** What a thread answers; errors of ours lose what they are on the way between threads, so their parts go. */
export type Answer = { readonly verdict: Verdict } | { readonly refused: readonly Parts[] } | { readonly error: unknown }

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
        if ('verdict' in answer) resolve(answer.verdict)
        else reject('refused' in answer ? refusalOf(answer.refused) : answer.error)
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

function refusalOf(problems: readonly Parts[]): ScenarioError {
  const errors = problems.map(({ code, where, problem, expected }) => new ColdpoolError(code, where, problem, expected))
  return new ScenarioError(errors, 'a variant')
}
