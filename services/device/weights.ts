/**
 * Shares by weight. What is divided is what may be taken with the device at ease: the capacity less its high threshold. So while
 * the device is short some host is at or above its part, and has to give.
 */
import { assert } from '#shared/errors.ts'
import { PRESSED_LEVEL, type Capacity } from './capacity.ts'
import type { Claims } from './claims.ts'
import type { Shares, Signal } from './shares.ts'
import type { DeviceSpec } from './spec.ts'

export class Weights implements Shares {
  readonly claims: Claims
  readonly divided = false
  private readonly capacity: Capacity
  private readonly partBytes: readonly number[]
  /** The level that each host was told last. */
  private told: number[]

  constructor(
    claims: Claims,
    weights: readonly number[],
    spec: Pick<DeviceSpec, 'physicalBytes' | 'highFraction'>,
    capacity: Capacity,
  ) {
    const sum = weights.reduce((x, y) => x + y, 0)
    const usableBytes = spec.physicalBytes * (1 - spec.highFraction)
    this.claims = claims
    this.capacity = capacity
    this.partBytes = weights.map((weight) => Math.floor((usableBytes * weight) / sum))
    this.told = weights.map(() => 0)
  }

  shareBytes(host: number): number {
    return this.partBytes[host]!
  }

  level(host: number): number {
    return this.told[host]!
  }

  /** Anybody may take what is there. */
  remainingBytes(): number {
    return this.claims.pool.remainingBytes
  }

  refuses(host: number): boolean {
    return this.capacity.level > 0 && this.claims.of(host) + this.claims.pool.rawBytes > this.partBytes[host]!
  }

  /** Weights bind while the device is short, and it must not be. */
  admits(): boolean {
    return true
  }

  land(host: number, page: number, sizeBytes: number): boolean {
    return this.claims.land(host, page, sizeBytes)
  }

  write(host: number, page: number, sizeBytes: number): boolean {
    return this.claims.write(host, page, sizeBytes)
  }

  release(host: number, page: number): void {
    this.claims.release(host, page)
  }

  takeStock(): Signal[] {
    this.claims.check()
    const short = this.capacity.level > 0
    const levels = this.partBytes.map((part, host) => (short && this.claims.taken(host) >= part ? PRESSED_LEVEL : 0))
    assert(!short || levels.some((level) => level > 0), 'a short device has a host at or above its part')
    const signals = levels.flatMap((level, host): Signal[] => (level === this.told[host] ? [] : [{ host, level }]))
    this.told = levels
    return signals
  }

  overdraws(): number {
    return 0
  }

  pauses(): number {
    return 0
  }

  snapshot() {
    return { claims: this.claims.snapshot(), told: [...this.told] }
  }

  restore(from: unknown): void {
    const state = structuredClone(from) as ReturnType<Weights['snapshot']>
    this.claims.restore(state.claims)
    this.told = state.told
  }
}
