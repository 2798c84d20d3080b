/** A chart as data: what it shows, in which measure, and the words for who cannot see it. */
import { axisUnitOf, type AxisUnit, type Measure, shownAs } from './measure.ts'
import type { Mark } from './marks.ts'
import { extremesOf, type Points, sumOf } from './series.ts'

export interface Curve {
  readonly name: string
  readonly colour: string
  readonly points: Points
}

/** A line across the chart that values are to be compared with. */
export interface Level {
  readonly name: string
  readonly value: number
}

export interface Figure {
  readonly title: string
  /** The actor that it is of, if it is of one. */
  readonly subject?: string
  readonly measure: Measure
  /** Stacked, the first at the bottom; all at the same times. */
  readonly areas?: readonly Curve[]
  readonly lines?: readonly Curve[]
  readonly levels?: readonly Level[]
  readonly marks: readonly Mark[]
  /** Where its time begins; default 0. */
  readonly fromSeconds?: number
  /** What a reader has to know to read it. */
  readonly note?: string
}

export interface Bounds {
  readonly low: number
  readonly high: number
  readonly unit: AxisUnit
}

/** The least and the greatest that the chart has to show. Only ratios need not begin at zero. */
export function boundsOf({ areas = [], lines = [], levels = [], measure }: Figure): Bounds {
  const relative = measure === 'times' || measure === 'ratio'
  const found = lines.flatMap(({ points }) => extremesOf(points) ?? [])
  const tops = [...found.map(({ greatest }) => greatest), ...levels.map(({ value }) => value), stackTop(areas)]
  const bottoms = [...found.map(({ least }) => least), ...(relative && areas.length === 0 ? [] : [0])]
  const least = Math.min(...bottoms)
  // A flat line needs room too: a fiftieth of what it is at.
  const high = Math.max(...tops, least + Math.max(Math.abs(least) / 50, 1e-9))
  // A trace below zero is no reason for an axis that goes there.
  const low = least < 0 && least > -high / 20 ? 0 : least
  return { low, high, unit: axisUnitOf(measure, Math.max(Math.abs(low), high)) }
}

function stackTop(areas: readonly Curve[]): number {
  return sumOf(areas.map(({ points }) => points.values)).reduce((top, value) => Math.max(top, value), -Infinity)
}

/** Whether there is anything but zeros to see. */
export function hasNews({ areas = [], lines = [] }: Figure): boolean {
  return [...areas, ...lines].some(({ points }) => {
    const found = extremesOf(points)
    return found !== undefined && (found.least !== 0 || found.greatest !== 0)
  })
}

/** For a reader who does not see the chart: what it shows, and of each curve its end and its peak. */
export function wordsOf(figure: Figure, seconds: number): string {
  const { title, subject, measure, areas = [], lines = [], levels = [], fromSeconds = 0 } = figure
  const shown = (value: number): string => shownAs(measure, value)
  const curves = [...areas, ...lines].flatMap(({ name, points }) => {
    const found = extremesOf(points)
    if (found === undefined) return `${name}: no value`
    const { greatest, greatestAtSeconds, last } = found
    return `${name}: ${shown(last)} at the end, at most ${shown(greatest)} at ${greatestAtSeconds.toFixed(1)} s`
  })
  const limits = levels.map(({ name, value }) => `${name} ${shown(value)}`)
  const whose = subject === undefined ? '' : ` of ${subject}`
  return [`Chart: ${title}${whose}, from ${fromSeconds.toFixed(1)} to ${seconds.toFixed(1)} s`, ...limits, ...curves].join('. ')
}
