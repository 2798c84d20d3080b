/** What a run's story needs to remember while it goes: events, and how things stood when the bear came. */
import type { ActorEvent, ActorId, Telemetry } from '#shared/actor.ts'
import type { Scenario } from '#shared/scenario.ts'
import { NS_PER_S } from '#shared/time.ts'

/** How a device stood in one sample. */
export interface DeviceMoment {
  readonly storedPages: number
  readonly usedBytes: number
  readonly compressionRatio: number
}

/** Elapsed and work time of a host's workloads up to one sample. */
export interface HostMoment {
  readonly elapsedSeconds: number
  readonly workSeconds: number
}

export interface Moment {
  readonly seconds: number
  readonly devices: Readonly<Record<ActorId, DeviceMoment>>
  readonly hosts: Readonly<Record<ActorId, HostMoment>>
}

/** All that a chronicle remembers, as plain data. */
export interface ChronicleSnapshot {
  readonly events: readonly ActorEvent[]
  readonly beforeAttack: Moment | undefined
  readonly last: Moment | undefined
  readonly attacked: boolean
}

/** More events than this are not kept: a story needs no more, and events.ndjson has all. */
const EVENTS_MAX = 10_000

export class Chronicle {
  readonly #scenario: Scenario
  readonly events: ActorEvent[] = []
  /** The last sample before the first attack; undefined while there was none. */
  beforeAttack: Moment | undefined
  last: Moment | undefined
  #attacked = false

  constructor(scenario: Scenario) {
    this.#scenario = scenario
  }

  event(event: ActorEvent): void {
    if (this.events.length < EVENTS_MAX) this.events.push(event)
    if (event.code === 'attack' && !this.#attacked) {
      this.#attacked = true
      this.beforeAttack = this.last
    }
  }

  sample(seconds: number, telemetry: Readonly<Record<ActorId, Telemetry>>): void {
    const of = (id: ActorId, key: string): number => telemetry[id]?.[key] ?? 0
    this.last = {
      seconds,
      devices: Object.fromEntries(
        Object.keys(this.#scenario.devices).map((id) => [
          id,
          {
            storedPages: of(id, 'storedPages'),
            usedBytes: of(id, 'usedBytes'),
            compressionRatio: of(id, 'compressionRatio'),
          },
        ]),
      ),
      hosts: Object.fromEntries(
        Object.keys(this.#scenario.hosts).map((id) => [
          id,
          { elapsedSeconds: of(id, 'elapsedSeconds'), workSeconds: of(id, 'workSeconds') },
        ]),
      ),
    }
  }

  snapshot(): ChronicleSnapshot {
    const { events, beforeAttack, last } = this
    return structuredClone({ events, beforeAttack, last, attacked: this.#attacked })
  }

  restore(from: ChronicleSnapshot): void {
    const { events, beforeAttack, last, attacked } = structuredClone(from)
    this.events.splice(0, this.events.length, ...events)
    this.beforeAttack = beforeAttack
    this.last = last
    this.#attacked = attacked
  }

  secondsOf(event: ActorEvent): number {
    return (event.quantum * this.#scenario.quantum) / NS_PER_S
  }
}
