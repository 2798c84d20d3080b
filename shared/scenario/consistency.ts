/** What the shape of a scenario cannot say: names refer to something, times and sizes fit together, limits hold. */
import { NS_PER_MS, NS_PER_S, NS_PER_US } from '../time.ts'
import type { HostScenario, Scenario } from '../scenario.ts'
import { formatBytes } from '../units.ts'
import { isolationProblems } from './isolation-consistency.ts'
import { oneOf, type Path, type Problem, shown } from './problems.ts'
import { shareProblems } from './shares.ts'

const TIB = 2 ** 40
/** DRAM of all hosts. */
const MEMORY_MAX = TIB
/** Memory of all workloads: 2^30 pages, whose table takes 16 GiB. */
const WORKLOADS_MAX = 4 * TIB
/** A host's workloads against all that could hold their pages: beyond this a scenario is a slip of the pen. */
const OVERCOMMIT_MAX = 4

const RESERVED = ['conductor']

/** The units an epoch of the hotness monitor is counted in (P: FACTS 4, CXL 3.2). */
const EPOCH_UNITS = [100 * NS_PER_US, NS_PER_MS, 10 * NS_PER_MS, 100 * NS_PER_MS, NS_PER_S]
const EPOCH_COUNT_MAX = 4095

export function inconsistencies(scenario: Scenario): Problem[] {
  return [
    ...timeProblems(scenario),
    ...deviceProblems(scenario),
    ...hostProblems(scenario),
    ...promoterProblems(scenario),
    ...workloadProblems(scenario),
    ...isolationProblems(scenario),
    ...nameProblems(scenario),
    ...limitProblems(scenario),
  ]
}

function* timeProblems({ duration, quantum, tick, sample }: Scenario): Iterable<Problem> {
  if (duration < quantum) yield wrong(['duration'], 'is less than the quantum', `at least the quantum (${ns(quantum)})`)
  if (tick % quantum !== 0) yield wrong(['tick'], `got ${ns(tick)}`, multipleOf(quantum))
  if (sample % quantum !== 0) yield wrong(['sample'], `got ${ns(sample)}`, multipleOf(quantum))
}

function* deviceProblems({ devices, hosts, quantum }: Scenario): Iterable<Problem> {
  for (const [id, device] of Object.entries(devices)) {
    const at = (...keys: string[]) => ['devices', id, ...keys]
    const { physical, advertised, low, high, offline, hotness } = device
    if (advertised < physical) {
      yield wrong(at('advertised'), `got ${formatBytes(advertised)}`, `at least the physical capacity (${formatBytes(physical)})`)
    }
    if (high < low) yield wrong(at('high'), `got ${percent(high)}`, `at least low (${percent(low)})`)
    for (const [i, { from, to }] of offline.entries()) {
      if (to <= from) yield wrong([...at('offline'), i, 'to'], `got ${ns(to)}`, `a time after from (${ns(from)})`)
    }
    const { epoch, threshold, counterBits } = hotness
    if (!isEpoch(epoch)) {
      yield wrong(at('hotness', 'epoch'), `got ${ns(epoch)}`, `1 to ${EPOCH_COUNT_MAX} times 100us, 1ms, 10ms, 100ms or 1s`)
    } else if (epoch % quantum !== 0) {
      yield wrong(at('hotness', 'epoch'), `got ${ns(epoch)}`, multipleOf(quantum))
    }
    if (threshold >= 1 << counterBits) {
      yield wrong(
        at('hotness', 'threshold'),
        `got ${threshold}`,
        `less than ${1 << counterBits}, the range of ${counterBits} counter bits`,
      )
    }
    yield* shareProblems(id, device, hosts)
  }
}

function isEpoch(epochNs: number): boolean {
  return EPOCH_UNITS.some((unit) => epochNs % unit === 0 && epochNs / unit >= 1 && epochNs / unit <= EPOCH_COUNT_MAX)
}

function* hostProblems({ hosts, devices }: Scenario): Iterable<Problem> {
  const known = Object.keys(devices)
  for (const [id, host] of Object.entries(hosts)) {
    const path = ['hosts', id, 'devices']
    for (const [i, name] of host.devices.entries()) {
      if (!Object.hasOwn(devices, name)) yield unknown([...path, i], name, known)
      else if (host.devices.indexOf(name) < i) yield named([...path, i], `got ${shown(name)} twice`, 'each device once')
    }
    const codecs = new Set(host.devices.map((name) => devices[name]?.codec).filter((codec) => codec !== undefined))
    if (codecs.size > 1) yield wrong(path, `got devices with ${[...codecs].join(' and ')}`, 'devices that share one codec')
  }
}

function* promoterProblems({ promoters, hosts }: Scenario): Iterable<Problem> {
  const served = new Map<string, string>()
  for (const [id, { host }] of Object.entries(promoters)) {
    const path = ['promoters', id, 'host']
    const other = served.get(host)
    if (!Object.hasOwn(hosts, host)) yield unknown(path, host, Object.keys(hosts))
    else if (other !== undefined)
      yield named(path, `got ${shown(host)}, which ${other} serves`, 'at most one promoter for each host')
    else served.set(host, id)
  }
}

