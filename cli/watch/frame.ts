/**
 * A picture as the lines of a terminal, never more or wider than asked for. Where there are few rows, events go first, then
 * workloads, blank lines, wide bars and titles; at the least it is one line for the run and some devices and hosts.
 */
import type { Status } from '#shared/observe/broadcast.ts'
import { flatDevices, tallDevices } from './device-view.ts'
import { eventForm, eventLine } from './event-line.ts'
import { footnotes, headline, PATIENCE_SECONDS, progressRule, remarks } from './headline.ts'
import { hostTable } from './host-view.ts'
import { cut, paint, span, type Line } from './line.ts'
import type { Picture } from './picture.ts'
import { workloadCounts, workloadLines } from './workload-line.ts'

export interface FrameOptions {
  readonly colour: boolean
  /** For how long nothing was heard of the run. */
  readonly silentSeconds?: number
}

/** Below this an event's time has but one decimal. */
const NARROW_COLUMNS = 60
/** No remark takes more of a frame. */
const REMARK_LINES_MAX = 3

export function frame(
  picture: Picture,
  columns: number,
  rows: number,
  { colour, silentSeconds = 0 }: FrameOptions,
): readonly string[] {
  const { status } = picture
  const lines = status === undefined ? nothingYet(silentSeconds, columns) : layout(picture, status, silentSeconds, columns, rows)
  return lines.slice(0, rows).map((line) => paint(cut(line, columns), colour))
}

function nothingYet(silentSeconds: number, columns: number): Line[] {
  const news = silentSeconds >= PATIENCE_SECONDS ? 'waiting for a run …' : 'listening …'
  return [cut([span('coldpool watch', 'bold'), span(` · ${news}`, 'dim')], columns), [span('q quits', 'dim')]]
}

/** How much of everything is shown; every level shows less than the one before. */
interface Level {
  readonly head: 'whole' | 'short'
  readonly blanks: boolean
  readonly titles: boolean
  /** Under a device's figures, or beside them. */
  readonly bars: 'tall' | 'flat'
  readonly workloads: 'each' | 'counts' | 'none'
  /** There must be room for at least so many. */
  readonly events: number
}

const LEVELS: readonly Level[] = [
  { head: 'whole', blanks: true, titles: true, bars: 'tall', workloads: 'each', events: 5 },
  { head: 'whole', blanks: true, titles: true, bars: 'tall', workloads: 'counts', events: 3 },
  { head: 'whole', blanks: false, titles: true, bars: 'tall', workloads: 'counts', events: 2 },
  { head: 'whole', blanks: false, titles: true, bars: 'tall', workloads: 'none', events: 1 },
  { head: 'whole', blanks: false, titles: true, bars: 'flat', workloads: 'none', events: 1 },
  { head: 'short', blanks: false, titles: true, bars: 'flat', workloads: 'none', events: 0 },
  { head: 'short', blanks: false, titles: false, bars: 'flat', workloads: 'none', events: 0 },
]

function layout(picture: Picture, status: Status, silentSeconds: number, columns: number, rows: number): readonly Line[] {
  for (const level of LEVELS) {
    const blocks = blocksOf(picture, status, silentSeconds, columns, level)
    const gap = level.blanks ? 1 : 0
    const events = Math.min(level.events, picture.events.length)
    const height = stacked(blocks, gap).length
    const room = rows - height - (events > 0 ? gap : 0)
    if (room < events) continue
    const last = eventLines(picture, Math.max(0, room), columns)
    return stacked([...blocks, last], gap)
  }
  return squeezed(picture, status, silentSeconds, columns, rows)
}

function blocksOf(picture: Picture, status: Status, silentSeconds: number, columns: number, level: Level): Line[][] {
  const { head, bars, titles, workloads } = level
  const devices = (bars === 'tall' ? tallDevices : flatDevices)(picture, status, columns)
  const hosts = hostTable(picture, status, columns)
  return [
    head === 'short'
      ? [headline(status, columns), ...remarks(status, silentSeconds, columns).slice(0, 1)]
      : [
          headline(status, columns),
          footnotes(status, columns),
          progressRule(status, columns),
          ...remarks(status, silentSeconds, columns).slice(0, REMARK_LINES_MAX),
        ],
    [...(titles ? [devices.head] : []), ...devices.rows],
    [...(titles ? [hosts.head] : []), ...hosts.rows],
    workloads === 'each'
      ? workloadLines(status, columns)
      : workloads === 'counts' && status.workloads.length > 0
        ? [workloadCounts(status, columns)]
        : [],
  ]
}

function stacked(blocks: readonly (readonly Line[])[], gap: number): Line[] {
  return blocks
    .filter((block) => block.length > 0)
    .flatMap((block, i) => [...(i === 0 ? [] : Array.from({ length: gap }, (): Line => [])), ...block])
}

function eventLines(picture: Picture, count: number, columns: number): Line[] {
  const events = count === 0 ? [] : picture.events.slice(-count)
  const form = eventForm(picture, events, columns < NARROW_COLUMNS ? 1 : 3)
  return events.map((event) => cut(eventLine(picture, event, form), columns))
}

/** More devices and hosts than rows: the first of each. */
function squeezed(picture: Picture, status: Status, silentSeconds: number, columns: number, rows: number): readonly Line[] {
  const head = [headline(status, columns), ...remarks(status, silentSeconds, columns).slice(0, 1)]
  const devices = flatDevices(picture, status, columns).rows
  const hosts = hostTable(picture, status, columns).rows
  const room = Math.max(0, rows - head.length)
  const forDevices = Math.max(Math.floor(room / 2), room - hosts.length)
  const shown = some(devices, forDevices)
  return [...head, ...shown, ...some(hosts, room - shown.length)]
}

/** The first ones, and in the last row how many more there are. */
function some(lines: readonly Line[], count: number): readonly Line[] {
  if (lines.length <= count) return lines
  if (count <= 1) return lines.slice(0, Math.max(0, count))
  return [...lines.slice(0, count - 1), [span(`… ${lines.length - count + 1} more`, 'dim')]]
}
