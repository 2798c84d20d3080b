/** An axis cut into levels: the values that it has, or parts of its range where it has more of them than can be told apart. */
import { formatByteRate, formatBytes, formatCount, formatPercentage, formatTime } from '#shared/units.ts'
import type { Point } from './analysis.ts'
import type { Axis, AxisValue } from './axis.ts'

export interface Level {
  /** `512 MiB`, or `512 MiB – 640 MiB`. */
  readonly name: string
  readonly points: readonly Point[]
}

/** A grid keeps its values up to here, whatever is asked for. */
const VALUES_MAX = 12

/**
 * In the order of the values: numbers as they ascend, words as they are listed. `index` is the axis's place; more than VALUES_MAX
 * values are put together into at most `partsMax` levels with as many values each.
 */
export function levelsOf(axis: Axis, index: number, points: readonly Point[], partsMax: number): Level[] {
  const byText = new Map<string, { value: AxisValue; points: Point[] }>()
  const listed = axis.numeric ? [] : axis.values
  for (const value of listed) byText.set(value.text, { value, points: [] })
  for (const point of points) {
    const value = point.setting.values[index]!
    if (!byText.has(value.text)) byText.set(value.text, { value, points: [] })
    byText.get(value.text)!.points.push(point)
  }
  const found = Array.from(byText.values()).filter((one) => one.points.length > 0)
  if (axis.numeric) found.sort((x, y) => x.value.number! - y.value.number!)
  const parts = found.length <= VALUES_MAX ? found.length : partsMax
  return Array.from({ length: parts }, (_, part): Level => {
    const own = found.slice(Math.round((part * found.length) / parts), Math.round(((part + 1) * found.length) / parts))
    const [first, last] = [shownValue(axis, own[0]!.value), shownValue(axis, own.at(-1)!.value)]
    return {
      name: first === last ? first : axis.numeric ? `${first} – ${last}` : `${first} … ${last}`,
      points: own.flatMap((one) => one.points),
    }
  })
}

/** As people read it; words as they are. */
export function shownValue({ column }: Axis, { text, number }: AxisValue): string {
  if (number === undefined) return text
  switch (/_([A-Za-z]+)$/.exec(column)?.[1]) {
    case 'bytes':
      return formatBytes(number)
    case 'seconds':
      return number === 0 ? '0 s' : formatTime(number * 1e9)
    case 'bytesPerSecond':
      return formatByteRate(number)
    case 'perSecond':
      return `${formatCount(number)}/s`
    case 'fraction':
      return formatPercentage(number)
    default:
      return text
  }
}
