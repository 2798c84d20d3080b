/** A process of the benchmarks' cluster, as a service's: `ROLE,… NAME URL [busy]`. A busy one's actors wake in every quantum. */
import type { Actor, Outbox, Snapshot, Telemetry } from '#shared/actor.ts'
import type { Mail } from '#shared/messages.ts'
import type { Quantum } from '#shared/time.ts'
import { crewProcess, endSignal } from '#simulation/cluster/process.ts'

/** Steps whether it has a reason or not. */
class Busy implements Actor {
  readonly id: string
  readonly ordinal: number
  readonly #actor: Actor

  constructor(actor: Actor) {
    this.id = actor.id
    this.ordinal = actor.ordinal
    this.#actor = actor
  }

  step(now: Quantum, inbox: readonly Mail[], out: Outbox): void {
    this.#actor.step(now, inbox, out)
  }

  nextWake(now: Quantum): Quantum {
    return now + 1
  }

  snapshot(): Snapshot {
    return this.#actor.snapshot()
  }

  restore(from: Snapshot): void {
    this.#actor.restore(from)
  }

  observe(): Telemetry {
    return this.#actor.observe()
  }
}

const [roleList, name, bus, busy] = process.argv.slice(2) as [string, string, string, string?]
const roles = roleList.split(',')
const dressed = busy && { dress: (actor: Actor) => new Busy(actor) }
await crewProcess({ bus, roles, name, log: 'warn' }, endSignal(), { ...dressed })
process.exit()
