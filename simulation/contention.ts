/**
 * What hosts cost each other: the scenario is run as it is (*shared*), and once for each host with all that the others allocate taken
 * away (*alone*): their workloads, their files, their kernels' memory, for what isolation lets onto a device takes room there too. Pool,
 * promoters, seed and every random stream are the same, for streams go by the names of actors; so a host that nobody disturbs does
 * the same in both, to the bit, and what differs is what its neighbours' presence has done.
 *
 * A host's pages are *displaced* from a device by so many as it has fewer there in the shared run than alone, on average over
 * the scenario's duration (over the samples of metrics; 0 after a run has ended). Who displaced them is asked of further runs,
 * each *without* one host: by as many as the host has more there when that one is absent. Of two hosts the one's
 * absence is the other's solitude, and no further run is needed. These parts need not add up to the whole: one neighbour may take
 * the place that another leaves. Negative numbers are pages that a host has more because of the others, as when they slow it down.
 */
import type { ActorId } from '#shared/actor.ts'
import { REFUSAL_REASONS, type RefusalReason } from '#shared/messages.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { plain, readDocument } from '#shared/scenario/document.ts'
import { type HostScenario, loadScenario, type Scenario } from '#shared/scenario.ts'
import { tenantMean } from './tenant-means.ts'
import type { VariantResult } from './variants.ts'

const SHARED = 'shared'

/** What a host has on its devices, or in its DRAM, of its own: beside its workloads', and of theirs from before the run. */
const OWN: readonly string[] = ['pageCache', 'kernel', 'pooledAtStart']

export interface ContentionRun {
  /** `shared`, `alone-HOST`, `without-HOST`. */
  readonly name: string
  readonly scenario: Scenario
  readonly yaml: string
}

export interface Both {
  readonly shared: number
  readonly alone: number
}

interface Amount {
  readonly pages: number
  readonly bytes: number
}

export interface HostContention {
  /** Against all-DRAM; `ratio` is shared ÷ alone. */
  readonly slowdown: Both & { readonly ratio: number }
  /** Work that its workloads got done; less when they were slowed, paused or killed. */
  readonly workSeconds: Both
  /** Pages, over all its devices. */
  readonly refused: Readonly<Record<RefusalReason, Both>>
  /** Physical bytes that it used of its devices, on average, and the sum of its peaks. */
  readonly pooledBytes: Both
  readonly peakPooledBytes: Both
  readonly swappedOut: Both
  readonly poisonedPages: Both
  readonly pausedSeconds: Both
}

export interface Displacement {
  /** Mean pages on the device. */
  readonly pages: Both
  readonly displaced: Amount
  /** By each of the other hosts on the device on which something allocates. */
  readonly by: Readonly<Record<ActorId, Amount>>
}

export interface Contention {
  readonly scenario: string
  readonly seed: number
  readonly virtualSeconds: number
  readonly wallSeconds: number
  readonly runs: Readonly<Record<string, { readonly digest: string; readonly folder?: string }>>
  readonly hosts: Readonly<Record<ActorId, HostContention>>
  readonly devices: Readonly<Record<ActorId, Readonly<Record<ActorId, Displacement>>>>
}

/** Hosts with workloads: the others have nothing to lose. */
function contenders({ hosts, workloads }: Scenario): ActorId[] {
  return Object.keys(hosts).filter((id) => Object.values(workloads).some(({ host }) => host === id))
}

/** Hosts on which anything allocates: the others cost nobody anything. What files and kernel leak takes room as workloads do. */
export function present(scenario: Scenario): ActorId[] {
  const able = contenders(scenario)
  const allocates = ([id, { pageCache, kernel }]: [ActorId, HostScenario]): boolean =>
    able.includes(id) || pageCache !== undefined || kernel !== undefined
  return Object.entries(scenario.hosts)
    .filter(allocates)
    .map(([id]) => id)
}

/** The runs that a scenario needs, the shared one first. */
export function contentionRuns(yaml: string, fileName: string, overrides: readonly string[]): ContentionRun[] {
  const whole = loadScenario(yaml, fileName, overrides)
  const { workloads, hosts: given } = plain(readDocument(whole.yaml, fileName)) as {
    workloads: Record<string, { host: string }>
    hosts: Record<string, object>
  }
  const only = (name: string, keep: (host: ActorId) => boolean): ContentionRun => {
    const kept = Object.entries(workloads).filter(([, { host }]) => keep(host))
    const silent = Object.entries(given).flatMap(([id, host]) =>
      keep(id) || !OWN.some((key) => key in host) ? [] : [`hosts.${id}=${JSON.stringify(host, spared)}`],
    )
    return {
      name,
      ...loadScenario(yaml, fileName, [...overrides, `workloads=${JSON.stringify(Object.fromEntries(kept))}`, ...silent]),
    }
  }
  const culprits = present(whole.scenario).filter((id) => missed(whole.scenario, id))
  return [
    { name: SHARED, ...whole },
    ...contenders(whole.scenario).map((id) => only(alone(id), (host) => host === id)),
    ...culprits.map((id) => only(without(id), (host) => host !== id)),
  ]
}

