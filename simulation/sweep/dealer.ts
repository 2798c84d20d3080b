/**
 * Hands the variants of a sweep out to workers on a bus (worker.ts): one request after another to their queue group, until one
 * takes it. Who has taken a variant answers for it with beats; if these stop, or no longer name it, it is handed out again. An
 * outcome that comes twice is the same, or the sweep ends.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { NatsWire } from '#shared/bus/nats.ts'
import { ColdpoolError } from '#shared/errors.ts'
import { errorOf } from '#shared/failure.ts'
import * as messages from './bus-messages.ts'
import type { Crew } from './crew.ts'
import { variantError } from './mistakes.ts'
import { type Outcome, outcomeFrom } from './outcome.ts'
import type { Sweep, SweepVariant } from './sweep-file.ts'

/** A worker answers at once whether it takes a variant. */
const ANSWER_MS = 2000
/** When nobody is free: until the next one is asked. */
const PAUSE_MS = 50

export interface DealerParts {
  readonly wire: NatsWire
  readonly cluster: string
  readonly sweep: Sweep
  /** Hears what a person should know: that nobody is there, that a worker is gone. */
  readonly onNotice?: (notice: string) => void
}

interface Worker {
  readonly heardMs: number
  /** Of the last beat, and which variants it named. */
  readonly beatMs: number
  readonly running: ReadonlySet<number>
}

export class Dealer implements Crew {
  readonly #parts: DealerParts
  readonly #workers = new Map<string, Worker>()
  /** By variant: who has it, and since when. */
  readonly #taken = new Map<number, { readonly worker: string; readonly sinceMs: number }>()
  readonly #ended = new Map<number, string>()
  #wanted: ReadonlyMap<number, SweepVariant> = new Map()
  #waiting: SweepVariant[] = []
  #over = false

  constructor(parts: DealerParts) {
    this.#parts = parts
  }

