/** From what the scenario says of a host's access to the mapping that does it. */
import { Mapping, ReadOnly, SwapOnly } from './mapping.ts'
import type { HostSpec } from './spec.ts'
import { WriteBudget } from './write-budget.ts'
import { Zswap } from './zswap.ts'

export function mappingOf({ access, memoryBytes, devices }: Pick<HostSpec, 'access' | 'memoryBytes' | 'devices'>): Mapping {
  switch (access.policy) {
    case 'read-only':
      return new ReadOnly()
    case 'write-budget':
      return new WriteBudget(access, devices.length)
    case 'fault-on-access':
      return new Zswap(access, memoryBytes)
    case 'swap-only':
      return new SwapOnly()
    default:
      return new Mapping()
  }
}
