/**
 * Throttling by DevLoad, the load class that rides on a device's answers: an access waits before it is issued, the longer the
 * longer the device has been overloaded. As in the reference model that CXL's QoS telemetry comes with (R: FACTS 6 names the
 * classes; that light load takes throttling back, optimal leaves it, moderate adds to it and severe adds much is recalled):
 * once a tick, by the class last told. Reads and writes of workloads wait alike, as threads that issue more slowly; the wait is a
 * fraction of an unloaded page's read, added up between ticks and bounded.
 *
 * Left out: the kernel's own copies, which are not throttled; hardware that reacts within microseconds.
 */
import type { ThrottleSpec } from './spec.ts'

/** DevLoad classes, as mails carry them. */
const LIGHT = 0
const MODERATE = 2
const SEVERE = 3

export class Throttle {
  readonly #spec: ThrottleSpec
  /** What an access waits, over what a read takes. */
  delay = 0
  /** Over the run, all waits of all threads. */
  delayedNs = 0

  constructor(spec: ThrottleSpec) {
    this.#spec = spec
  }

  /** One tick of this class. */
  adapt(devLoad: number): void {
    const { moderate, severe, most } = this.#spec
    if (devLoad === LIGHT) this.delay = Math.max(0, this.delay - moderate)
    else if (devLoad === MODERATE) this.delay = Math.min(most, this.delay + moderate)
    else if (devLoad === SEVERE) this.delay = Math.min(most, this.delay + severe)
  }

  /** Counts a wait, and gives it back. */
  delayed(ns: number): number {
    this.delayedNs += ns
    return ns
  }

  snapshot(): Record<string, unknown> {
    return { delay: this.delay, delayedNs: this.delayedNs }
  }

  restore(from: Record<string, unknown>): void {
    this.delay = from['delay'] as number
    this.delayedNs = from['delayedNs'] as number
  }
}
