/** What the conductor tells whoever listens (shared/observe/broadcast.ts): status once a second, samples and events as they come. */
import type { Report } from '#shared/bus/bus.ts'
import type { SubjectKind } from '#shared/bus/subjects.ts'
import { subject, type Subscription, type Wire } from '#shared/bus/wire.ts'
import type { Status } from '#shared/observe/broadcast.ts'
import { pack } from '#shared/packing.ts'
import type { Quantum } from '#shared/time.ts'
import type { Cast } from '../actors.ts'
import { isQuiet } from '../ledger.ts'
import { tellingOf } from '../telling.ts'

const STATUS_MS = 1000

export class Broadcast {
  readonly #wire: Wire
  readonly #run: string
  readonly #cast: Cast
  readonly #status: () => Status
  #subscription: Subscription | undefined
  #untold: (() => void)[] = []

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
    this.#tellAll()
  }

  status(): void {
    this.#tellAll()
    this.#tell('status', this.#status())
  }

  /** Stages wait for the next grant, listeners do not: they are told when it is on its way. */
  reports(quantum: Quantum, virtualSeconds: number, reports: readonly Report[]): void {
    if (isQuiet(reports)) return
    if (this.#untold.length === 0) setImmediate(() => this.#tellAll())
    this.#untold.push(() => {
      const { events, sample } = tellingOf(quantum, virtualSeconds, reports, this.#cast)
      if (events) this.#tell('events', events)
      if (sample) this.#tell('sample', sample)
    })
  }

  #tellAll(): void {
    for (const tell of this.#untold.splice(0)) tell()
  }

  #tell(kind: SubjectKind, message: object): void {
    this.#wire.publish(subject(this.#run, kind, 'conductor', 'all'), pack(message))
  }
}