function* workloadProblems({ workloads, hosts }: Scenario): Iterable<Problem> {
  for (const [id, workload] of Object.entries(workloads)) {
    const at = (key: string) => ['workloads', id, key]
    const { host, start, stop } = workload
    if (!Object.hasOwn(hosts, host)) yield unknown(at('host'), host, Object.keys(hosts))
    if (stop !== undefined && stop <= start) yield wrong(at('stop'), `got ${ns(stop)}`, `a time after start (${ns(start)})`)
    if (workload.kind === 'burst' && workload.length >= workload.period) {
      yield wrong(at('length'), `got ${ns(workload.length)}`, `less than the period (${ns(workload.period)})`)
    }
    if (workload.kind === 'trace') yield* traceProblems(workload, at)
  }
}

function* traceProblems(
  { trace, file, epochReferences }: Extract<Scenario['workloads'][string], { kind: 'trace' }>,
  at: (key: string) => Path,
): Iterable<Problem> {
  if (trace === undefined && file === undefined) yield wrong(at('trace'), 'is missing', 'trace: a recording, or file: a path')
  if (trace !== undefined && file !== undefined)
    yield wrong(at('file'), `got ${shown(file)} beside a recording`, 'one of the two')
  if (file === undefined && epochReferences !== undefined) {
    yield wrong(at('epochReferences'), `got ${epochReferences}`, 'a file of references: the epochs of a recording are given')
  }
}

/** Actors are addressed by name alone. */
function* nameProblems(scenario: Scenario): Iterable<Problem> {
  const owner = new Map<string, string>(RESERVED.map((name) => [name, 'coldpool itself']))
  for (const kind of ['devices', 'hosts', 'promoters', 'workloads'] as const) {
    for (const id of Object.keys(scenario[kind])) {
      const other = owner.get(id)
      if (other === undefined) owner.set(id, kind)
      else yield named([kind, id], `the name is taken by ${other}`, 'a name that is used once in the scenario')
    }
  }
}

function* limitProblems({ hosts, devices, workloads }: Scenario): Iterable<Problem> {
  const memory = sum(Object.values(hosts).map((host) => host.memory))
  if (memory > MEMORY_MAX)
    yield limit(['hosts'], `got ${formatBytes(memory)} of memory in all`, `at most ${formatBytes(MEMORY_MAX)}`)
  const sizes = Object.values(workloads).map((workload) => ({
    host: workload.host,
    size: workload.kind === 'trace' ? 0 : workload.size,
  }))
  const total = sum(sizes.map(({ size }) => size))
  if (total > WORKLOADS_MAX)
    yield limit(['workloads'], `got ${formatBytes(total)} in all`, `at most ${formatBytes(WORKLOADS_MAX)}`)
  for (const [id, host] of Object.entries(hosts)) {
    const asked = sum(sizes.filter((workload) => workload.host === id).map(({ size }) => size))
    const room = roomOf(host, devices)
    if (asked > OVERCOMMIT_MAX * room) {
      const most = `at most ${formatBytes(OVERCOMMIT_MAX * room)}, ${OVERCOMMIT_MAX} times its memory, advertised capacity and swap`
      yield limit(['hosts', id], `got ${formatBytes(asked)} of workloads`, most)
    }
  }
}

/** The most that workloads may ask of this host. */
export function hostBytesMax({ hosts, devices }: Scenario, id: string): number {
  return OVERCOMMIT_MAX * roomOf(hosts[id]!, devices)
}

/** All that can hold pages of a host. */
function roomOf(host: HostScenario, devices: Scenario['devices']): number {
  return host.memory + sum(host.devices.map((name) => devices[name]?.advertised ?? 0)) + host.swap.size
}

const wrong = (path: Path, problem: string, expected: string): Problem => ({ code: 'CP_SCENARIO_SHAPE', path, problem, expected })
const named = (path: Path, problem: string, expected: string): Problem => ({ code: 'CP_SCENARIO_NAME', path, problem, expected })
const limit = (path: Path, problem: string, expected: string): Problem => ({ code: 'CP_SCENARIO_LIMIT', path, problem, expected })
const unknown = (path: Path, name: string, known: readonly string[]): Problem =>
  named(path, `got ${shown(name)}`, oneOf(known, name))

const multipleOf = (quantumNs: number): string => `a whole multiple of the quantum (${ns(quantumNs)})`
const percent = (fraction: number): string => `${Number((fraction * 100).toPrecision(12))}%`
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

/** Exactly, in the largest unit that gives a whole number. */
function ns(time: number): string {
  if (time % NS_PER_S === 0) return `${time / NS_PER_S}s`
  if (time % NS_PER_MS === 0) return `${time / NS_PER_MS}ms`
  return time % NS_PER_US === 0 ? `${time / NS_PER_US}us` : `${time}ns`
}
