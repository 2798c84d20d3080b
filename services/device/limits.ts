/**
 * Shares by limit: `hard`, and with a grace. Each host has a register of what remains of its limit, with the device's
 * thresholds on it, and the slots that go with it. A reservation binds the host's own writes too (on the whole device it binds
 * admission only), so the copy of an admitted page always finds its place.
 */
import { assert } from '#shared/errors.ts'
import { Capacity } from './capacity.ts'
import type { Claims } from './claims.ts'
import type { Shares, Signal } from './shares.ts'
import type { DeviceSpec } from './spec.ts'

interface Part {
  readonly limitBytes: number
  /** What writes may take: the limit and the grace. */
  readonly ceilingBytes: number
  readonly slotsMax: number
  readonly register: Capacity
  /** Writes held back, page → size, in the order in which they came. */
  stalled: Map<number, number>
  overdrawn: boolean
  paused: boolean
  overdraws: number
  pauses: number
}

export class Limits implements Shares {
  readonly claims: Claims
  readonly divided = true
  private readonly parts: readonly Part[]
  private readonly holdsBack: boolean

  /** Without a grace, what does not fit is dropped. */
  constructor(
    claims: Claims,
    limitBytes: readonly number[],
    graceBytes: number | undefined,
    spec: Pick<DeviceSpec, 'lowFraction' | 'highFraction'>,
  ) {
    const { physicalBytes, maxSlots } = claims.pool
    const ceilings = limitBytes.map((limit) => limit + (graceBytes ?? 0))
    const together = ceilings.reduce((x, y) => x + y, 0)
    assert(together <= physicalBytes, `limits and graces of ${together} bytes fit ${physicalBytes} bytes`)
    this.claims = claims
    this.holdsBack = graceBytes !== undefined
    this.parts = limitBytes.map((limit, host) => ({
      limitBytes: limit,
      ceilingBytes: ceilings[host]!,
      slotsMax: Math.floor(maxSlots * (limit / physicalBytes)),
      register: new Capacity(limit, spec.lowFraction, spec.highFraction),
      stalled: new Map(),
      overdrawn: false,
      paused: false,
      overdraws: 0,
      pauses: 0,
    }))
  }

  shareBytes(host: number): number {
    return this.parts[host]!.limitBytes
  }

  level(host: number): number {
    return this.parts[host]!.register.level
  }

  /** Its limit is all that it has. What a grace would bear is not offered. */
  remainingBytes(host: number): number {
    return Math.max(0, this.parts[host]!.limitBytes - this.claims.taken(host))
  }

  refuses(host: number): boolean {
    const { register, limitBytes, slotsMax } = this.parts[host]!
    if (register.level > 0 || this.claims.slots(host) >= slotsMax) return true
    return this.claims.of(host) + this.claims.pool.rawBytes > limitBytes
  }

  admits(host: number): boolean {
    const { register, limitBytes, slotsMax } = this.parts[host]!
    return this.claims.slots(host) <= slotsMax && register.atEase(limitBytes - this.claims.taken(host))
  }

  land(host: number, page: number, sizeBytes: number): boolean {
    const { pool } = this.claims
    if (this.claims.of(host) + pool.bytesFor(sizeBytes) > this.parts[host]!.ceilingBytes) {
      pool.landPoisoned(host, page)
      return true
    }
    const poisoned = this.claims.land(host, page, sizeBytes)
    assert(!poisoned, `what fits the share of host index ${host} fits the device`)
    return false
  }

  write(host: number, page: number, sizeBytes: number): boolean {
    const { stalled, ceilingBytes } = this.parts[host]!
    if (this.claims.after(host, page, sizeBytes) <= ceilingBytes) {
      stalled.delete(page)
      this.put(host, page, sizeBytes)
    } else if (this.holdsBack) stalled.set(page, sizeBytes)
    else {
      this.claims.pool.poison(host, page)
      return true
    }
    return false
  }

  /** What is held back for a page that leaves has nowhere to go, and need not: the host has it. */
  release(host: number, page: number): void {
    this.claims.release(host, page)
    this.parts[host]!.stalled.delete(page)
  }

  takeStock(): Signal[] {
    const signals: Signal[] = []
    this.parts.forEach((part, host) => {
      this.resume(part, host)
      const { limitBytes, register } = part
      const taken = this.claims.taken(host)
      assert(
        this.claims.of(host) <= part.ceilingBytes,
        `host index ${host} claims ${this.claims.of(host)} bytes, beyond its share`,
      )
      if (register.crossed(limitBytes - taken)) signals.push({ host, level: register.level })
      const overdrawn = taken > limitBytes
      if (overdrawn && !part.overdrawn) part.overdraws++
      part.overdrawn = overdrawn
      const paused = part.stalled.size > 0 || (part.paused && overdrawn)
      if (paused !== part.paused) signals.push({ host, paused })
      if (paused && !part.paused) part.pauses++
      part.paused = paused
    })
    this.claims.check()
    return signals
  }

  overdraws(host: number): number {
    return this.parts[host]!.overdraws
  }

  pauses(host: number): number {
    return this.parts[host]!.pauses
  }

  /** Takes the writes that were held back, in their order, as far as there is room. */
  private resume({ stalled, ceilingBytes }: Part, host: number): void {
    for (const [page, sizeBytes] of stalled) {
      if (this.claims.after(host, page, sizeBytes) > ceilingBytes) return
      stalled.delete(page)
      this.put(host, page, sizeBytes)
    }
  }

  private put(host: number, page: number, sizeBytes: number): void {
    const poisoned = this.claims.write(host, page, sizeBytes)
    assert(!poisoned, `what fits the share of host index ${host} fits the device`)
  }

  snapshot() {
    return {
      claims: this.claims.snapshot(),
      parts: this.parts.map(({ register, stalled, overdrawn, paused, overdraws, pauses }) => ({
        register: register.snapshot(),
        stalled: new Map(stalled),
        overdrawn,
        paused,
        overdraws,
        pauses,
      })),
    }
  }

  restore(from: unknown): void {
    const { claims, parts } = structuredClone(from) as ReturnType<Limits['snapshot']>
    this.claims.restore(claims)
    this.parts.forEach((part, host) => {
      const { register, ...rest } = parts[host]!
      part.register.restore(register)
      Object.assign(part, rest)
    })
  }
}