  async carry(variants: readonly SweepVariant[], signal: AbortSignal, onOutcome: (outcome: Outcome) => void): Promise<void> {
    const { wire, cluster, sweep } = this.#parts
    const { promise: failed, reject } = Promise.withResolvers<never>()
    failed.catch(() => {})
    const abort = (): void => reject(signal.reason as Error)
    signal.throwIfAborted()
    signal.addEventListener('abort', abort)
    this.#wanted = new Map(variants.map((variant) => [variant.index, variant]))
    const subscriptions = [
      wire.subscribe(messages.beatSubject(cluster), (bytes) => this.#hearBeat(bytes)),
      wire.serve(messages.outcomeSubject(cluster, sweep.digest), (bytes) => {
        try {
          this.#hearOutcome(bytes, onOutcome)
        } catch (error) {
          reject(error)
        }
        return Promise.resolve(messages.write({ heard: true }))
      }),
    ]
    try {
      // Workers may still be at variants that an earlier process of this sweep has handed out.
      await Promise.race([wire.flush().then(() => sleep(messages.BEAT_MS * 1.5)), failed])
      this.#waiting = variants.filter(({ index }) => !this.#ended.has(index) && !this.#isUnderWay(index))
      await Promise.race([this.#deal(), failed])
    } finally {
      this.#over = true
      signal.removeEventListener('abort', abort)
      for (const subscription of subscriptions) subscription.stop()
    }
  }

  /** Until all have ended. */
  async #deal(): Promise<void> {
    let asked = 0
    let quiet = false
    while (this.#ended.size < this.#wanted.size && !this.#over) {
      this.#takeBack()
      const next = this.#waiting[0]
      const answer = next === undefined ? undefined : await this.#offer(next)
      if (answer !== undefined && 'taken' in answer) {
        asked = 0
        quiet = false
        // Its outcome may have come before this answer was read.
        this.#waiting = this.#waiting.filter((variant) => variant !== next)
        if (!this.#ended.has(next!.index)) this.#taken.set(next!.index, { worker: answer.taken, sinceMs: this.#now() })
        // It is there, whether or not its next beat has come.
        const known = this.#workers.get(answer.taken) ?? { beatMs: -Infinity, running: new Set<number>() }
        this.#workers.set(answer.taken, { ...known, heardMs: this.#now() })
        continue
      }
      if (answer !== undefined && 'refused' in answer) this.#notice(`a worker refuses: ${answer.refused}`)
      if (next !== undefined && answer === undefined && this.#workers.size === 0 && !quiet) {
        quiet = true
        this.#notice('no worker is there; start some with "coldpool sweep-worker"')
      }
      // The queue group picks one at random; another may be free.
      if (answer !== undefined && ++asked < 2 * this.#workers.size) continue
      asked = 0
      await sleep(PAUSE_MS)
    }
  }

  /** Undefined if nobody answers. */
  async #offer({ index, overrides }: SweepVariant): Promise<messages.VariantAnswer | undefined> {
    const { wire, cluster, sweep } = this.#parts
    const text = sweep.scenarioText
    const bytes = messages.write({ kind: messages.KIND, sweep: sweep.digest, index, text, overrides: [...overrides] })
    try {
      return messages.read(await wire.request(messages.variantSubject(cluster), bytes, ANSWER_MS), messages.variantAnswer)
    } catch (error) {
      if (error instanceof ColdpoolError) return undefined
      throw error
    }
  }

  /** What a dead worker had waits again, before all others. */
  #takeBack(): void {
    const nowMs = this.#now()
    for (const [id, { heardMs }] of this.#workers) {
      if (nowMs - heardMs <= messages.WORKER_SILENT_MS) continue
      this.#workers.delete(id)
      this.#notice(`worker ${id} is gone`)
    }
    for (const [index, { worker, sinceMs }] of this.#taken) {
      const known = this.#workers.get(worker)
      // A beat may have been under way when it was taken.
      if (known && (known.running.has(index) || known.beatMs < sinceMs + messages.BEAT_MS)) continue
      this.#taken.delete(index)
      this.#waiting.unshift(this.#wanted.get(index)!)
    }
  }

  #hearBeat(bytes: Uint8Array): void {
    const beat = messages.read(bytes, messages.beatMessage)
    if (beat === undefined) return this.#parts.wire.dropped.count('malformed', 'a beat of another form')
    const own = beat.running.filter(({ sweep }) => sweep === this.#parts.sweep.digest)
    const nowMs = this.#now()
    this.#workers.set(beat.worker, { heardMs: nowMs, beatMs: nowMs, running: new Set(own.map(({ index }) => index)) })
  }

  #hearOutcome(bytes: Uint8Array, onOutcome: (outcome: Outcome) => void): void {
    const { wire, sweep } = this.#parts
    const message = messages.read(bytes, messages.outcomeMessage)
    const failed = message?.failed && this.#wanted.get(message.index)
    if (failed) throw variantError(errorOf(message.failed!), sweep, failed, ` on ${message.worker}`)
    const outcome = outcomeFrom(message?.outcome, sweep.variants.length)
    if (outcome === undefined) return wire.dropped.count('malformed', 'an outcome of another form')
    const { index, digest } = outcome
    // An earlier process of this sweep wrote it down, and died before it said so.
    if (!this.#wanted.has(index)) return wire.dropped.count('double', `variant ${index} had ended`)
    this.#taken.delete(index)
    this.#waiting = this.#waiting.filter((variant) => variant.index !== index)
    const before = this.#ended.get(index)
    if (before === digest) return
    if (before !== undefined) {
      throw new ColdpoolError(
        'CP_DIVERGED',
        `variant ${index}`,
        `${message!.worker} got ${digest}`,
        `${before}, as another worker did`,
      )
    }
    this.#ended.set(index, digest)
    onOutcome(outcome)
  }

  #isUnderWay(index: number): boolean {
    for (const [worker, { running }] of this.#workers) {
      if (!running.has(index)) continue
      this.#taken.set(index, { worker, sinceMs: this.#now() })
      return true
    }
    return false
  }

  #notice(notice: string): void {
    this.#parts.onNotice?.(notice)
  }

  #now(): number {
    return this.#parts.wire.now()
  }
}
