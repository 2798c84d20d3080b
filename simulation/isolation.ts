/** From a scenario's words on who may allocate where to the host's spec of it. */
import type { Ordinal } from '#shared/actor.ts'
import type { HostScenario, Scenario } from '#shared/scenario.ts'
import { DRAM_NODE } from '#shared/scenario/isolation.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { allNodes, CGROUPS, DRAM, nodeOf } from '#services/host/isolation/cgroups.ts'
import type { Policy } from '#services/host/isolation/policy.ts'
import type { IsolationSpec } from '#services/host/isolation/spec.ts'

type Given = HostScenario['isolation']

/** Undefined for a host on which nothing but its workloads allocates and nothing but demotion reaches a device. */
export function isolationOf(
  id: string,
  host: HostScenario,
  workloads: Scenario['workloads'],
  ordinalOf: (name: string) => Ordinal,
): IsolationSpec | undefined {
  const { isolation, devices, pageCache, kernel } = host
  if (isolation.policy === 'private-node' && pageCache === undefined && kernel === undefined) return undefined
  const maskOf = (nodes: readonly string[]): number =>
    nodes.reduce((mask, node) => mask | (node === DRAM_NODE ? DRAM : 1 << nodeOf(devices.indexOf(node))), 0)
  const given = 'mems' in isolation ? isolation : undefined
  const tasks = Object.entries(workloads)
    .filter(([, workload]) => workload.host === id)
    .map(([name, { cgroup, deliberate }]) => {
      const task = { cgroup: CGROUPS.indexOf(cgroup), deliberatePages: Math.floor(deliberate / PAGE_BYTES) }
      return [ordinalOf(name), task] as const
    })
  return {
    policy: policyOf(isolation),
    mems: CGROUPS.map((cgroup) => {
      const asked = given?.mems[cgroup]
      if (asked) return maskOf(asked)
      return isolation.policy === 'cpuset' && cgroup === 'workloads' ? DRAM : allNodes(devices.length)
    }),
    changes: (given?.changes ?? []).map(({ at, cgroup, mems }) => ({
      atNs: at,
      cgroup: CGROUPS.indexOf(cgroup),
      mems: maskOf(mems),
    })),
    demotionHonoursMems: given?.demotionHonoursMems ?? false,
    pageCache: pageCache && {
      bytes: pageCache.size,
      bytesPerSecond: pageCache.rate,
      content: pageCache.content,
      shares: [pageCache.root, pageCache.system, Math.max(0, 1 - pageCache.root - pageCache.system)],
    },
    kernel: kernel && {
      bytes: kernel.size,
      bytesPerSecond: kernel.rate,
      content: kernel.content,
      interruptShare: kernel.interrupts,
    },
    tasks: new Map(tasks),
  }
}

function policyOf(given: Given): Policy {
  return given.policy === 'zone' ? `zone-${given.zone}` : given.policy
}
