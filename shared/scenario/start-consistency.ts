/** What must fit together about a host that has pages on its devices when the run begins. */
import type { Scenario } from '../scenario.ts'
import { formatBytes } from '../units.ts'
import type { Path, Problem } from './problems.ts'

const MIB = 1 << 20

/** The workloads that have all of their memory when the run begins; a trace's pages come to life by its own first touches. */
export function workloadsAtStart({ workloads }: Scenario, host: string): { readonly name: string; readonly size: number }[] {
  return Object.entries(workloads).flatMap(([name, workload]) =>
    workload.host === host && workload.start === 0 && workload.kind !== 'trace' ? [{ name, size: workload.size }] : [],
  )
}

/** Of the scenario as it is loaded: who joins a run later is no part of its start. */
export function* startProblems(scenario: Scenario): Iterable<Problem> {
  const slots = new Map<string, number>()
  for (const [id, { pooledAtStart, devices, memory, access, isolation }] of Object.entries(scenario.hosts)) {
    if (pooledAtStart === 0) continue
    const path = ['hosts', id, 'pooledAtStart']
    const got = `got ${formatBytes(pooledAtStart)}`
    if (devices.length === 0) yield wrong(path, got, '0B, for the host has no device')
    const there = workloadsAtStart(scenario, id)
    const held = there.reduce((sum, { size }) => sum + size, 0)
    if (pooledAtStart > held) {
      yield wrong(path, got, `at most what its workloads with start 0s hold (${formatBytes(held)}, traces not counted)`)
    } else if (held - pooledAtStart > memory) {
      // To be typed as it stands: three digits would round it down.
      const least = `${Math.ceil((held - memory) / MIB)}MiB`
      yield wrong(path, got, `at least ${least}: the rest of its workloads starts in its memory`)
    }
    if (access.policy === 'fault-on-access' || access.policy === 'swap-only') {
      yield wrong(path, `${got}, under access ${access.policy}`, '0B, or access: direct, read-only or write-budget')
    }
    if ('mems' in isolation && isolation.demotionHonoursMems && confined(isolation)) {
      yield wrong(path, `${got}, where cpusets confine demotion`, '0B, or isolation.demotionHonoursMems: false')
    }
    for (const { name } of there) {
      if (scenario.workloads[name]!.deliberate > 0)
        yield wrong(path, `${got}, where ${name} takes memory on a device on purpose`, `0B, or workloads.${name}.deliberate: 0B`)
    }
    for (const device of devices) slots.set(device, (slots.get(device) ?? 0) + pooledAtStart / devices.length)
  }
  for (const [id, bytes] of slots) {
    const device = scenario.devices[id]
    if (device === undefined || bytes <= device.advertised) continue
    yield wrong(
      ['devices', id, 'advertised'],
      `got ${formatBytes(device.advertised)}`,
      `room for the pooledAtStart of its hosts (${formatBytes(bytes)})`,
    )
  }
}

/** There may be pages that may not be demoted to some device. */
function confined({ policy, mems }: { policy: string; mems: Readonly<Record<string, readonly string[] | undefined>> }): boolean {
  return policy === 'cpuset' || Object.values(mems).some((nodes) => nodes !== undefined)
}

const wrong = (path: Path, problem: string, expected: string): Problem => ({ code: 'CP_SCENARIO_SHAPE', path, problem, expected })
