/**
 * Latencies weighted by how many accesses saw them: the mean exactly, quantiles to 1 part in 32. Buckets are logarithmic
 * with 32 steps to the octave, found by integer arithmetic alone.
 */

const STEP_BITS = 5
const STEPS = 1 << STEP_BITS
/** Longer ones (2 s) count as this. */
const MAX_NS = 2 ** 31 - 1
const BUCKETS = bucketOf(MAX_NS) + 1

export class LatencyHistogram {
  private readonly weights = new Float64Array(BUCKETS)
  total = 0
  private sumNs = 0

  add(ns: number, weight: number): void {
    if (weight <= 0) return
    this.weights[bucketOf(ns)]! += weight
    this.total += weight
    this.sumNs += ns * weight
  }

  /** 0 if nothing was added. */
  get meanNs(): number {
    return this.total > 0 ? this.sumNs / this.total : 0
  }

  /** Middle of the bucket in which the quantile lies; 0 if nothing was added. */
  quantileNs(quantile: number): number {
    const target = this.total * quantile
    let cumulative = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      cumulative += this.weights[bucket]!
      if (cumulative > 0 && cumulative >= target) return (startOf(bucket) + startOf(bucket + 1)) / 2
    }
    return 0
  }

  snapshot() {
    return structuredClone({ weights: this.weights, total: this.total, sumNs: this.sumNs })
  }

  restore(from: ReturnType<LatencyHistogram['snapshot']>): void {
    this.weights.set(from.weights)
    this.total = from.total
    this.sumNs = from.sumNs
  }
}

function bucketOf(ns: number): number {
  const whole = Math.floor(Math.min(MAX_NS, Math.max(0, ns)))
  if (whole < STEPS) return whole
  const shift = 31 - Math.clz32(whole) - STEP_BITS
  return (shift << STEP_BITS) + (whole >>> shift)
}

function startOf(bucket: number): number {
  if (bucket < STEPS) return bucket
  const shift = (bucket >> STEP_BITS) - 1
  return (STEPS + (bucket & (STEPS - 1))) * (1 << shift)
}
