/**
 * The OOM killer: when allocations are stalled and reclaim has freed nothing for RECLAIM_RETRIES_MAX ticks in a row, with
 * nothing on its way, the workload with the most pages dies. Left out: oom_score_adj, memory cgroups.
 */
import { DEMOTING } from '#shared/page/transitions.ts'
import { RECLAIM_RETRIES_MAX } from './costs.ts'
import type { HostMemory } from './memory.ts'
import type { Resident } from './resident.ts'
import type { Tally } from './tally.ts'

export class OomKiller {
  #retries = 0
  #progress = 0

  /** The victim, if it has come to that. */
  tick(residents: readonly Resident[], memory: HostMemory, tally: Tally, stalled: boolean): Resident | undefined {
    const progress = tally.demoted + tally.swappedOut + tally.allocated + tally.swappedIn
    const underWay = memory.table.counts[DEMOTING]! > 0 || memory.writeback > 0
    if (!stalled || progress !== this.#progress) this.#retries = 0
    // What is under way decides nothing yet: with quanta as long as a tick, every other tick finds a question out.
    else if (!underWay) this.#retries++
    this.#progress = progress
    if (this.#retries < RECLAIM_RETRIES_MAX) return undefined
    this.#retries = 0
    return largest(residents, memory)
  }

  snapshot(): Record<string, unknown> {
    return { retries: this.#retries, progress: this.#progress }
  }

  restore(from: Record<string, unknown>): void {
    this.#retries = from['retries'] as number
    this.#progress = from['progress'] as number
  }
}

function largest(residents: readonly Resident[], memory: HostMemory): Resident | undefined {
  const held = new Float64Array(residents.length)
  for (const c of memory.classes) held[c.owner]! += c.local + c.pooled + c.swapped
  let victim: Resident | undefined
  for (const resident of residents) {
    if (resident.alive && (victim === undefined || held[resident.index]! > held[victim.index]!)) victim = resident
  }
  return victim
}
