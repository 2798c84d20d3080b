/**
 * Which thread carries which actor of a run: decided once, from the scenario. Hosts weigh most, and bring their workloads and their
 * promoter, with whom they speak in every tick. Hosts of one device stay together where that costs no balance, and the device comes to
 * them, so that their mail stays in the thread. Devices are balanced apart from hosts, for they step in other quanta: each kind must
 * keep all threads busy by itself.
 */
import type { Ordinal } from '#shared/actor.ts'
import type { StageId } from '#shared/bus/bus.ts'
import type { Scenario } from '#shared/scenario.ts'
import type { Cast, Member } from '../actors.ts'
import { areApart } from '../apart.ts'

export class Spread {
  readonly #cast: Cast
  /** By ordinal; it grows with newcomers. */
  readonly #stageOf: StageId[]

  /** `stageOf`: of the members as they are now, as another Spread has them. */
  constructor(cast: Cast, stageOf: readonly StageId[]) {
    this.#cast = cast
    this.#stageOf = [...stageOf]
  }

  /** Over so many threads at most, and no more than there are hosts. */
  static over(threads: number, cast: Cast): Spread {
    return new Spread(cast, dealt(cast.members, cast.scenario, threads))
  }

  get stageOf(): readonly StageId[] {
    return this.#stageOf
  }

  get stages(): number {
    return 1 + Math.max(...this.#stageOf)
  }

  /** Whether there are threads, and they may step ahead of each other. */
  get apart(): boolean {
    return this.stages > 1 && areApart(this.#cast.members, (ordinal) => this.of(ordinal))
  }

  /** Whoever came since is with his host. */
  of(ordinal: Ordinal): StageId {
    return (this.#stageOf[ordinal] ??= this.#stageOf[this.#cast.members[ordinal]!.host!]!)
  }
}

function dealt(members: readonly Member[], scenario: Scenario, threads: number): StageId[] {
  const stageOf: StageId[] = members.map(() => 0)
  const hosts = members
    .filter(({ role }) => role === 'host')
    .map(({ id, ordinal }) => ({ ordinal, weight: weightOfHost(id, scenario) }))
  const byHost = dealHosts(hosts, ({ ordinal }) => scenario.hosts[members[ordinal]!.id]!.devices[0] ?? '', threads)
  for (const [stage, load] of byHost.entries()) for (const { ordinal } of load.hosts) stageOf[ordinal] = stage
  const byDevice = Array.from({ length: threads }, () => 0)
  const devices = members.filter(({ role }) => role === 'device')
  for (const { id, ordinal } of devices.toSorted((x, y) => scenario.devices[y.id]!.physical - scenario.devices[x.id]!.physical)) {
    const ofIts = byHost.map(
      (load) => load.hosts.filter((host) => scenario.hosts[members[host.ordinal]!.id]!.devices.includes(id)).length,
    )
    const stage = leastOf(threads, (i) => [byDevice[i]!, -ofIts[i]!, byHost[i]!.weight])
    stageOf[ordinal] = stage
    byDevice[stage]! += scenario.devices[id]!.physical
  }
  for (const { ordinal, host } of members) if (host !== undefined) stageOf[ordinal] = stageOf[host]!
  return stageOf
}

interface HostWeight {
  readonly ordinal: Ordinal
  readonly weight: number
}

interface HostLoad {
  readonly hosts: readonly HostWeight[]
  readonly weight: number
}

/** What unbalances the heaviest thread by more than this is not worth what stays within threads. */
const SLACK = 1.05

/** By stage: whole groups of hosts with the same first device, or, if that is balanced worse, host by host. */
function dealHosts(hosts: readonly HostWeight[], deviceOf: (host: HostWeight) => string, threads: number): HostLoad[] {
  const groups = Map.groupBy(hosts, deviceOf)
  const together = heaviestFirst(Array.from(groups.values(), loadOf), threads)
  const apart = heaviestFirst(
    hosts.map((host) => loadOf([host])),
    threads,
  )
  const worst = (loads: readonly HostLoad[]): number => Math.max(...loads.map(({ weight }) => weight))
  return worst(together) <= SLACK * worst(apart) ? together : apart
}

function heaviestFirst(loads: readonly HostLoad[], threads: number): HostLoad[] {
  const dealtOut = Array.from({ length: threads }, () => loadOf([]))
  for (const { hosts } of loads.toSorted((x, y) => y.weight - x.weight)) {
    const stage = leastOf(threads, (i) => [dealtOut[i]!.weight])
    dealtOut[stage] = loadOf([...dealtOut[stage]!.hosts, ...hosts])
  }
  return dealtOut
}

function loadOf(hosts: readonly HostWeight[]): HostLoad {
  return { hosts, weight: hosts.reduce((sum, { weight }) => sum + weight, 0) }
}

/** Bytes that it has pages for. */
function weightOfHost(id: string, { hosts, workloads }: Scenario): number {
  let size = 0
  for (const workload of Object.values(workloads)) if (workload.host === id && 'size' in workload) size += workload.size
  return Math.max(hosts[id]!.memory, size)
}

/** The first stage whose figures are least; a later one decides between those that are equal before it. */
function leastOf(stages: number, figuresOf: (stage: StageId) => readonly number[]): StageId {
  let best = 0
  for (let i = 1; i < stages; i++) {
    const [here, there] = [figuresOf(i), figuresOf(best)]
    const first = here.findIndex((figure, at) => figure !== there[at])
    if (first >= 0 && here[first]! < there[first]!) best = i
  }
  return best
}
