/** A mark as a person would say it. */
import { formatBytes, formatByteRate, formatCount } from '#shared/units.ts'
import type { Mark } from '#simulation/dashboard/marks.ts'

const FORMS: readonly (readonly [ending: string, format: (value: number) => string])[] = [
  ['bytesPerSecond', formatByteRate],
  ['BytesPerSecond', formatByteRate],
  ['PerSecond', (rate) => `${formatCount(rate)}/s`],
  ['Bytes', formatBytes],
]

/** `low-threshold: headroom 51.0 MiB`. */
export function wordsOf({ code, fields }: Mark): string {
  const more = Object.entries(fields).map(([key, value]) => {
    if (typeof value === 'string') return `${key} ${value}`
    const [ending, format] = FORMS.find(([end]) => key.endsWith(end)) ?? ['', formatCount]
    return `${key.slice(0, key.length - ending.length)} ${format(value)}`.trim()
  })
  return more.length > 0 ? `${code}: ${more.join(', ')}` : code
}
