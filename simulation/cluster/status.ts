/** The part of a cluster's status that follows from its scenario and the commands so far. */
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import type { Status } from '#shared/observe/broadcast.ts'
import { NS_PER_S } from '#shared/time.ts'
import type { Scenario } from '#shared/scenario.ts'
import { watermarks } from '#services/host/watermarks.ts'

type Watermarks = Status['hosts'][string]['watermarks']

type Known = Pick<Status, 'scenario' | 'seed' | 'totalSeconds' | 'workloads' | 'devices' | 'hosts' | 'promoters'>

export function statusOf(scenario: Scenario, workloads: Status['workloads']): Known {
  const hosts = Object.entries(scenario.hosts)
  return {
    scenario: scenario.name,
    seed: scenario.seed,
    totalSeconds: scenario.duration / NS_PER_S,
    workloads,
    devices: Object.fromEntries(
      Object.entries(scenario.devices).map(([id, { physical, advertised, low, high, shares }]) => [
        id,
        {
          physicalBytes: physical,
          advertisedBytes: advertised,
          lowFraction: low,
          highFraction: high,
          shares: shares.policy,
          hosts: hosts.filter(([, host]) => host.devices.includes(id)).map(([name]) => name),
        },
      ]),
    ),
    hosts: Object.fromEntries(
      hosts.map(([id, { memory, swap, devices, watermarkScaleFactor }]) => [
        id,
        {
          memoryBytes: memory,
          swapBytes: swap.size,
          devices: [...devices],
          watermarks: watermarksOf(memory, watermarkScaleFactor),
        },
      ]),
    ),
    promoters: Object.fromEntries(Object.entries(scenario.promoters).map(([id, { host }]) => [id, { host }])),
  }
}

function watermarksOf(memoryBytes: number, scaleFactor: number): Watermarks {
  const { min, low, high, promo } = watermarks(memoryBytes, scaleFactor)
  return {
    minBytes: min * PAGE_BYTES,
    lowBytes: low * PAGE_BYTES,
    highBytes: high * PAGE_BYTES,
    promoBytes: promo * PAGE_BYTES,
  }
}
