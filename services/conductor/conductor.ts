/** The conductor as an actor: it hears which workloads have left, so that a run can end before its duration. */
import type { Actor, Outbox, Snapshot, Telemetry } from '#shared/actor.ts'
import type { Mail } from '#shared/messages.ts'
import { NEVER, type Quantum } from '#shared/time.ts'
import type { ConductorSpec } from './spec.ts'

export class Conductor implements Actor {
  readonly id: string
  readonly ordinal: number
  readonly #workloads: number
  #left: number[] = []

  constructor(spec: ConductorSpec) {
    this.id = spec.id
    this.ordinal = spec.ordinal
    this.#workloads = spec.workloads
  }

  get allLeft(): boolean {
    return this.#left.length >= this.#workloads
  }

  step(_now: Quantum, inbox: readonly Mail[], out: Outbox): void {
    for (const mail of inbox) if (mail.kind === 'left' && !this.#left.includes(mail.from)) this.#left.push(mail.from)
    if (this.allLeft) out.event('all-left')
  }

  nextWake(): Quantum {
    return NEVER
  }

  snapshot(): Snapshot {
    return { left: [...this.#left] }
  }

  restore(from: Snapshot): void {
    this.#left = [...(from['left'] as number[])]
  }

  observe(): Telemetry {
    return { left: this.#left.length }
  }
}
