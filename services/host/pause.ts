/**
 * Pausing: a device whose share the host has overdrawn, grace and all, asks that its writers stand still (`pause`). Those are
 * the workloads that write and have pages in the pool; who only reads, or has all its pages in DRAM or swap, goes on, and so
 * does the kernel, which takes pages off the device meanwhile. A paused workload owes the time as it owes a stall.
 *
 * S: FACTS 7, MICRO'24: overdraw, grace, then the job is paused. A host that can neither swap nor promote stays paused.
 */
import { stallAll, type Resident } from './resident.ts'
import type { HostMemory } from './memory.ts'

export class Pause {
  readonly #memory: HostMemory
  /** For each device whether it asks for it. */
  readonly #asked: boolean[]
  /** Since when this tick's pause goes on, and how much of the tick was paused before. */
  #sinceNs = 0
  #beforeNs = 0
  /** Over the run: time in which some writer stood still. */
  pausedNs = 0

  constructor(memory: HostMemory, devices: number) {
    this.#memory = memory
    this.#asked = Array.from({ length: devices }, () => false)
  }

  get active(): boolean {
    return this.#asked.includes(true)
  }

  tell(device: number, paused: boolean, nowNs: number): void {
    this.#settle(nowNs)
    this.#asked[device] = paused
  }

  /** Whether this workload stands still now. */
  holds(resident: Resident): boolean {
    return this.active && this.#writesToPool(resident)
  }

  /** Ends a tick: writers owe the part of it that was paused. */
  tick(residents: readonly Resident[], nowNs: number): void {
    this.#settle(nowNs)
    const heldNs = this.#beforeNs
    this.#beforeNs = 0
    if (heldNs === 0) return
    let longestNs = 0
    for (const resident of residents) {
      if (!resident.alive || !this.#writesToPool(resident)) continue
      const mineNs = Math.min(heldNs, nowNs - resident.lastAdvanceNs)
      stallAll(resident, mineNs)
      longestNs = Math.max(longestNs, mineNs)
    }
    this.pausedNs += longestNs
  }

  #settle(nowNs: number): void {
    if (this.active) this.#beforeNs += nowNs - this.#sinceNs
    this.#sinceNs = nowNs
  }

  #writesToPool({ firstClass, classCount, sweep, replay }: Resident): boolean {
    let pooled = false
    let writes = replay !== undefined || sweep?.writes === true
    for (let k = firstClass; k < firstClass + classCount; k++) {
      const c = this.#memory.classes[k]!
      pooled ||= c.pooled > 0
      writes ||= c.writesPerTick > 0
    }
    return pooled && writes
  }

  snapshot(): Record<string, unknown> {
    return { asked: [...this.#asked], sinceNs: this.#sinceNs, beforeNs: this.#beforeNs, pausedNs: this.pausedNs }
  }

  restore(from: Record<string, unknown>): void {
    this.#asked.splice(0, this.#asked.length, ...(from['asked'] as boolean[]))
    this.#sinceNs = from['sinceNs'] as number
    this.#beforeNs = from['beforeNs'] as number
    this.pausedNs = from['pausedNs'] as number
  }
}
