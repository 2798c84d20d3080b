/** A worker of sweeps on a bus: takes variants as long as it has a thread free, and tells what came of them until it is heard. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NatsWire } from '#shared/bus/nats.ts'
import type { Subscription } from '#shared/bus/wire.ts'
import { ColdpoolError } from '#shared/errors.ts'
import { failureOf } from '#shared/failure.ts'
import type { Log } from '#shared/observe/log.ts'
import { processName } from '../cluster/settings.ts'
import { VariantPool } from '../variant-pool.ts'
import * as messages from './bus-messages.ts'
import { outcomeOf, plainOf } from './outcome.ts'

const ANSWER_MS = 2000
/** An outcome that nobody hears for so long is dropped: the sweep is over, or will hand the variant out again. */
const TELL_MS = 60_000
const PAUSE_MS = 500

export interface SweepWorkerParts {
  readonly wire: NatsWire
  readonly cluster: string
  readonly threads: number
  readonly log: Log
}

export class SweepWorker implements AsyncDisposable {
  readonly #parts: SweepWorkerParts
  readonly #id = `${processName('sweep-worker')}-${randomBytes(4).toString('hex')}`
  readonly #pool: VariantPool
  readonly #running = new Map<string, { readonly sweep: string; readonly index: number }>()
  #computing = 0
  #subscriptions: readonly Subscription[] = []
  #closed = false

  constructor(parts: SweepWorkerParts) {
    this.#parts = parts
    this.#pool = new VariantPool(parts.threads)
  }

  async open(): Promise<void> {
    const { wire, cluster, threads, log } = this.#parts
    this.#subscriptions = [
      wire.every(messages.BEAT_MS, () => this.#beat()),
      wire.serve(
        messages.variantSubject(cluster),
        (bytes) => Promise.resolve(messages.write(this.#answer(bytes))),
        messages.QUEUE,
      ),
    ]
    this.#beat()
    await wire.flush()
    log.info({ worker: this.#id, threads }, 'waiting for variants')
  }

  /** What is under way is dropped, and the sweep told that it is. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const subscription of this.#subscriptions) subscription.stop()
    await this.#pool[Symbol.asyncDispose]()
    this.#running.clear()
    this.#beat()
  }

  #answer(bytes: Uint8Array): messages.VariantAnswer {
    const message = messages.read(bytes, messages.variantMessage)
    if (message === undefined) {
      this.#parts.wire.dropped.count('malformed', 'a variant of another form')
      return { refused: 'a variant of another form' }
    }
    if (message.kind !== messages.KIND) return { refused: `${this.#id} is ${messages.KIND}` }
    if (this.#closed || this.#computing >= this.#parts.threads) return { busy: true }
    void this.#run(message)
    return { taken: this.#id }
  }

  async #run({ sweep, index, text, overrides }: messages.VariantMessage): Promise<void> {
    const { log } = this.#parts
    const key = `${sweep} ${index}`
    this.#running.set(key, { sweep, index })
    this.#computing++
    try {
      const { verdict } = await this.#pool.run({ text, overrides })
      this.#computing--
      log.info({ sweep, variant: index, wallSeconds: verdict.wallSeconds }, 'ran a variant')
      await this.#tell(sweep, { worker: this.#id, index, outcome: plainOf(outcomeOf(index, verdict)) })
    } catch (error) {
      this.#computing--
      log.error({ sweep, variant: index, failed: error instanceof Error ? error.message : String(error) }, 'a variant failed')
      await this.#tell(sweep, { worker: this.#id, index, failed: messages.shortened(failureOf(error)) })
    } finally {
      this.#running.delete(key)
    }
  }

  /** Again and again, until somebody says that it was heard. */
  async #tell(sweep: string, message: messages.OutcomeMessage): Promise<void> {
    const { wire, cluster, log } = this.#parts
    const untilMs = wire.now() + TELL_MS
    while (!this.#closed && wire.now() < untilMs) {
      try {
        await wire.request(messages.outcomeSubject(cluster, sweep), messages.write(message), ANSWER_MS)
        return
      } catch (error) {
        if (!(error instanceof ColdpoolError)) throw error
        await sleep(PAUSE_MS)
      }
    }
    log.warn({ sweep, variant: message.index }, 'nobody hears what came of a variant')
  }

  #beat(): void {
    const { wire, cluster } = this.#parts
    wire.publish(messages.beatSubject(cluster), messages.write({ worker: this.#id, running: [...this.#running.values()] }))
  }
}
