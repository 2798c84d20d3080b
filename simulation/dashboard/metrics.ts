/**
 * `/metrics`: the run as Prometheus reads it, from the last status and the last sample. Made anew for each scrape, so nothing
 * stays of a run that is over. A new run, or a recovery, takes counters back: Prometheus holds that for a restart, and is right.
 * How many series there are follows from the run's hosts and devices; both are bounded here too, for they come from the bus.
 */
import { Counter, Gauge, Registry } from 'prom-client'
import type { Telemetry } from '#shared/actor.ts'
import { DROP_CAUSES } from '#shared/bus/wire.ts'
import { REFUSAL_REASONS } from '#shared/messages.ts'
import { type Sample, type Status, statusSchema } from '#shared/observe/broadcast.ts'
import { DEVICE_METRICS, HOST_METRICS, type Metric, PROMOTER_METRICS, TENANT_METRICS } from './metric-table.ts'

/** What is known of the run by now. */
export interface Latest {
  readonly status: Status | undefined
  readonly sample: Sample | undefined
}

/** As in a scenario. */
const HOSTS_MAX = 64
const DEVICES_MAX = 16
const PROMOTERS_MAX = 64
const LABEL_CHARACTERS_MAX = 128

const { state, stages, workloads } = statusSchema.shape
const RUN_STATES = state.options
const STAGE_STATES = stages.element.shape.state.options
const WORKLOAD_STATES = workloads.element.shape.state.options

export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE

type Labels = Readonly<Record<string, string>>
type Series = readonly [labels: Labels, value: number | undefined]
/** A metric without a value is left out, its help too. */
type Put = (name: string, help: string, series: readonly Series[]) => void

export function metricsText({ status, sample }: Latest): Promise<string> {
  const registry = new Registry()
  const put = putInto(registry)
  put('run_heard', 'Whether a run is heard of: 1 or 0.', [[{}, Number(status !== undefined)]])
  if (status !== undefined) {
    putRun(put, status)
    putCapacities(put, status)
    if (sample !== undefined) putSample(put, status, sample)
  }
  return registry.metrics()
}

function putRun(put: Put, status: Status): void {
  const { run, cluster, scenario, seed, lastSetSeconds, standby, dropped } = status
  const one = (name: string, value: number, help: string): void => put(name, help, [[{}, value]])
  put('run_info', 'Which run it is; always 1.', [
    [{ run: brief(run), cluster: brief(cluster), scenario: brief(scenario), seed: String(seed) }, 1],
  ])
  put('run_state', 'Which state the run is in: 1 for that one, 0 for the others.', counted('state', RUN_STATES, [status]))
  one('virtual_seconds', status.virtualSeconds, 'Virtual time that the run has come to.')
  one('duration_virtual_seconds', status.totalSeconds, 'Virtual time that the scenario takes.')
  one('granted_quanta_total', status.quanta, 'Quanta granted, not skipped.')
  one('pace_ratio', status.pace, 'Virtual seconds per second of wall time that are asked for; 0: as fast as possible.')
  one('behind_seconds', status.behindSeconds, 'How far the run is behind its pace, in wall time.')
  one('generation', status.generation, 'Goes up by one with every recovery.')
  if (lastSetSeconds >= 0)
    one('last_snapshots_virtual_seconds', lastSetSeconds, 'Virtual time of the last whole set of snapshots.')
  put('stages', 'Processes that carry actors.', counted('state', STAGE_STATES, status.stages))
  one('standby_stages', standby.length, 'Processes that carry nothing and wait.')
  put('workloads', 'Workloads that have come.', counted('state', WORKLOAD_STATES, status.workloads))
  put(
    'dropped_messages_total',
    'Messages from outside that were not taken, over all stages.',
    Object.keys(DROP_CAUSES).map((cause) => [{ cause }, Object.hasOwn(dropped, cause) ? dropped[cause] : 0]),
  )
}

function putCapacities(put: Put, status: Status): void {
  const [hosts, devices] = [hostsOf(status), devicesOf(status)]
  put(
    'host_memory_bytes',
    'DRAM of the host.',
    hosts.map(([host, { memoryBytes }]) => [{ host }, memoryBytes]),
  )
  put(
    'host_swap_bytes',
    'Swap space of the host.',
    hosts.map(([host, { swapBytes }]) => [{ host }, swapBytes]),
  )
  put(
    'device_physical_bytes',
    'Physical capacity of the device.',
    devices.map(([device, { physicalBytes }]) => [{ device }, physicalBytes]),
  )
  put(
    'device_advertised_bytes',
    'Capacity that the device shows to its hosts.',
    devices.map(([device, { advertisedBytes }]) => [{ device }, advertisedBytes]),
  )
}

