/** What an actor's metrics say over time: columns of metrics/ACTOR.csv, and the rates that follow from them. */

/** A value at each time; NaN where there is none. */
export interface Points {
  readonly seconds: ArrayLike<number>
  readonly values: ArrayLike<number>
}

export class Metrics {
  readonly seconds: Float64Array
  readonly #columns: ReadonlyMap<string, Float64Array>

  /** Throws a SyntaxError that says which line is wrong, and how. */
  static parse(csv: string): Metrics {
    const lines = csv.split('\n')
    if (lines.at(-1) === '') lines.pop()
    const names = (lines.shift() ?? '').split(',')
    if (names[0] !== 'seconds') throw new SyntaxError('line 1 has no column seconds')
    const columns = names.map(() => new Float64Array(lines.length))
    lines.forEach((line, row) => {
      const cells = line.split(',')
      if (cells.length !== names.length)
        throw new SyntaxError(`line ${row + 2} has ${cells.length} cells for ${names.length} columns`)
      cells.forEach((cell, column) => {
        const value = cell === '' ? NaN : Number(cell)
        if (Number.isNaN(value) && cell !== '' && cell !== 'NaN')
          throw new SyntaxError(`line ${row + 2} has a cell that is no number`)
        columns[column]![row] = value
      })
    })
    const [seconds] = columns
    if (seconds!.some((at, row) => !(at >= (seconds![row - 1] ?? 0)))) throw new SyntaxError('its seconds do not ascend')
    return new Metrics(seconds!, new Map(names.map((name, i) => [name, columns[i]!])))
  }

  private constructor(seconds: Float64Array, columns: ReadonlyMap<string, Float64Array>) {
    this.seconds = seconds
    this.#columns = columns
  }

  get names(): string[] {
    return [...this.#columns.keys()]
  }

  /** The column as it stands; undefined if the run had no such figure. */
  values(name: string): Float64Array | undefined {
    return this.#columns.get(name)
  }

  points(name: string): Points | undefined {
    const values = this.#columns.get(name)
    return values && { seconds: this.seconds, values }
  }

  /** Of a counter, per second. */
  rate(name: string): Points | undefined {
    const values = this.#columns.get(name)
    return values && rateOf({ seconds: this.seconds, values })
  }
}

/** Without what was before. */
export function pointsFrom({ seconds, values }: Points, from: number): Points {
  const first = Array.from(seconds).findIndex((at) => at >= from)
  if (first < 0) return { seconds: [], values: [] }
  return { seconds: Array.from(seconds).slice(first), values: Array.from(values).slice(first) }
}

/** An empty device has no ratio, one that was not read no latency: telemetry then says zero. */
export function withoutZeros(points: Points | undefined): Points | undefined {
  return points && { seconds: points.seconds, values: Array.from(points.values, (value) => value || NaN) }
}

/** How much it grew since the time before, per second. */
export function rateOf({ seconds, values }: Points): Points {
  return quotientOf(seconds, values, seconds)
}

/** How much one grew for each that the other grew; no value where the other stood. */
export function quotientOf(seconds: ArrayLike<number>, upper: ArrayLike<number>, lower: ArrayLike<number>): Points {
  const length = Math.max(0, seconds.length - 1)
  const times = new Float64Array(length)
  const values = new Float64Array(length)
  for (let i = 0; i < length; i++) {
    const grown = lower[i + 1]! - lower[i]!
    times[i] = seconds[i + 1]!
    values[i] = grown > 0 ? (upper[i + 1]! - upper[i]!) / grown : NaN
  }
  return { seconds: times, values }
}

/** Of what stands at each time; no value counts as nothing. */
export function sumOf(series: readonly ArrayLike<number>[]): Float64Array {
  const sum = new Float64Array(series[0]?.length ?? 0)
  for (const values of series) for (let i = 0; i < sum.length; i++) sum[i]! += values[i]! || 0
  return sum
}

export interface Extremes {
  readonly least: number
  readonly greatest: number
  readonly greatestAtSeconds: number
  readonly last: number
}

/** Undefined if there is no value at all. */
export function extremesOf({ seconds, values }: Points): Extremes | undefined {
  let found: Extremes | undefined
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (Number.isNaN(value)) continue
    found = {
      least: Math.min(found?.least ?? value, value),
      greatest: found && found.greatest >= value ? found.greatest : value,
      greatestAtSeconds: found && found.greatest >= value ? found.greatestAtSeconds : seconds[i]!,
      last: value,
    }
  }
  return found
}
