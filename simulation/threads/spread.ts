/**
 * Which thread carries which actor of a run: decided once, from the scenario. Hosts weigh most, and bring their workloads and their
 * promoter, with whom they speak in every tick. Devices are dealt out apart from hosts, for they step in other quanta: each
 * kind must keep all threads busy by itself.
 */
import type { Ordinal } from '#shared/actor.ts'
import type { StageId } from '#shared/bus/bus.ts'
import type { Scenario } from '#shared/scenario.ts'
import type { Cast, Member } from '../actors.ts'

export class Spread {
  readonly #cast: Cast
  /** By ordinal; it grows with newcomers. */
  readonly #stageOf: StageId[]

  /** `stageOf`: of the members as they are now, as another Spread has them. */
  constructor(cast: Cast, stageOf: readonly StageId[]) {
    this.#cast = cast
    this.#stageOf = [...stageOf]
  }

  /** Over so many threads at most; there is none without an actor. */
  static over(threads: number, cast: Cast): Spread {
    return new Spread(cast, dealt(cast.members, cast.scenario, threads))
  }

  get stageOf(): readonly StageId[] {
    return this.#stageOf
  }

  get stages(): number {
    return 1 + Math.max(...this.#stageOf)
  }

  /** Whoever came since is with his host. */
  of(ordinal: Ordinal): StageId {
    return (this.#stageOf[ordinal] ??= this.#stageOf[this.#cast.members[ordinal]!.host!]!)
  }
}

function dealt(members: readonly Member[], scenario: Scenario, threads: number): StageId[] {
  const byHost = Array.from({ length: threads }, () => 0)
  const byDevice = Array.from({ length: threads }, () => 0)
  const stageOf: StageId[] = members.map(() => 0)
  const deal = (role: 'host' | 'device', weightOf: (id: string) => number, loads: number[]): void => {
    const heaviestFirst = members.filter((member) => member.role === role).toSorted((x, y) => weightOf(y.id) - weightOf(x.id))
    for (const { id, ordinal } of heaviestFirst) {
      const stage = least(loads, byHost)
      stageOf[ordinal] = stage
      loads[stage]! += weightOf(id)
    }
  }
  deal('host', (id) => weightOfHost(id, scenario), byHost)
  deal('device', (id) => scenario.devices[id]!.physical, byDevice)
  for (const { id, ordinal, role, host } of members) {
    const home = role === 'promoter' ? members.find((other) => other.id === scenario.promoters[id]!.host)?.ordinal : host
    if (home !== undefined) stageOf[ordinal] = stageOf[home]!
  }
  return stageOf
}

/** Bytes that it has pages for. */
function weightOfHost(id: string, { hosts, workloads }: Scenario): number {
  let size = 0
  for (const workload of Object.values(workloads)) if (workload.host === id && 'size' in workload) size += workload.size
  return Math.max(hosts[id]!.memory, size)
}

/** The stage with the least load; of equal ones the one with the least of the other. */
function least(loads: readonly number[], others: readonly number[]): StageId {
  let best = 0
  for (let i = 1; i < loads.length; i++) {
    if (loads[i]! < loads[best]! || (loads[i] === loads[best] && others[i]! < others[best]!)) best = i
  }
  return best
}
