/** A run as the page knows it: the last status, the history of samples, the marks. */
import type { Status } from '#shared/observe/broadcast.ts'
import type { News, Whole } from '#simulation/dashboard/board.ts'
import type { Row } from '#simulation/dashboard/frame.ts'
import { History } from '#simulation/dashboard/history.ts'
import type { Mark } from '#simulation/dashboard/marks.ts'

/** Bytes of a page of memory, as shared/page/page-table.ts has it; the page's scripts do not load that. */
export const PAGE_BYTES = 4096
/** Rates are taken over at least this much virtual time, so that one batch does not look like a flood. */
export const RATE_SECONDS = 0.5
const MARKS_MAX = 3000

export type Series = readonly (number | null)[]

export class Run {
  status: Status | undefined
  acts = false
  marks: Mark[] = []
  /** From old to new. */
  rows: readonly Row[] = []
  times: readonly number[] = []
  /** Goes up with every run that begins. */
  number = 0
  #quantumSeconds = 0
  readonly #history = new History<Row>()
  #places = new Map<string, number>()

  begin({ status, quantumSeconds, columns, rows, marks, acts }: Whole): void {
    this.number++
    this.status = status ?? undefined
    this.acts = acts
    this.marks = [...marks]
    this.#quantumSeconds = quantumSeconds
    this.#places = new Map(
      columns.flatMap(([actor, keys]) => keys.map((key) => `${actor} ${key}`)).map((name, i) => [name, i + 1]),
    )
    this.#history.clear()
    for (const row of rows) this.#history.add(row)
    this.#lookBack()
  }

  take({ status, quantumSeconds, rows, marks }: News): void {
    if (status) this.status = status
    this.#quantumSeconds = quantumSeconds
    for (const row of rows) this.#history.add(row)
    if (rows.length > 0) this.#lookBack()
    if (marks.length > 0) this.marks = [...this.marks, ...marks].slice(-MARKS_MAX)
  }

  /** Virtual seconds of the last sample. */
  get now(): number {
    return this.times.at(-1) ?? 0
  }

  secondsOf(mark: Mark): number {
    return mark.quantum * this.#quantumSeconds
  }

  /** Where in a row a value stands; −1, where nothing does, if nobody reports it. */
  place(actor: string, key: string): number {
    return this.#places.get(`${actor} ${key}`) ?? -1
  }

  value(actor: string, key: string, row = this.rows.at(-1)): number | undefined {
    return row?.[this.place(actor, key)] ?? undefined
  }

  /** Growth of a counter per virtual second up to a row (default: the last one), over at least so long. */
  rate(actor: string, key: string, span = RATE_SECONDS, at = this.rows.length - 1): number | undefined {
    const before = this.before(at, span)
    const [now, then] = [this.value(actor, key, this.rows[at]), this.value(actor, key, this.rows[before])]
    if (before === at || now === undefined || then === undefined) return undefined
    return (now - then) / (this.times[at]! - this.times[before]!)
  }

  /** The row that lies at least so long before another; the first one, if there is none. */
  before(at: number, span: number): number {
    let i = at
    while (i > 0 && this.times[at]! - this.times[i]! < span - 1e-9) i--
    return Math.max(0, i)
  }

  /** The row nearest to a time; −1 if there are none. */
  at(seconds: number): number {
    let low = 0
    let high = this.times.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.times[middle]! < seconds) low = middle + 1
      else high = middle
    }
    if (low > 0 && seconds - this.times[low - 1]! < this.times[low]! - seconds) return low - 1
    return high
  }

  values(actor: string, key: string): Series {
    const place = this.place(actor, key)
    return this.rows.map((row) => row[place] ?? null)
  }

  /** The sum over several actors; null where nobody reports one. */
  total(of: readonly (readonly [actor: string, key: string])[]): Series {
    const places = of.map(([actor, key]) => this.place(actor, key))
    return this.rows.map((row) => {
      const known = places.flatMap((place) => row[place] ?? [])
      return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0)
    })
  }

  rates(actor: string, key: string, span = RATE_SECONDS): Series {
    return growth(this.times, this.values(actor, key), span)
  }

  #lookBack(): void {
    this.rows = this.#history.items
    this.times = this.rows.map(([seconds]) => seconds)
  }
}

/** Of a counter, its growth per second at each time, over at least so long. */
export function growth(times: readonly number[], values: Series, span: number): Series {
  let from = 0
  return values.map((value, i) => {
    while (from + 1 < i && times[i]! - times[from + 1]! >= span - 1e-9) from++
    const before = values[from]
    if (value === null || before == null || times[i]! <= times[from]!) return null
    return (value - before) / (times[i]! - times[from]!)
  })
}
