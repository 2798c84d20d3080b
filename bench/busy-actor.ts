import type { Actor, Outbox, Snapshot, Telemetry } from '#shared/actor.ts'
import type { Quantum } from '#shared/time.ts'

/** Steps in every quantum, and does nothing: what is left is what the bus costs. */
export class BusyActor implements Actor {
  readonly id: string
  readonly ordinal: number

  constructor(ordinal: number) {
    this.id = `busy-${ordinal}`
    this.ordinal = ordinal
  }

  step(_now: Quantum, _inbox: readonly unknown[], _out: Outbox): void {}

  nextWake(now: Quantum): Quantum {
    return now + 1
  }

  snapshot(): Snapshot {
    return {}
  }

  restore(): void {}

  observe(): Telemetry {
    return {}
  }
}