/** For JSON.stringify: a host without what is its own. */
const spared = (key: string, value: unknown): unknown => (OWN.includes(key) ? undefined : value)

const alone = (host: ActorId): string => `alone-${host}`
const without = (host: ActorId): string => `without-${host}`

/** Somebody on a device of this host has other neighbours too, so that only a run without it shows what it costs them. */
function missed(scenario: Scenario, id: ActorId): boolean {
  return contenders(scenario).some(
    (other) => other !== id && meet(scenario, id, other) && withoutName(scenario, other, id) === without(id),
  )
}

/** The run that shows `host` without `other`: alone, if there is nobody else whom it could feel. */
function withoutName(scenario: Scenario, host: ActorId, other: ActorId): string {
  return neighboursOf(scenario, host).some((id) => id !== other) ? without(other) : alone(host)
}

/** Whom a host can feel: over the devices they share, and over the devices of those with whom they share. */
function neighboursOf(scenario: Scenario, host: ActorId): ActorId[] {
  const able = present(scenario)
  const reached = [host]
  for (const id of reached) reached.push(...able.filter((other) => !reached.includes(other) && meet(scenario, id, other)))
  return reached.slice(1)
}

function meet({ hosts }: Scenario, one: ActorId, other: ActorId): boolean {
  return hosts[one]!.devices.some((device) => hosts[other]!.devices.includes(device))
}

export function compare(scenario: Scenario, records: ReadonlyMap<string, VariantResult>, wallSeconds: number): Contention {
  const hosts = contenders(scenario)
  const shared = records.get(SHARED)!
  return {
    scenario: scenario.name,
    seed: scenario.seed,
    virtualSeconds: shared.verdict.virtualSeconds,
    wallSeconds,
    runs: Object.fromEntries(
      Array.from(records, ([name, { verdict, folder }]) => [
        name,
        { digest: verdict.digest, ...(folder !== undefined && { folder }) },
      ]),
    ),
    hosts: Object.fromEntries(hosts.map((id) => [id, hostContention(scenario, id, shared, records.get(alone(id))!)])),
    devices: Object.fromEntries(
      Object.keys(scenario.devices).map((device) => {
        const on = (ids: readonly ActorId[]): ActorId[] => ids.filter((id) => scenario.hosts[id]!.devices.includes(device))
        const sharing = on(present(scenario))
        return [device, Object.fromEntries(on(hosts).map((id) => [id, displacement(scenario, records, device, id, sharing)]))]
      }),
    ),
  }
}

function hostContention(scenario: Scenario, id: ActorId, shared: VariantResult, solitary: VariantResult): HostContention {
  const { devices } = scenario.hosts[id]!
  const both = (of: (record: VariantResult) => number): Both => ({ shared: of(shared), alone: of(solitary) })
  const ofHost = (key: string): Both => both(({ verdict }) => figure(verdict.hosts[id], key))
  const ofDevices = (key: string): Both =>
    both(({ verdict }) => sum(devices.map((device) => figure(verdict.devices[device], `byHost.${id}.${key}`))))
  const slowdown = ofHost('slowdown')
  return {
    slowdown: { ...slowdown, ratio: slowdown.shared / slowdown.alone },
    workSeconds: ofHost('workSeconds'),
    refused: Object.fromEntries(REFUSAL_REASONS.map((reason) => [reason, ofDevices(`refusedFor.${reason}`)])) as Record<
      RefusalReason,
      Both
    >,
    pooledBytes: both(({ tenants }) => sum(devices.map((device) => tenantMean(tenants, device, id, 'usedBytes')))),
    peakPooledBytes: ofDevices('peakUsedBytes'),
    swappedOut: ofHost('swappedOut'),
    poisonedPages: ofDevices('poisonedPages'),
    pausedSeconds: ofHost('pausedSeconds'),
  }
}

function displacement(
  scenario: Scenario,
  records: ReadonlyMap<string, VariantResult>,
  device: ActorId,
  host: ActorId,
  sharing: readonly ActorId[],
): Displacement {
  const pagesIn = (run: string): number => tenantMean(records.get(run)!.tenants, device, host, 'storedPages')
  const shared = pagesIn(SHARED)
  const more = (run: string): Amount => ({ pages: pagesIn(run) - shared, bytes: (pagesIn(run) - shared) * PAGE_BYTES })
  const others = sharing.filter((id) => id !== host)
  return {
    pages: { shared, alone: pagesIn(alone(host)) },
    displaced: more(alone(host)),
    by: Object.fromEntries(others.map((other) => [other, more(withoutName(scenario, host, other))])),
  }
}

function figure(figures: object | undefined, path: string): number {
  const value = path.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], figures)
  return typeof value === 'number' ? value : 0
}

function sum(values: readonly number[]): number {
  return values.reduce((x, y) => x + y, 0)
}
