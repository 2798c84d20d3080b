/** An axis of a sweep: a path of the scenario (as `--set` takes it) and the values it is to have, listed or between two ends. */
import { exp, log } from '#shared/arithmetic.ts'
import { parseByteRate, parseBytes, parseEventRate, parsePercentage, parseTime, UnitError } from '#shared/units.ts'
import type { AxisForm } from './form.ts'

export interface AxisValue {
  /** As it is set: `512MiB`, `hard`, `{"policy":"none"}`. */
  readonly text: string
  /** In the base unit of what it is; undefined for what is no quantity. */
  readonly number: number | undefined
}

export interface Axis {
  /** `workloads.bear.rate`. */
  readonly path: string
  /** Of the column that holds its values, with their unit: `workloads_bear_rate_bytesPerSecond`. */
  readonly column: string
  /** Whether its values are quantities, and so have an order. */
  readonly numeric: boolean
  /** The values of a grid, in their order; of a range without steps its two ends. */
  readonly values: readonly AxisValue[]
  /** The value at a share of the way from the first to the last, in [0, 1). */
  readonly at: (share: number) => AxisValue
}

interface Dimension {
  /** Ends the name of a column. */
  readonly unit: string
  readonly parse: (text: string) => number
}

const SECONDS = (text: string): number => parseTime(text) / 1e9
const DIMENSIONS: readonly Dimension[] = [
  { unit: 'bytes', parse: parseBytes },
  { unit: 'seconds', parse: SECONDS },
  { unit: 'bytesPerSecond', parse: parseByteRate },
  { unit: 'perSecond', parse: parseEventRate },
  { unit: 'fraction', parse: parsePercentage },
]
/** Digits of a value between two ends: more say nothing to who reads them. */
const DIGITS = 6

/** What keeps an axis from being one, and what was expected. */
export class AxisError extends Error {
  readonly expected: string

  constructor(problem: string, expected: string) {
    super(problem)
    this.name = 'AxisError'
    this.expected = expected
  }
}

/** Throws an AxisError. */
export function axisOf(path: string, form: AxisForm): Axis {
  const listed = 'values' in form
  const given = listed ? form.values : [form.from, form.to]
  const dimension = dimensionOf(given)
  const value = (raw: unknown): AxisValue => ({ text: textOf(raw), number: numberOf(raw, dimension) })
  const values = given.map(value)
  const numeric = values.every((one) => one.number !== undefined)
  const column = `${path.replaceAll('*', 'each').replaceAll(/\W/g, '_')}${dimension ? `_${dimension.unit}` : ''}`
  if (new Set(values.map(({ text }) => text)).size < values.length) {
    throw new AxisError(listed ? 'has a value twice' : 'begins and ends with the same value', 'values that differ')
  }
  if (listed) {
    const at = (share: number): AxisValue => values[Math.floor(share * values.length)]!
    return { path, column, numeric, values, at }
  }
  if (!numeric)
    throw new AxisError('its ends are not two quantities of one kind', 'from and to such as 1GiB and 4GiB, or 1 and 8')
  const [first, last] = values as [AxisValue, AxisValue]
  const { scale = 'linear', whole = false, steps = 2 } = form
  if (scale === 'log' && !(first.number! > 0 && last.number! > 0)) {
    throw new AxisError('has an end that is not above zero', 'ends above zero, or scale: linear')
  }
  const at = (share: number): AxisValue => value(between(form.from, form.to, share, scale === 'log', whole))
  // The ends are the ends as they were written.
  const stepped = Array.from({ length: steps }, (_, i) => (i === 0 ? first : i === steps - 1 ? last : at(i / (steps - 1))))
  return { path, column, numeric, values: stepped, at }
}

/** In the unit of the first end. */
function between(from: string | number, to: string | number, share: number, geometric: boolean, whole: boolean): string | number {
  const unit = typeof from === 'number' ? '' : /[A-Za-z%/]+$/.exec(from)![0]
  const scale = unit === '' ? 1 : numberOf(`1${unit}`, dimensionOf([from]))!
  const low = numberOf(from, dimensionOf([from]))! / scale
  const high = numberOf(to, dimensionOf([to]))! / scale
  const exact = geometric ? exp(log(low) + share * (log(high) - log(low))) : low + share * (high - low)
  const rounded = whole ? Math.round(exact) : Number(exact.toPrecision(DIGITS))
  return unit === '' ? rounded : `${decimal(rounded)}${unit}`
}

/** Quantities have no exponents, and twelve decimals at most. */
function decimal(value: number): string {
  const text = String(value)
  return text.includes('e') ? value.toFixed(12).replace(/\.?0+$/, '') : text
}

/** Undefined for plain numbers, for words, and for values of several kinds. */
function dimensionOf(values: readonly unknown[]): Dimension | undefined {
  return DIMENSIONS.find(({ parse }) => values.every((value) => typeof value === 'string' && parsed(parse, value) !== undefined))
}

function numberOf(value: unknown, dimension: Dimension | undefined): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'string' && dimension ? parsed(dimension.parse, value) : undefined
}

function parsed(parse: (text: string) => number, text: string): number | undefined {
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof UnitError) return undefined
    throw error
  }
}

/** Quoted only where YAML would take it for something else. */
const PLAIN = /^(?!(?:true|false|null)$)(?:[A-Za-z][\w-]*|\d+(?:\.\d+)?[A-Za-z%/]+)$/i

export function textOf(value: unknown): string {
  return typeof value === 'string' && PLAIN.test(value) ? value : JSON.stringify(value)
}
