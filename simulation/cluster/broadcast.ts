/** What the conductor tells whoever listens (shared/observe/broadcast.ts): status once a second, samples and events as they come. */
import type { Report } from '#shared/bus/bus.ts'
import type { SubjectKind } from '#shared/bus/subjects.ts'
import { subject, type Subscription, type Wire } from '#shared/bus/wire.ts'
import type { Status } from '#shared/observe/broadcast.ts'
import { pack } from '#shared/packing.ts'
import type { Quantum } from '#shared/time.ts'
import type { Cast } from '../actors.ts'
import { tellingOf } from '../telling.ts'

const STATUS_MS = 1000

export class Broadcast {
  readonly #wire: Wire
  readonly #run: string
  readonly #cast: Cast
  readonly #status: () => Status
  #subscription: Subscription | undefined

  constructor(wire: Wire, run: string, cast: Cast, status: () => Status) {
    this.#wire = wire
    this.#run = run
    this.#cast = cast
    this.#status = status
  }

  open(): void {
    this.#subscription = this.#wire.every(STATUS_MS, () => this.status())
    this.status()
  }

  close(): void {
    this.#subscription?.stop()
  }

  status(): void {
    this.#tell('status', this.#status())
  }

  reports(quantum: Quantum, virtualSeconds: number, reports: readonly Report[]): void {
    const { events, sample } = tellingOf(quantum, virtualSeconds, reports, this.#cast)
    if (events) this.#tell('events', events)
    if (sample) this.#tell('sample', sample)
  }

  #tell(kind: SubjectKind, message: object): void {
    this.#wire.publish(subject(this.#run, kind, 'conductor', 'all'), pack(message))
  }
}
