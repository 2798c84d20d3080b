/** What kind of quantity a figure is: how it is written, and in which unit an axis shows it. */
import { formatByteRate, formatBytes, formatCount, formatPercentage, formatTime } from '#shared/units.ts'

export type Measure = 'bytes' | 'bytes/s' | 'count' | 'count/s' | 'fraction' | 'ratio' | 'times' | 'seconds' | 'ns'

export function shownAs(measure: Measure, value: number): string {
  if (!Number.isFinite(value)) return '–'
  switch (measure) {
    case 'bytes':
      return formatBytes(value)
    case 'bytes/s':
      return formatByteRate(value)
    case 'count':
      return formatCount(value)
    case 'count/s':
      return `${formatCount(value)}/s`
    case 'fraction':
      return formatPercentage(value)
    case 'ratio':
      return value.toFixed(2)
    case 'times':
      return `${value.toFixed(3)}×`
    case 'seconds':
      return value === 0 ? '0 s' : formatTime(value * 1e9)
    case 'ns':
      return value < 10_000 ? `${Math.round(value)} ns` : formatTime(value)
  }
}

export interface AxisUnit {
  /** Empty for a plain number. */
  readonly name: string
  readonly divisor: number
}

const BINARY: readonly AxisUnit[] = unitsOf(1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB'])
const BYTE_RATES: readonly AxisUnit[] = unitsOf(1000, ['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s'])
const COUNTS: readonly AxisUnit[] = unitsOf(1000, ['', 'thousand', 'million', 'billion'])
const COUNT_RATES: readonly AxisUnit[] = unitsOf(1000, ['1/s', 'k/s', 'M/s', 'G/s'])

/** The unit in which the greatest value is a number that is easy to read. */
export function axisUnitOf(measure: Measure, greatest: number): AxisUnit {
  const fitting = (units: readonly AxisUnit[]): AxisUnit => units.findLast(({ divisor }) => greatest >= divisor) ?? units[0]!
  switch (measure) {
    case 'bytes':
      return fitting(BINARY)
    case 'bytes/s':
      return fitting(BYTE_RATES)
    case 'count':
      return fitting(COUNTS)
    case 'count/s':
      return fitting(COUNT_RATES)
    case 'fraction':
      return { name: '%', divisor: 0.01 }
    case 'ratio':
      return { name: '', divisor: 1 }
    case 'times':
      return { name: '×', divisor: 1 }
    case 'seconds':
      return { name: 's', divisor: 1 }
    case 'ns':
      return { name: 'ns', divisor: 1 }
  }
}

function unitsOf(base: number, names: readonly string[]): AxisUnit[] {
  return names.map((name, power) => ({ name, divisor: base ** power }))
}

/** Names that say how much of a whole, in a word. */
const FRACTIONS = new Set(['coverage', 'accuracy', 'utilisation', 'peakUtilisation'])

/** Of a figure in the verdict or a column of the metrics, by its name: names end in their unit. `refused.full` is a count. */
export function measureOf(path: string): Measure {
  const parts = path.split('.')
  const own = parts.at(-1)!
  const endsIn = (ending: string): boolean => parts.some((part) => part.endsWith(ending))
  if (FRACTIONS.has(own) || endsIn('Share') || endsIn('Fraction')) return 'fraction'
  if (own.startsWith('slowdown')) return 'times'
  if (own.endsWith('Ratio')) return 'ratio'
  if (endsIn('BytesPerSecond') || own === 'bytesPerSecond') return 'bytes/s'
  if (endsIn('PerSecond')) return 'count/s'
  if (endsIn('Bytes')) return 'bytes'
  if (endsIn('Seconds')) return 'seconds'
  if (endsIn('Ns')) return 'ns'
  // Milliseconds are shown as the seconds they are (valueOf).
  return endsIn('Ms') ? 'seconds' : 'count'
}

/** In the unit that the measure is in. */
export function valueOf(path: string, value: number): number {
  return path.split('.').some((part) => part.endsWith('Ms')) ? value / 1000 : value
}

export function shownFigure(path: string, value: number): string {
  return shownAs(measureOf(path), valueOf(path, value))
}

/** `peakUsedBytes` as `peak used`, `byHost.host-1.readNs.p99` as `by host host-1 read p99`: without the unit, which its value has. */
export function titleOf(path: string): string {
  if (path === 'bytesPerSecond') return 'rate'
  const parts = path.split('.').map((part) => part.replace(/(?<=.)(?:BytesPerSecond|PerSecond|Bytes|Seconds|Ns|Ms)$/, ''))
  return parts.map((part) => part.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)).join(' ')
}
