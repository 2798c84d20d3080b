/** A histogram of latencies in logarithmic buckets, 32 to an octave (so a percentile is exact to 2.2 %), with weights. */
import { log, pow } from '#shared/arithmetic.ts'

const PER_OCTAVE = 32
/** Up to 2^40 ns, 18 minutes. */
const BUCKETS = 40 * PER_OCTAVE

export class LatencyHistogram {
  readonly #weights = new Float64Array(BUCKETS)
  #total = 0
  #sumNs = 0

  add(latencyNs: number, weight: number): void {
    if (weight <= 0) return
    const bucket = latencyNs <= 1 ? 0 : Math.min(BUCKETS - 1, Math.floor((log(latencyNs) / Math.LN2) * PER_OCTAVE))
    this.#weights[bucket]! += weight
    this.#total += weight
    this.#sumNs += latencyNs * weight
  }

  get meanNs(): number {
    return this.#total === 0 ? 0 : this.#sumNs / this.#total
  }

  /** The middle of the bucket in which the quantile lies; 0 if nothing was added. */
  quantileNs(q: number): number {
    let below = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      below += this.#weights[bucket]!
      if (below > 0 && below >= q * this.#total) return pow(2, (bucket + 0.5) / PER_OCTAVE)
    }
    return 0
  }

  snapshot(): Record<string, unknown> {
    return { weights: this.#weights.slice(), total: this.#total, sumNs: this.#sumNs }
  }

  restore(from: Record<string, unknown>): void {
    this.#weights.set(from['weights'] as Float64Array)
    this.#total = from['total'] as number
    this.#sumNs = from['sumNs'] as number
  }
}
