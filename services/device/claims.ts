/**
 * What each host claims of a shared device: the bytes its slots hold, the bytes it has released and the next flush has not
 * zeroed yet, and a raw page for each of its reservations. It moves the pool's slots and keeps these books beside them, so
 * that a pool without shares needs none.
 */
import { assert } from '#shared/errors.ts'
import type { Pool } from './pool.ts'

export class Claims {
  readonly pool: Pool
  private readonly reservedPages: Float64Array
  private readonly pendingBytes: Float64Array

  constructor(pool: Pool, hosts: number) {
    this.pool = pool
    this.reservedPages = new Float64Array(hosts)
    this.pendingBytes = new Float64Array(hosts)
  }

  /** Physical bytes that nobody else can have now. */
  taken(host: number): number {
    return this.pool.usedByHost[host]! + this.pendingBytes[host]!
  }

  /** Those, and what its reservations may take. */
  of(host: number): number {
    return this.taken(host) + this.reservedPages[host]! * this.pool.rawBytes
  }

  slots(host: number): number {
    return this.pool.storedByHost[host]! + this.reservedPages[host]!
  }

  reserve(host: number, page: number): void {
    this.pool.reserve(host, page)
    this.reservedPages[host]!++
  }

  /** As Pool.land(). */
  land(host: number, page: number, sizeBytes: number): boolean {
    this.reserve(host, page)
    return this.write(host, page, sizeBytes)
  }

  /** What the claim would be after a write. */
  after(host: number, page: number, sizeBytes: number): number {
    return this.of(host) + this.pool.growth(host, page, sizeBytes)
  }

  /** As Pool.write(). */
  write(host: number, page: number, sizeBytes: number): boolean {
    const reserved = this.pool.reservedPages
    const poisoned = this.pool.write(host, page, sizeBytes)
    this.reservedPages[host]! += this.pool.reservedPages - reserved
    return poisoned
  }

  release(host: number, page: number): void {
    const { reservedPages, pendingZeroBytes } = this.pool
    this.pool.release(host, page)
    this.reservedPages[host]! += this.pool.reservedPages - reservedPages
    this.pendingBytes[host]! += this.pool.pendingZeroBytes - pendingZeroBytes
  }

  flush(): void {
    this.pool.flush()
    this.pendingBytes.fill(0)
  }

  /** The hosts' books add up to the pool's. */
  check(): void {
    const { reservedPages, pendingZeroBytes } = this.pool
    assert(
      sum(this.reservedPages) === reservedPages,
      `${reservedPages} slots are reserved, the hosts' ${sum(this.reservedPages)}`,
    )
    assert(sum(this.pendingBytes) === pendingZeroBytes, `${pendingZeroBytes} bytes wait, the hosts' ${sum(this.pendingBytes)}`)
  }

  snapshot() {
    return { reservedPages: this.reservedPages.slice(), pendingBytes: this.pendingBytes.slice() }
  }

  /** After the pool's. */
  restore(from: ReturnType<Claims['snapshot']>): void {
    this.reservedPages.set(from.reservedPages)
    this.pendingBytes.set(from.pendingBytes)
  }
}

function sum(values: Float64Array): number {
  return values.reduce((x, y) => x + y, 0)
}
