/** Two-sample tests for the lazy model against the enumerating reference. */

export type Counts = Map<string, number>

export function count(counts: Counts, cell: string, n = 1): void {
  counts.set(cell, (counts.get(cell) ?? 0) + n)
}

/** Cells with fewer observations than this in both samples together are taken as one. */
const RARE = 20

/** p that both samples of categories come from one distribution. */
export function chiSquare(x: Counts, y: Counts): number {
  const pairs: [number, number][] = []
  const rest: [number, number] = [0, 0]
  for (const cell of new Set([...x.keys(), ...y.keys()])) {
    const pair: [number, number] = [x.get(cell) ?? 0, y.get(cell) ?? 0]
    if (pair[0] + pair[1] >= RARE) pairs.push(pair)
    else {
      rest[0] += pair[0]
      rest[1] += pair[1]
    }
  }
  if (rest[0] + rest[1] >= RARE) pairs.push(rest)
  const nx = pairs.reduce((sum, [a]) => sum + a, 0)
  const ny = pairs.reduce((sum, [, b]) => sum + b, 0)
  let statistic = 0
  for (const [a, b] of pairs) {
    const expected = ((a + b) * nx) / (nx + ny)
    statistic += ((a - expected) * (a - expected) * (nx + ny)) / (expected * ny)
  }
  return chiSquareTail(statistic, pairs.length - 1)
}

/** p that both samples of numbers come from one continuous distribution (Kolmogorov and Smirnov; ties make it cautious). */
export function kolmogorovSmirnov(x: readonly number[], y: readonly number[]): number {
  const xs = x.toSorted((a, b) => a - b)
  const ys = y.toSorted((a, b) => a - b)
  let i = 0
  let j = 0
  let distance = 0
  while (i < xs.length && j < ys.length) {
    const at = Math.min(xs[i]!, ys[j]!)
    while (i < xs.length && xs[i]! <= at) i++
    while (j < ys.length && ys[j]! <= at) j++
    distance = Math.max(distance, Math.abs(i / xs.length - j / ys.length))
  }
  const n = Math.sqrt((xs.length * ys.length) / (xs.length + ys.length))
  const lambda = (n + 0.12 + 0.11 / n) * distance
  let p = 0
  for (let k = 1; k <= 100; k++) p += 2 * (-1) ** (k - 1) * Math.exp(-2 * k * k * lambda * lambda)
  return lambda < 0.2 ? 1 : Math.min(1, Math.max(0, p))
}

/** P(χ² with `degrees` > `statistic`), from the incomplete gamma function's series. */
export function chiSquareTail(statistic: number, degrees: number): number {
  if (degrees <= 0 || statistic <= 0) return 1
  // Where the series would overflow, nothing is left of the tail.
  if (statistic > 1000 && statistic > 2 * degrees) return 0
  const a = degrees / 2
  const x = statistic / 2
  let term = 1 / a
  let sum = term
  for (let n = 1; n < 10_000 && term > sum * 1e-15; n++) {
    term *= x / (a + n)
    sum += term
  }
  return Math.max(0, 1 - Math.exp(a * Math.log(x) - x - logGamma(a)) * sum)
}

/** By Stirling's series, after lifting the argument above 10. */
function logGamma(x: number): number {
  let shift = 0
  let z = x
  for (; z < 10; z++) shift -= Math.log(z)
  return shift + (z - 0.5) * Math.log(z) - z + 0.9189385332046727 + 1 / (12 * z) - 1 / (360 * z ** 3)
}
