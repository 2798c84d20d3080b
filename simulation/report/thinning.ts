/** Long series made short for a drawing that has few pixels, with nothing that stands out lost. */

/**
 * The indices to keep, ascending: first and last, and in each stretch of the row the places where one of the series has
 * its least and its greatest value. About `most` of them; all if there are no more than that. NaN is no value.
 */
export function thinned(length: number, series: readonly ArrayLike<number>[], most: number): number[] {
  if (length <= most) return Array.from({ length }, (_, i) => i)
  const stretches = Math.max(1, Math.floor(most / Math.max(1, 2 * series.length)))
  const kept = new Set([0, length - 1])
  for (let stretch = 0; stretch < stretches; stretch++) {
    const from = Math.floor((stretch * length) / stretches)
    const to = Math.floor(((stretch + 1) * length) / stretches)
    for (const values of series) for (const at of extremes(values, from, to)) kept.add(at)
  }
  return [...kept].toSorted((x, y) => x - y)
}

function extremes(values: ArrayLike<number>, from: number, to: number): number[] {
  let least = -1
  let greatest = -1
  for (let i = from; i < to; i++) {
    const value = values[i]!
    if (Number.isNaN(value)) continue
    if (least < 0 || value < values[least]!) least = i
    if (greatest < 0 || value > values[greatest]!) greatest = i
  }
  return least < 0 ? [] : [least, greatest]
}
