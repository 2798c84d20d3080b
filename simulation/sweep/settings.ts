/** Which settings of its axes a sweep runs: every combination, or a Latin hypercube. */
import { fork, Stream } from '#shared/random.ts'
import type { Axis, AxisValue } from './axis.ts'

export interface Setting {
  /** From 0 on. */
  readonly number: number
  /** In the order of the axes. */
  readonly values: readonly AxisValue[]
}

/** Every combination, the last axis fastest. */
export function gridOf(axes: readonly Axis[]): Setting[] {
  const combinations = axes.reduce<readonly (readonly AxisValue[])[]>(
    (before, { values }) => before.flatMap((head) => values.map((value) => [...head, value])),
    [[]],
  )
  return combinations.map((values, number) => ({ number, values }))
}

/**
 * So many settings that on each axis there is one in each of as many equal parts of it, paired at random (McKay, Beckman, Conover
 * 1979). An axis draws from a stream of its own, so that one more axis leaves the others as they are.
 */
export function hypercubeOf(axes: readonly Axis[], samples: number, seed: number): Setting[] {
  const columns = axes.map(({ path, at }) => {
    const stream = new Stream(fork(seed, `sweep/${path}`))
    return shuffled(samples, stream).map((part) => at((part + stream.unit()) / samples))
  })
  return Array.from({ length: samples }, (_, number) => ({ number, values: columns.map((column) => column[number]!) }))
}

/** 0 to count − 1 in random order (Fisher and Yates). */
function shuffled(count: number, stream: Stream): number[] {
  const order = Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = stream.below(i + 1)
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return order
}
