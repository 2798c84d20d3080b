/** The devices of a picture: what fills each of them, and how it is doing. */
import { REFUSAL_REASONS } from '#shared/messages.ts'
import type { Status } from '#shared/observe/broadcast.ts'
import { formatBytes, formatCount, formatPercentage } from '#shared/units.ts'
import { bar } from './bar.ts'
import { joined, plain, span, type Line, type Span, type Style } from './line.ts'
import type { Picture } from './picture.ts'
import { BYTES_WIDTH, fitting, table, widthOfTable, type Column, type Table } from './table.ts'

/** `85.1 % moderate`. */
const LOAD_WIDTH = 15
/** A bar on the same line as the figures has at least this share of it, and pushes out figures for that. */
const BAR_SHARE = 1 / 4
/** A shorter bar says nothing. */
const BAR_WIDTH_MIN = 8
/** The highest rank of a figure that gets a line of its own if need be. */
const MATTERS = 6
/** DevLoad classes (FACTS 6) by the utilisation from which each is meant, as in services/device/load.ts. */
const LOAD_CLASSES: readonly (readonly [number, string, Style | undefined])[] = [
  [0.9, 'severe', 'redBright'],
  [0.7, 'moderate', 'yellowBright'],
  [0.25, 'optimal', 'green'],
  [0, 'light', 'green'],
]

/** A line a device, its bar between name and figures. */
export function flatDevices(picture: Picture, status: Status, width: number): Table {
  const columns = figures(picture, status)
  const [name, ...rest] = fitting(columns, width - Math.max(BAR_WIDTH_MIN, Math.floor(width * BAR_SHARE)) - 2)
  const barWidth = width - widthOfTable([name!, ...rest]) - 2
  if (barWidth < BAR_WIDTH_MIN) return table([name!, ...rest], width)
  const cells = Object.keys(status.devices).map((id) => bar(picture, status, id, barWidth))
  return table([name!, { title: '', cells, rank: 0, side: 'left' }, ...rest], width)
}

/** Figures, under them a bar as wide as the terminal, and what has found no room above if it matters. */
export function tallDevices(picture: Picture, status: Status, width: number): Table {
  const columns = figures(picture, status)
  const { head, rows } = table(columns, width)
  const chosen = fitting(columns, width)
  const others = columns.filter((column) => column.rank <= MATTERS && !chosen.includes(column))
  const rest = (i: number): Line =>
    joined(
      others.map(({ title, cells }) => [span(`${title} `, 'dim'), ...cells[i]!]),
      width,
    )
  return {
    head,
    rows: Object.keys(status.devices).flatMap((id, i) => [
      rows[i]!,
      bar(picture, status, id, width),
      ...(others.length > 0 ? [rest(i)] : []),
    ]),
  }
}

function figures(picture: Picture, status: Status): readonly Column[] {
  const devices = Object.entries(status.devices)
  const column = (title: string, rank: number, side: Column['side'], cell: (id: string) => Line, least = 0): Column => ({
    title,
    rank,
    side,
    least,
    cells: devices.map(([id]) => cell(id)),
  })
  const amount = (key: string, format: (value: number) => string, alarm?: Style) => (id: string) => [
    number(picture.value(id, key), format, alarm),
  ]
  const poisoned = column('poisoned', 7, 'right', amount('poisonedPages', formatCount, 'redBright'))
  return [
    column('device', 0, 'left', (id) => [span(plain(id), 'bold')]),
    column('used', 1, 'right', amount('usedBytes', formatBytes), BYTES_WIDTH),
    column('of', 3, 'left', (id) => [span(formatBytes(status.devices[id]!.physicalBytes))]),
    column('headroom', 9, 'right', amount('headroomBytes', formatBytes), BYTES_WIDTH),
    column(
      'ratio',
      5,
      'right',
      amount('compressionRatio', (ratio) => ratio.toFixed(2)),
    ),
    column('load', 4, 'left', (id) => loadOf(picture.value(id, 'utilisation')), LOAD_WIDTH),
    column('pressure', 2, 'left', (id) => pressureOf(picture.value(id, 'pressure'))),
    column('low–high', 10, 'left', (id) => limitsOf(status.devices[id]!)),
    column('refused/s', 8, 'right', (id) => [number(refusedRate(picture, id), formatCount, 'yellowBright')]),
    column('refused', 6, 'right', (id) => [number(refusedBy(picture, id), formatCount)]),
    ...(devices.some(([id]) => (picture.value(id, 'poisonedPages') ?? 0) > 0) ? [poisoned] : []),
  ]
}

/** `–` for what is not known; `alarm` is the style of a value other than 0. */
export function number(value: number | undefined, format: (value: number) => string, alarm?: Style): Span {
  if (value === undefined) return span('–', 'dim')
  return value === 0 ? span(format(value), 'dim') : span(format(value), alarm)
}

function loadOf(utilisation: number | undefined): Line {
  if (utilisation === undefined) return [span('–', 'dim')]
  const [, name, style] = LOAD_CLASSES.find(([from]) => utilisation >= from) ?? LOAD_CLASSES.at(-1)!
  return [span(formatPercentage(utilisation)), span(` ${name}`, style)]
}

function pressureOf(level: number | undefined): Line {
  if (level === undefined) return [span('–', 'dim')]
  return [level > 0 ? span('pressed', ['redBright', 'bold']) : span('at ease', 'green')]
}

function limitsOf({ lowFraction, highFraction }: Status['devices'][string]): Line {
  return [span(`${percent(lowFraction)}–${percent(highFraction)} %`, 'dim')]
}

function percent(fraction: number): string {
  return String(Number((fraction * 100).toFixed(1)))
}

function refusedRate(picture: Picture, id: string): number | undefined {
  return total(REFUSAL_REASONS.map((reason) => picture.rate(id, `refused.${reason}`)))
}

/** Pages that a device has refused, for whatever reason. */
export function refusedBy(picture: Picture, id: string): number | undefined {
  return total(REFUSAL_REASONS.map((reason) => picture.value(id, `refused.${reason}`)))
}

function total(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0)
}
