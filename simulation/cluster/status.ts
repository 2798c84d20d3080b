/** The part of a cluster's status that follows from its scenario and the commands so far. */
import type { Status } from '#shared/observe/broadcast.ts'
import { NS_PER_S } from '#shared/time.ts'
import type { Scenario } from '#shared/scenario.ts'

type Known = Pick<Status, 'scenario' | 'seed' | 'totalSeconds' | 'workloads' | 'devices' | 'hosts'>

export function statusOf(scenario: Scenario, workloads: Status['workloads']): Known {
  const hosts = Object.entries(scenario.hosts)
  return {
    scenario: scenario.name,
    seed: scenario.seed,
    totalSeconds: scenario.duration / NS_PER_S,
    workloads,
    devices: Object.fromEntries(
      Object.entries(scenario.devices).map(([id, { physical, advertised, low, high }]) => [
        id,
        {
          physicalBytes: physical,
          advertisedBytes: advertised,
          lowFraction: low,
          highFraction: high,
          hosts: hosts.filter(([, host]) => host.devices.includes(id)).map(([name]) => name),
        },
      ]),
    ),
    hosts: Object.fromEntries(
      hosts.map(([id, { memory, swap, devices }]) => [id, { memoryBytes: memory, swapBytes: swap.size, devices: [...devices] }]),
    ),
  }
}
