/** What a workload has heard of its host: how far its work got, and when that came. */
import type { Telemetry } from '#shared/actor.ts'
import type { BodyOf } from '#shared/messages.ts'
import type { Quantum } from '#shared/time.ts'

export class Hearing {
  /** All zero until the host has said something. */
  progress: BodyOf<'progress'> = { workNs: 0, allocated: 0, epochsDone: 0, sweepPassesDone: 0 }
  /** The quantum in which `progress` came. */
  heard: Quantum = 0

  take(progress: BodyOf<'progress'>, now: Quantum): void {
    this.progress = progress
    this.heard = now
  }

  /** `start` is the quantum of its first profile. */
  observe(start: Quantum, quantumNs: number): Telemetry {
    const { workNs, allocated, epochsDone, sweepPassesDone } = this.progress
    return {
      workSeconds: workNs / 1e9,
      slowdown: this.#slowdown(start, quantumNs),
      allocatedPages: allocated,
      epochsDone,
      sweepPassesDone,
    }
  }

  /** Time that has passed for its host per time worked; 1 before there is any. Mail takes a quantum there and one back. */
  #slowdown(start: Quantum, quantumNs: number): number {
    const elapsedNs = (this.heard - start - 2) * quantumNs
    return this.progress.workNs > 0 ? Math.max(1, elapsedNs / this.progress.workNs) : 1
  }
}
