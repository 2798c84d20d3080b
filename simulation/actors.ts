/** Who plays in a run: the scenario's actors in its order (conductor, hosts, devices, promoters, workloads), then newcomers. */
import type { Actor, ActorId, Ordinal } from '#shared/actor.ts'
import type { Command } from '#shared/command.ts'
import { assert } from '#shared/errors.ts'
import type { Role } from '#shared/messages.ts'
import type { Scenario } from '#shared/scenario.ts'
import { enlarged } from '#shared/scenario/newcomer.ts'
import { Conductor } from '#services/conductor/conductor.ts'
import { Foreign } from '#services/workload/foreign.ts'
import { Plot } from './plot.ts'
import type { OnReading } from './reference-file.ts'

const CONDUCTOR = 0

export interface Member {
  readonly id: ActorId
  readonly ordinal: Ordinal
  readonly role: Role
  /** Of a workload or a promoter: the ordinal of its host. */
  readonly host?: Ordinal
  /** Of a host. */
  readonly devices?: readonly Ordinal[]
}

export class Cast {
  #scenario: Scenario
  /** Workloads of the scenario as it was given. */
  readonly #workloads: number
  readonly #members: Member[] = []
  readonly #ordinals = new Map<ActorId, Ordinal>()
  readonly #foreign = new Set<Ordinal>()
  readonly #newcomers = new Set<Ordinal>()
  readonly #plot: Plot

  /** `onReading` hears of the files that actors read when they are made. */
  constructor(scenario: Scenario, onReading?: OnReading) {
    this.#scenario = scenario
    this.#workloads = Object.keys(scenario.workloads).length
    this.#enter('conductor', 'conductor')
    for (const id of Object.keys(scenario.hosts)) this.#enter(id, 'host')
    for (const id of Object.keys(scenario.devices)) this.#enter(id, 'device')
    for (const id of Object.keys(scenario.hosts)) {
      const devices = scenario.hosts[id]!.devices.map((device) => this.#known(device))
      this.#members[this.#known(id)] = { ...this.#members[this.#known(id)]!, devices }
    }
    for (const [id, { host }] of Object.entries(scenario.promoters)) this.#enter(id, 'promoter', host)
    for (const [id, { host }] of Object.entries(scenario.workloads)) this.#enter(id, 'workload', host)
    this.#plot = new Plot(scenario, (id) => this.#known(id), onReading)
  }

  /** By ordinal; it grows with learn(), and has a gap where one is not known yet. */
  get members(): readonly Member[] {
    return this.#members
  }

  /** With the workloads that commands brought, but for foreign ones, of which only the host is known. */
  get scenario(): Scenario {
    return this.#scenario
  }

  /** A new one with every call, as it is at birth; nothing is made or loaded before. */
  actor(ordinal: Ordinal): Actor {
    const member = this.#members[ordinal]
    assert(member !== undefined, `actor ${ordinal} is one of ${this.#members.length}`)
    const { id, role } = member
    const { hosts, devices, promoters, workloads } = this.#scenario
    switch (role) {
      case 'conductor':
        return this.conductor()
      case 'host':
        return this.#plot.host(id, hosts[id]!)
      case 'device':
        return this.#plot.device(id, devices[id]!)
      case 'promoter':
        return this.#plot.promoter(id, promoters[id]!)
      case 'workload':
        if (this.#foreign.has(ordinal)) return this.#stranger(member)
        return this.#plot.workload(id, workloads[id]!, this.#newcomers.has(ordinal))
    }
  }

  /** As actor(0), for who asks it whether all have left. */
  conductor(): Conductor {
    return new Conductor({
      id: 'conductor',
      ordinal: CONDUCTOR,
      workloads: this.#workloads,
      ordinalOf: (id) => this.ordinalOf(id),
    })
  }

  /**
   * Takes in whom the command (checked by whoever stamped it) brings, and gives the ordinal; undefined if it brings nobody.
   * Told again, as after a rollback, it only gives the ordinal. Newcomers may be told of in any order: one that was admitted
   * while the run went on may come before one that was admitted earlier.
   */
  learn(command: Command): Ordinal | undefined {
    if (command.kind !== 'inject' && command.kind !== 'join') return undefined
    const { id, ordinal } = command
    if (this.#ordinals.get(id) === ordinal && this.#newcomers.has(ordinal)) return ordinal
    if (command.kind === 'inject') {
      this.#scenario = enlarged(this.#scenario, id, command.workload)
      this.#enter(id, 'workload', this.#scenario.workloads[id]!.host, ordinal)
    } else {
      this.#enter(id, 'workload', command.host, ordinal)
      this.#foreign.add(ordinal)
    }
    this.#newcomers.add(ordinal)
    return ordinal
  }

  nameOf(ordinal: Ordinal): ActorId {
    return this.#members[ordinal]?.id ?? `actor-${ordinal}`
  }

  ordinalOf(id: ActorId): Ordinal | undefined {
    return this.#ordinals.get(id)
  }

  #enter(id: ActorId, role: Role, host?: ActorId, ordinal: Ordinal = this.#members.length): void {
    assert(!this.#ordinals.has(id), `${id} is a name that is used once`)
    assert(this.#members[ordinal] === undefined, `the place of actor ${ordinal} is free for ${id}`)
    this.#ordinals.set(id, ordinal)
    this.#members[ordinal] = { id, ordinal, role, ...(host !== undefined && { host: this.#known(host) }) }
  }

  #stranger({ id, ordinal, host }: Member): Foreign {
    return new Foreign({
      id,
      ordinal,
      hostOrdinal: host!,
      conductorOrdinal: CONDUCTOR,
      quantumNs: this.#scenario.quantum,
    })
  }

  #known(id: ActorId): Ordinal {
    const ordinal = this.#ordinals.get(id)
    assert(ordinal !== undefined, `the scenario's names were checked, ${id} among them`)
    return ordinal
  }
}