function putSample(put: Put, status: Status, { virtualSeconds, telemetry }: Sample): void {
  const of = (actor: string): Telemetry => (Object.hasOwn(telemetry, actor) ? telemetry[actor]! : {})
  const [hosts, devices] = [hostsOf(status), devicesOf(status)]
  const tenants = devices.flatMap(([device, { hosts: ids }]) =>
    ids
      .filter((host) => Object.hasOwn(status.hosts, host))
      .slice(0, HOSTS_MAX)
      .map((host) => ({ device, host })),
  )
  const promoters = Object.entries(status.promoters).slice(0, PROMOTERS_MAX)

  put('sampled_virtual_seconds_total', 'Virtual time of the sample that the figures of hosts, devices and promoters are from.', [
    [{}, virtualSeconds],
  ])
  putTable(
    put,
    'host',
    HOST_METRICS,
    hosts.map(([host]) => [{ host }, of(host), '']),
  )
  putTable(
    put,
    'device',
    DEVICE_METRICS,
    devices.map(([device]) => [{ device }, of(device), '']),
  )
  putTable(
    put,
    'device',
    TENANT_METRICS,
    tenants.map((labels) => [labels, of(labels.device), `byHost.${labels.host}.`]),
  )
  putTable(
    put,
    'promoter',
    PROMOTER_METRICS,
    promoters.map(([promoter, { host }]) => [{ promoter, host }, of(promoter), '']),
  )
  put(
    'device_refused_pages_total',
    'Pages that the device refused.',
    devices.flatMap(([device]) =>
      REFUSAL_REASONS.map((reason): Series => [{ device, reason }, valueOf(of(device), `refused.${reason}`)]),
    ),
  )
  put(
    'host_refused_pages_total',
    'Pages of the host that devices refused, summed over them.',
    hosts.flatMap(([host]) => {
      const own = tenants.filter((tenant) => tenant.host === host)
      return REFUSAL_REASONS.map((reason): Series => {
        const values = own.map(({ device }) => valueOf(of(device), `byHost.${host}.refusedFor.${reason}`))
        return [{ host, reason }, sumOf(values)]
      })
    }),
  )
}

type Row = readonly [labels: Labels, telemetry: Telemetry, prefix: string]

function putTable(put: Put, kind: string, metrics: readonly Metric[], rows: readonly Row[]): void {
  for (const [name, key, help, factor = 1] of metrics) {
    const series = rows.map(([labels, telemetry, prefix]): Series => {
      const value = valueOf(telemetry, `${prefix}${key}`)
      return [labels, value === undefined ? undefined : value * factor]
    })
    put(`${kind}_${name}`, help, series)
  }
}

function putInto(registry: Registry): Put {
  return (name, help, series) => {
    const known = series.filter((one): one is [Labels, number] => Number.isFinite(one[1]))
    if (known.length === 0) return
    const options = { name: `coldpool_${name}`, help, labelNames: Object.keys(known[0]![0]), registers: [registry] }
    if (name.endsWith('_total')) {
      const counter = new Counter(options)
      // A counter takes nothing below zero; no actor of ours reports that, but what the bus brings is not to break a scrape.
      for (const [labels, value] of known) counter.inc(labels, Math.max(0, value))
    } else {
      const gauge = new Gauge(options)
      for (const [labels, value] of known) gauge.set(labels, value)
    }
  }
}

function hostsOf({ hosts }: Status) {
  return Object.entries(hosts).slice(0, HOSTS_MAX)
}

function devicesOf({ devices }: Status) {
  return Object.entries(devices).slice(0, DEVICES_MAX)
}

function counted<S extends string>(label: string, states: readonly S[], items: readonly { readonly state: S }[]): Series[] {
  return states.map((name) => [{ [label]: name }, items.filter((item) => item.state === name).length])
}

function valueOf(telemetry: Telemetry, key: string): number | undefined {
  return Object.hasOwn(telemetry, key) ? telemetry[key] : undefined
}

/** Of what is known; undefined if nothing is. */
function sumOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0)
}

function brief(text: string): string {
  return text.slice(0, LABEL_CHARACTERS_MAX)
}
