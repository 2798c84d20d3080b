/** A mean with the 95 % confidence interval of Student's t: few seeds, and nothing known of the spread but what they show. */
import { sqrt } from '#shared/arithmetic.ts'

export interface Estimate {
  readonly mean: number
  readonly low: number
  readonly high: number
}

/** Two-sided 95 % quantiles of Student's t by degrees of freedom, 1 to 30; beyond, the normal one is within 4 %. */
const T_95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101,
  2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]
const NORMAL_95 = 1.96

/** Of one value the interval is the value alone: nothing is known of its spread. */
export function estimate(values: readonly number[]): Estimate {
  const count = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  if (count < 2) return { mean, low: mean, high: mean }
  const variance = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (count - 1)
  const half = (T_95[count - 2] ?? NORMAL_95) * sqrt(variance / count)
  return { mean, low: mean - half, high: mean + half }
}
