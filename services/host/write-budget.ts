/**
 * Demoted pages are mapped read-only, but for a budget of them that may be written where they lie: a token is a page mapped
 * writable, which may grow to a raw page before anybody looks again. The budget follows the device's register of real remaining
 * capacity, which the host can only poll: what it knows is as old as the poll, and other hosts count on the same bytes. Out of
 * tokens, a write faults and brings its page home. When the budget shrinks below what is out, pages are write-protected again.
 *
 * P: FACTS 3: a writable budget, 1 bit per 4 KiB page (here a byte); Samsung's variant is a token bucket of safe writes, refilled
 * from the real remaining capacity. Left out: a budget shared out among the tasks of a host.
 */
import type { Telemetry } from '#shared/actor.ts'
import { assert } from '#shared/errors.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { Mapping } from './mapping.ts'
import type { WriteBudgetSpec } from './spec.ts'

export class WriteBudget extends Mapping {
  override readonly direct = false
  readonly #pollNs: number
  readonly #share: number
  /** By page: 0 if it is read-only, else 1 + its device. */
  #open = new Uint8Array(1024)
  /** By device: pages that may be writable, and that are. */
  readonly #budget: Float64Array
  readonly #out: Float64Array
  #nextPollNs = 0
  #hand = 0
  #polls = 0
  #taken = 0
  #revoked = 0

  constructor(spec: WriteBudgetSpec, devices: number) {
    super()
    this.#pollNs = spec.pollNs
    this.#share = spec.share
    this.#budget = new Float64Array(devices)
    this.#out = new Float64Array(devices)
  }

  override writable(page: number): boolean {
    return page < this.#open.length && this.#open[page] !== 0
  }

  override take(device: number): boolean {
    if (this.#out[device]! >= this.#budget[device]!) return false
    this.#out[device]!++
    this.#taken++
    return true
  }

  override open(page: number, device: number): void {
    if (page >= this.#open.length) {
      const grown = new Uint8Array(Math.max(page + 1, this.#open.length * 2))
      grown.set(this.#open)
      this.#open = grown
    }
    assert(this.#open[page] === 0, `page ${page} takes a second token`)
    this.#open[page] = 1 + device
  }

  override leave(page: number): void {
    if (this.writable(page)) this.close(page)
  }

  /** Gives a page's token back. */
  close(page: number): void {
    this.#out[this.#open[page]! - 1]!--
    this.#open[page] = 0
  }

  /** True once a period: the devices are to be asked. */
  pollDue(nowNs: number): boolean {
    if (nowNs < this.#nextPollNs) return false
    this.#nextPollNs = (Math.floor(nowNs / this.#pollNs) + 1) * this.#pollNs
    this.#polls++
    return true
  }

  /** What a device answered. `protect` is called for each page that must become read-only again, and closes it. */
  refill(device: number, remainingBytes: number, protect: (page: number) => void): void {
    this.#budget[device] = Math.floor((remainingBytes * this.#share) / PAGE_BYTES)
    while (this.#out[device]! > this.#budget[device]) {
      if (this.#hand >= this.#open.length) this.#hand = 0
      const page = this.#hand++
      if (this.#open[page] !== 1 + device) continue
      protect(page)
      this.#revoked++
    }
  }

  override snapshot(): Record<string, unknown> {
    return {
      open: this.#open.slice(),
      budget: this.#budget.slice(),
      out: this.#out.slice(),
      nextPollNs: this.#nextPollNs,
      hand: this.#hand,
      polls: this.#polls,
      taken: this.#taken,
      revoked: this.#revoked,
    }
  }

  override restore(from: Record<string, unknown>): void {
    this.#open = (from['open'] as Uint8Array).slice()
    this.#budget.set(from['budget'] as Float64Array)
    this.#out.set(from['out'] as Float64Array)
    this.#nextPollNs = from['nextPollNs'] as number
    this.#hand = from['hand'] as number
    this.#polls = from['polls'] as number
    this.#taken = from['taken'] as number
    this.#revoked = from['revoked'] as number
  }

  override observe(): Telemetry {
    return {
      'tokens.budget': sum(this.#budget),
      'tokens.out': sum(this.#out),
      'tokens.taken': this.#taken,
      'tokens.revoked': this.#revoked,
      'tokens.polls': this.#polls,
    }
  }
}

function sum(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0)
}
