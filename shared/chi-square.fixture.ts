/** Pearson's chi-square test, for tests of distributions. Their seeds are fixed, so a verdict never changes by chance. */

/**
 * The statistic over its critical value at α = 0.001: above 1 the observation does not follow the expectation. Cells must
 * be wide enough to expect about five each.
 */
export function chiSquareExcess(observed: ArrayLike<number>, expected: ArrayLike<number>): number {
  let statistic = 0
  for (let i = 0; i < observed.length; i++) statistic += (observed[i]! - expected[i]!) ** 2 / expected[i]!
  return statistic / critical(observed.length - 1)
}

/** The 0.999 quantile of chi-square, by Wilson and Hilferty's approximation (within 1 % from 3 degrees of freedom on). */
function critical(degrees: number): number {
  const z = 3.0902
  const a = 2 / (9 * degrees)
  return degrees * (1 - a + z * Math.sqrt(a)) ** 3
}
