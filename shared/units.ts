/**
 * Quantities as people write them: `64GiB`, `1ms`, `20GB/s`, `2M/s`, `10%`. Parsing is strict and exact (decimal digits
 * times the unit in whole-number arithmetic, rounded once at the end); a number without its unit is an error. Signs and
 * exponents have no place in a quantity. Formatting is for tables and prose, not for parsing back.
 */

/** The text is no such quantity. It knows what was wrong and what was expected, but not where the text stood. */
export class UnitError extends Error {
  readonly problem: string
  readonly expected: string

  constructor(problem: string, expected: string) {
    super(`${problem}; expected ${expected}`)
    this.name = 'UnitError'
    this.problem = problem
    this.expected = expected
  }
}

interface Dimension {
  readonly noun: string
  readonly example: string
  readonly units: Readonly<Record<string, bigint>>
  /** What the units' values are divided by: 100 for percentages. */
  readonly divisor: bigint
  /** Whether the result is rounded to a whole number. */
  readonly whole: boolean
}

const BYTE_UNITS = {
  B: 1n,
  kB: 10n ** 3n,
  MB: 10n ** 6n,
  GB: 10n ** 9n,
  TB: 10n ** 12n,
  KiB: 1n << 10n,
  MiB: 1n << 20n,
  GiB: 1n << 30n,
  TiB: 1n << 40n,
}

const BYTES: Dimension = { noun: 'a size', example: '64GiB', units: BYTE_UNITS, divisor: 1n, whole: true }
const TIME: Dimension = {
  noun: 'a time',
  example: '10ms',
  units: {
    ns: 1n,
    us: 10n ** 3n,
    ms: 10n ** 6n,
    s: 10n ** 9n,
    m: 60n * 10n ** 9n,
    h: 3600n * 10n ** 9n,
  },
  divisor: 1n,
  whole: false,
}
const BYTE_RATE: Dimension = {
  noun: 'a data rate',
  example: '20GB/s',
  units: Object.fromEntries(Object.entries(BYTE_UNITS).map(([unit, bytes]) => [`${unit}/s`, bytes])),
  divisor: 1n,
  whole: false,
}
const EVENT_RATE: Dimension = {
  noun: 'a rate',
  example: '2M/s',
  units: { '/s': 1n, 'k/s': 10n ** 3n, 'M/s': 10n ** 6n, 'G/s': 10n ** 9n },
  divisor: 1n,
  whole: false,
}
const PERCENTAGE: Dimension = { noun: 'a percentage', example: '10%', units: { '%': 1n }, divisor: 100n, whole: false }

/** Bytes, rounded to a whole number. */
export const parseBytes = (text: string): number => parse(text, BYTES)
/** Nanoseconds. */
export const parseTime = (text: string): number => parse(text, TIME)
/** Bytes per second. */
export const parseByteRate = (text: string): number => parse(text, BYTE_RATE)
/** Events per second. */
export const parseEventRate = (text: string): number => parse(text, EVENT_RATE)
/** A fraction: `10%` is 0.1. */
export const parsePercentage = (text: string): number => parse(text, PERCENTAGE)

function parse(text: string, dimension: Dimension): number {
  const fail = (problem: string): never => {
    const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text
    const units = Object.keys(dimension.units).join(', ')
    throw new UnitError(
      `got ${JSON.stringify(shown)}${problem}`,
      `${dimension.noun} such as ${dimension.example} (a number and one of ${units})`,
    )
  }
  if (text.startsWith('-')) fail(', which is negative')
  // Bounded digits: no text, however long, costs more than a few big-integer operations.
  const match = /^(\d{1,24})(?:\.(\d{1,12}))?([A-Za-z%/]*)$/.exec(text)
  if (match === null) return fail('')
  const [, digits = '', decimals = '', unit = ''] = match
  if (unit === '') fail(' without a unit')
  if (!Object.hasOwn(dimension.units, unit)) fail(`, whose unit ${JSON.stringify(unit)} does not fit here`)
  const quantity = BigInt(digits + decimals) * dimension.units[unit]!
  const divisor = dimension.divisor * 10n ** BigInt(decimals.length)
  const whole = Number(quantity / divisor)
  if (whole >= Number.MAX_SAFE_INTEGER) fail(', which is 2^53 or more')
  const value = whole + Number(quantity % divisor) / Number(divisor)
  return dimension.whole ? Math.round(value) : value
}

/** `2.50 GiB`. */
export function formatBytes(bytes: number): string {
  return inUnits(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB'])
}

/** `20.0 GB/s`. */
export function formatByteRate(bytesPerSecond: number): string {
  return inUnits(bytesPerSecond, 1000, ['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s'])
}

/** `2.00 M`. */
export function formatCount(count: number): string {
  return inUnits(count, 1000, ['', 'k', 'M', 'G', 'T'])
}

/** `31.2 s`, `80 ns`; minutes and hours only where seconds would be hard to read. */
export function formatTime(ns: number): string {
  const s = Math.abs(ns) / 1e9
  if (s >= 7200) return `${significant(ns / 3600e9)} h`
  if (s >= 600) return `${significant(ns / 60e9)} min`
  if (s >= 1) return `${significant(ns / 1e9)} s`
  return inUnits(ns, 1000, ['ns', 'us', 'ms', 's'])
}

/** `1.25 %`. */
export function formatPercentage(fraction: number): string {
  return `${significant(fraction * 100)} %`
}

function inUnits(value: number, base: number, units: readonly string[]): string {
  let rest = value
  let power = 0
  // 999.5 would round up to a fourth digit.
  const limit = base === 1000 ? 999.5 : 1023.5
  while (Math.abs(rest) >= limit && power < units.length - 1) {
    rest /= base
    power++
  }
  const number = power === 0 && Number.isInteger(rest) ? String(rest) : significant(rest)
  return `${number} ${units[power]!}`.trimEnd()
}

/** Three significant digits, never in exponent notation; whole numbers from 100 on. */
function significant(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (size >= 99.95) return value.toFixed(0)
  if (size >= 9.995) return value.toFixed(1)
  return value.toFixed(2)
}
