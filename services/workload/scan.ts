/** One thread that reads (or overwrites) all memory in order, round and round: a table scan, a backup, a garbage collector. */
import { steady, type Behaviour } from './behaviour.ts'
import { profileOfSweep, type Footprint } from './profile.ts'

export interface ScanKind {
  readonly name: 'scan'
  readonly bytesPerSecond: number
  readonly overwrites: boolean
}

export function scan(footprint: Footprint, kind: ScanKind): Behaviour {
  const { bytesPerSecond, overwrites } = kind
  return steady(profileOfSweep(footprint, { bytesPerSecond, writes: overwrites, pooledOnly: false, passes: 0 }))
}
