/** Listens to what conductors tell: checked, in order, nothing twice, and of one run at a time. */
import type { z } from 'zod'
import type { SubjectKind } from '#shared/bus/subjects.ts'
import { type Dropped, subject, type Subscription, type Wire } from '#shared/bus/wire.ts'
import { eventsSchema, type Listener, sampleSchema, type Status, statusSchema } from '#shared/observe/broadcast.ts'
import { unpack } from '#shared/packing.ts'

const MESSAGE_BYTES_MAX = 64 << 20

export class Feed {
  readonly #wire: Wire & { close(): Promise<void> }
  #cluster: string | undefined
  readonly #dropped: Dropped
  readonly #subscriptions: Subscription[] = []
  #run = ''
  /** Of the last status. */
  #generation = 0
  #quantum = 0
  /** What a recovery repeats lies at or before these. */
  #sampled = -1
  #happened = -1

  /** Without a cluster: the first that is heard. Closes the wire when it is closed. */
  constructor(wire: Wire & { close(): Promise<void> }, cluster: string | undefined, dropped: Dropped) {
    this.#wire = wire
    this.#cluster = cluster
    this.#dropped = dropped
  }

  async follow(listener: Listener): Promise<void> {
    this.#hear('status', statusSchema, (status) => this.#status(status, listener))
    this.#hear('sample', sampleSchema, (sample, run) => {
      if (run !== this.#run) return
      if (sample.quantum <= this.#sampled) return this.#dropped.count('old')
      this.#sampled = sample.quantum
      listener.sample?.(sample)
    })
    this.#hear('events', eventsSchema, (events, run) => {
      if (run !== this.#run) return
      if (events.quantum <= this.#happened) return this.#dropped.count('old')
      this.#happened = events.quantum
      listener.events?.(events)
    })
    await this.#wire.flush()
  }

  async close(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.stop()
    await this.#wire.close()
  }

  #status(status: Status, listener: Listener): void {
    this.#cluster ??= status.cluster
    if (status.cluster !== this.#cluster) return
    if (status.run !== this.#run) {
      this.#run = status.run
      this.#sampled = -1
      this.#happened = -1
    } else if (
      status.generation < this.#generation ||
      (status.generation === this.#generation && status.quantum < this.#quantum)
    ) {
      return this.#dropped.count('old')
    }
    this.#generation = status.generation
    this.#quantum = status.quantum
    listener.status?.(status)
  }

  #hear<T>(kind: SubjectKind, schema: z.ZodType<T>, take: (message: T, run: string) => void): void {
    const subscription = this.#wire.subscribe(subject('*', kind, 'conductor', 'all'), (bytes, at) => {
      const message = bytes.length <= MESSAGE_BYTES_MAX ? read(bytes, schema) : undefined
      if (message === undefined) this.#dropped.count('malformed', `a ${kind} of another form`)
      else take(message, at.split('.')[1]!)
    })
    this.#subscriptions.push(subscription)
  }
}

function read<T>(bytes: Uint8Array, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(unpack(bytes)).data
  } catch {
    return undefined
  }
}
