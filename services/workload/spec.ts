/** What a workload is told at birth, and the list of its kinds. Times in ns, rates per second. */
import type { ActorId, Ordinal } from '#shared/actor.ts'
import { bear, type BearKind } from './bear.ts'
import type { Behaviour } from './behaviour.ts'
import { burst, type BurstKind } from './burst.ts'
import { phases, type PhasesKind } from './phases.ts'
import type { Footprint } from './profile.ts'
import { references, type ReferencesKind } from './references.ts'
import { scan, type ScanKind } from './scan.ts'
import { trace, type TraceKind } from './trace.ts'
import { uniform, type UniformKind } from './uniform.ts'
import { zipf, type ZipfKind } from './zipf.ts'

export type WorkloadKind = ZipfKind | UniformKind | ScanKind | PhasesKind | BurstKind | BearKind | TraceKind | ReferencesKind

export interface WorkloadSpec extends Footprint {
  readonly id: ActorId
  readonly ordinal: Ordinal
  readonly hostOrdinal: Ordinal
  readonly conductorOrdinal: Ordinal
  readonly quantumNs: number
  /** A command brought it: its times count from the quantum of its first step. Otherwise from the start of the run. */
  readonly newcomer: boolean
  readonly startNs: number
  /** Infinity: it stays. */
  readonly stopNs: number
  readonly kind: WorkloadKind
}

const BEHAVIOURS: {
  readonly [N in WorkloadKind['name']]: (footprint: Footprint, kind: Extract<WorkloadKind, { name: N }>) => Behaviour
} = { zipf, uniform, scan, phases, burst, bear, trace, references }

export function behaviourOf(spec: WorkloadSpec): Behaviour {
  // The table pairs each name with its own kind, which the compiler cannot follow through an index.
  const make = BEHAVIOURS[spec.kind.name] as (footprint: Footprint, kind: WorkloadKind) => Behaviour
  return make(spec, spec.kind)
}
