/** A host's counters and gauges by the names that metrics and verdict use (DESIGN 7). */
import type { Telemetry } from '#shared/actor.ts'
import { PAGE_STATES } from '#shared/page/lifecycle.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { POOLED, SWAPPED } from '#shared/page/transitions.ts'
import { NS_PER_S, type Quantum } from '#shared/time.ts'
import type { Access } from './access.ts'
import { WORK_TICK_NS } from './classes.ts'
import type { Isolation } from './isolation/isolation.ts'
import { describeOrigins } from './isolation/origins.ts'
import type { Link } from './link.ts'
import type { HostMemory } from './memory.ts'
import type { Pause } from './pause.ts'
import type { Start } from './start.ts'
import type { Tally } from './tally.ts'
import type { Tenancy } from './tenancy.ts'
import type { Truth } from './truth.ts'

interface HostView {
  readonly memory: HostMemory
  readonly links: readonly Link[]
  readonly tally: Readonly<Tally>
  readonly truth: Truth
  readonly access: Access
  readonly tenancy: Tenancy
  readonly start: Start | undefined
  readonly isolation: Isolation | undefined
  readonly pause: Pause | undefined
  readonly lastQuantum: Quantum
  /** Slots held per device when the last step began: what the devices know at the end of a run. */
  readonly slotsBefore: Float64Array
}

const PAGE_KEYS = PAGE_STATES.map((state) => `pages.${state}`)

export function describeHost(host: HostView): Telemetry {
  const { memory, links, access, tenancy, truth, slotsBefore } = host
  const { counts } = memory.table
  let elapsedNs = 0
  let workNs = 0
  for (const resident of tenancy.residents) {
    elapsedNs += resident.lastAdvanceNs - resident.arrivedNs
    workNs += resident.work * WORK_TICK_NS + resident.remainderNs
  }
  const { directReclaimStallNs, kernelNs, ...tally } = host.tally
  const view: Record<string, number> = {
    ...tally,
    allocated: memory.used - counts[0]!,
    allocatedEver: tally.allocated,
    ...describeOrigins(
      memory.origins,
      memory.slots.reduce((sum, held) => sum + held, 0),
    ),
    ...(host.start && { startedPooled: host.start.pooled }),
    ...host.isolation?.system.observe(),
    transitions: memory.table.transitions,
    'latencyNs.mean': access.latency.meanNs,
    'latencyNs.p50': access.latency.quantileNs(0.5),
    'latencyNs.p99': access.latency.quantileNs(0.99),
    slowdown: workNs > 0 ? elapsedNs / workNs : 1,
    elapsedSeconds: elapsedNs / NS_PER_S,
    workSeconds: workNs / NS_PER_S,
    ...memory.mapping.observe(),
    accessFaults: access.faults.accessFaults,
    faultWaits: access.faults.waits,
    faultStallSeconds: access.faults.stallNs / NS_PER_S,
    directReclaimStallSeconds: directReclaimStallNs / NS_PER_S,
    kernelSeconds: kernelNs / NS_PER_S,
    throttledSeconds: links.reduce((ns, { throttle }) => ns + (throttle?.delayedNs ?? 0), 0) / NS_PER_S,
    pausedSeconds: (host.pause?.pausedNs ?? 0) / NS_PER_S,
    freePages: memory.free,
    'dram.activePages': memory.dram.active,
    'dram.inactivePages': memory.dram.pages - memory.dram.active,
    pooledBytes: counts[POOLED]! * PAGE_BYTES,
    swappedBytes: counts[SWAPPED]! * PAGE_BYTES,
    writebackPages: memory.writeback,
    lastStep: host.lastQuantum,
    'truth.hotPages': tenancy.hotPages,
    'truth.episodes': truth.episodes,
    'truth.coverage': truth.coverage,
    'truth.accuracy': truth.accuracy,
    'truth.latenessMs': truth.latenessMs,
  }
  PAGE_KEYS.forEach((key, i) => {
    view[key] = counts[i]!
  })
  links.forEach(({ spec }, i) => {
    view[`slots.${spec.id}`] = memory.slots[i]!
    view[`slotsBefore.${spec.id}`] = slotsBefore[i]!
  })
  return view
}
