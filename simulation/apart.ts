/** Which runs may let their stages step ahead of each other: those whose stages have nothing to say to each other for long. */
import type { Ordinal } from '#shared/actor.ts'
import type { StageId } from '#shared/bus/bus.ts'
import type { Member } from './actors.ts'

/**
 * Whether stages write to none but the conductor's, and to that only when a workload leaves. Each that carries others than the conductor
 * has workloads, so that not all have left before one of each has. `stageOf`: undefined for who has not come yet.
 */
export function areApart(members: readonly Member[], stageOf: (ordinal: Ordinal) => StageId | undefined): boolean {
  const busy = new Set<StageId>()
  const carrying = new Set<StageId>()
  for (const { ordinal, role, host = ordinal, devices = [] } of members) {
    const stage = stageOf(ordinal)
    if (stage === undefined || role === 'conductor') continue
    if (![host, ...devices].every((partner) => stageOf(partner) === stage)) return false
    carrying.add(stage)
    if (role === 'workload') busy.add(stage)
  }
  return busy.size === carrying.size
}
