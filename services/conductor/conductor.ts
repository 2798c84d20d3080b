/**
 * The conductor as an actor: it hears which workloads have left, so that a run can end before its duration, and passes on
 * an operator's wish that one should leave.
 */
import type { Actor, ActorId, Ordinal, Outbox, Snapshot, Telemetry } from '#shared/actor.ts'
import type { Command } from '#shared/command.ts'
import type { Mail } from '#shared/messages.ts'
import { NEVER, type Quantum } from '#shared/time.ts'
import type { ConductorSpec } from './spec.ts'

export class Conductor implements Actor {
  readonly id: string
  readonly ordinal: number
  readonly #ordinalOf: (id: ActorId) => Ordinal | undefined
  /** All that there ever were. */
  #workloads: number
  #left: Ordinal[] = []
  /** Told since the last step, so empty between quanta. */
  #stops: ActorId[] = []

  constructor(spec: ConductorSpec) {
    this.id = spec.id
    this.ordinal = spec.ordinal
    this.#workloads = spec.workloads
    this.#ordinalOf = spec.ordinalOf
  }

  get anyLeft(): boolean {
    return this.#left.length > 0
  }

  get allLeft(): boolean {
    return this.#left.length >= this.#workloads
  }

  hasLeft(workload: Ordinal): boolean {
    return this.#left.includes(workload)
  }

  command(command: Command): void {
    if (command.kind === 'inject' || command.kind === 'join') this.#workloads++
    else if (command.kind === 'stop') this.#stops.push(command.id)
  }

  step(_now: Quantum, inbox: readonly Mail[], out: Outbox): void {
    const before = this.allLeft
    for (const mail of inbox) if (mail.kind === 'left' && !this.hasLeft(mail.from)) this.#left.push(mail.from)
    for (const id of this.#stops.splice(0)) this.#stop(id, out)
    if (this.allLeft && !before) out.event('all-left')
  }

  /** One that has left, or is leaving, has nothing to hear. */
  #stop(id: ActorId, out: Outbox): void {
    const ordinal = this.#ordinalOf(id)
    if (ordinal !== undefined && !this.hasLeft(ordinal)) out.send(ordinal, 'stop', {})
  }

  nextWake(): Quantum {
    return NEVER
  }

  snapshot(): Snapshot {
    return { workloads: this.#workloads, left: [...this.#left] }
  }

  restore(from: Snapshot): void {
    this.#workloads = from['workloads'] as number
    this.#left = [...(from['left'] as Ordinal[])]
  }

  observe(): Telemetry {
    return { left: this.#left.length }
  }
}
