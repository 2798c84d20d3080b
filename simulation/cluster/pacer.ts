/** Holds a run to its pace, so that a person can watch: virtual time may not run ahead of wall time times the pace. */
import { ColdpoolError } from '#shared/errors.ts'
import type { Progress } from '../progress.ts'

/** `max` (0), `1x`, `10x`, `0.5x`. Throws CP_OPTION. */
export function parsePace(text: string, where: string): number {
  if (text === 'max') return 0
  const pace = /^\d{1,6}(\.\d{1,6})?x$/.test(text) ? Number(text.slice(0, -1)) : 0
  if (pace > 0) return pace
  throw new ColdpoolError(
    'CP_OPTION',
    where,
    `got ${JSON.stringify(text).slice(0, 80)}`,
    'max, or a multiple of real time such as 1x or 10x',
  )
}

/** Says with the progress how far the run is behind. */
export function paced(pacer: Pacer, onProgress: ((progress: Progress) => void) | undefined): typeof onProgress {
  return onProgress && ((progress) => onProgress({ ...progress, behindSeconds: pacer.behindSeconds(progress.virtualSeconds) }))
}

export class Pacer {
  readonly #nowMs: () => number
  #pace: number
  #paused = false
  /** Virtual time before this may come even while paused. */
  #stepEnd = 0
  /** Where virtual and wall time were last set equal. */
  #anchorMs: number
  #anchorSeconds = 0

  /** `pace` in virtual seconds a second; 0: as fast as possible. */
  constructor(pace: number, nowMs: () => number) {
    this.#pace = pace
    this.#nowMs = nowMs
    this.#anchorMs = nowMs()
  }

  get pace(): number {
    return this.#pace
  }

  get paused(): boolean {
    return this.#paused
  }

  /** From here on: whatever was lost or gained before is forgotten. */
  anchor(virtualSeconds: number): void {
    this.#anchorMs = this.#nowMs()
    this.#anchorSeconds = virtualSeconds
  }

  set(pace: number, virtualSeconds: number): void {
    this.#pace = pace
    this.anchor(virtualSeconds)
  }

  pause(): void {
    this.#paused = true
    this.#stepEnd = 0
  }

  /** Lets so much virtual time pass, as fast as possible, and pauses. */
  step(virtualSeconds: number, span: number): void {
    this.#paused = true
    this.#stepEnd = virtualSeconds + span
  }

  resume(virtualSeconds: number): void {
    this.#paused = false
    this.anchor(virtualSeconds)
  }

  /** Wall milliseconds until this virtual time may come; Infinity while paused, 0 if it may now. */
  waitMs(virtualSeconds: number): number {
    if (this.#paused) return virtualSeconds < this.#stepEnd ? 0 : Infinity
    return Math.max(0, this.#aheadMs(virtualSeconds))
  }

  /** Seconds of wall time by which the run is late. */
  behindSeconds(virtualSeconds: number): number {
    return this.#paused ? 0 : Math.max(0, -this.#aheadMs(virtualSeconds) / 1000)
  }

  /** The virtual time that the pace allows now; Infinity if it allows any. */
  nowSeconds(): number {
    if (this.#pace === 0) return Infinity
    return this.#anchorSeconds + ((this.#nowMs() - this.#anchorMs) / 1000) * this.#pace
  }

  #aheadMs(virtualSeconds: number): number {
    if (this.#pace === 0) return 0
    return ((virtualSeconds - this.#anchorSeconds) / this.#pace) * 1000 - (this.#nowMs() - this.#anchorMs)
  }
}
