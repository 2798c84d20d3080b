/** Draws figures: one description in Vega-Lite serves for all of them, so that it is compiled once. */
import type { TopLevelSpec } from 'vega-lite'
import { stencilOf } from '../chart.ts'
import { boundsOf, type Curve, type Figure } from './figure.ts'
import { sumOf } from './series.ts'
import { labelsOf } from './marks.ts'
import { thinned } from './thinning.ts'

const WIDTH = 352
const HEIGHT = 150
/** Kept of a curve, or of a stack: a point on every second pixel is more than is seen. */
const POINTS_MAX = 200
/** Marks nearer than this share of the width have one label. */
const NEAR = 0.045
/** So that lines are told apart without their colours. */
export const DASHES: readonly (readonly number[])[] = [
  [],
  [7, 2],
  [3, 2],
  [9, 2, 2, 2],
  [5, 4],
  [1, 2],
  [12, 3],
  [6, 2, 1, 2, 1, 2],
]
/** Of levels, which have no colour. */
export const LEVEL_DASHES: readonly (readonly number[])[] = [[], [4, 2], [1, 2]]

/** SVG, without what is the same for all (the page's style sheet has it). */
export type Plot = (figure: Figure) => Promise<string>

export async function plotter(seconds: number): Promise<Plot> {
  const draw = await stencilOf(SPEC)
  return async (figure) => {
    const { low, high, unit } = boundsOf(figure)
    const { areas = [], lines = [], levels = [], marks, fromSeconds = 0 } = figure
    const seen = marks.filter((mark) => mark.seconds >= fromSeconds)
    const scaled = (value: number): number => value / unit.divisor
    const svg = await draw({
      params: { from: fromSeconds, seconds, low: scaled(low), high: scaled(high) },
      data: {
        areas: stacked(areas).map(({ y0, y1, ...row }) => ({ ...row, y0: scaled(y0), y1: scaled(y1) })),
        lines: lines.flatMap((line, i) => rowsOf(line, i)).map(({ y, ...row }) => ({ ...row, y: scaled(y) })),
        levels: levels.map(({ value }, i) => ({ y: scaled(value), dash: LEVEL_DASHES[i % LEVEL_DASHES.length]! })),
        marks: seen.map((mark) => ({ t: mark.seconds })),
        labels: labelsOf(seen, (seconds - fromSeconds) * NEAR).map((label) => ({ t: label.seconds, text: label.text })),
      },
    })
    return slim(svg)
  }
}

/** Tells after each drawing how many there were. */
export function counted(plot: Plot, onDrawn: (drawn: number) => void): Plot {
  let drawn = 0
  return async (figure) => {
    const svg = await plot(figure)
    onDrawn(++drawn)
    return svg
  }
}

function rowsOf({ name, colour, points }: Curve, index: number) {
  const { seconds, values } = points
  return thinned(values.length, [values], POINTS_MAX)
    .filter((i) => Number.isFinite(values[i]))
    .map((i) => ({ t: seconds[i]!, y: values[i]!, colour, name: `${index} ${name}`, dash: DASHES[index % DASHES.length]! }))
}

function stacked(areas: readonly Curve[]) {
  const [first] = areas
  if (first === undefined) return []
  const { seconds } = first.points
  const all = areas.map(({ points }) => points.values)
  // The peak of the whole need not be that of a part.
  const kept = thinned(seconds.length, [...all, sumOf(all)], POINTS_MAX)
  const tops = new Float64Array(seconds.length)
  return areas.flatMap(({ name, colour, points }, index) =>
    kept.map((i) => {
      const y0 = tops[i]!
      const y1 = y0 + (points.values[i]! || 0)
      tops[i] = y1
      return { t: seconds[i]!, y0, y1, colour, name: `${index} ${name}` }
    }),
  )
}

export const INK = 'currentColor'
/** Never in exponent notation: axes have units that fit. */
const NUMBER = "format(datum.value, '.6~g')"
const T = { field: 't', type: 'quantitative' } as const
const COLOUR = { field: 'colour', type: 'nominal', scale: null } as const
const DASH = { field: 'dash', type: 'nominal', scale: null } as const
/** One path for each curve. */
const CURVE = { field: 'name', type: 'nominal' } as const

/** How every chart of a page looks. */
export const CONFIG = {
  aria: false,
  font: 'sans-serif',
  text: { fontSize: 10 },
  view: { stroke: null },
  axis: {
    labelColor: INK,
    labelFontSize: 10.5,
    gridColor: INK,
    gridOpacity: 0.2,
    domainColor: INK,
    domainOpacity: 0.5,
    tickColor: INK,
    tickOpacity: 0.5,
    tickSize: 4,
  },
  axisY: { minExtent: 34, maxExtent: 34 },
} satisfies TopLevelSpec['config']

const SPEC: TopLevelSpec = {
  width: WIDTH,
  height: HEIGHT,
  background: 'transparent',
  padding: { left: 2, top: 2, right: 8, bottom: 2 },
  params: [
    { name: 'from', value: 0 },
    { name: 'seconds', value: 1 },
    { name: 'low', value: 0 },
    { name: 'high', value: 1 },
  ],
  layer: [
    {
      data: { name: 'areas', values: [] },
      mark: { type: 'area', stroke: INK, strokeWidth: 0.4, strokeOpacity: 0.6 },
      encoding: {
        x: {
          ...T,
          scale: { domainMin: { expr: 'from' }, domainMax: { expr: 'seconds' }, nice: false },
          axis: { title: null, tickCount: 6, labelExpr: `${NUMBER} + ' s'` },
        },
        y: {
          field: 'y0',
          type: 'quantitative',
          stack: null,
          scale: { domainMin: { expr: 'low' }, domainMax: { expr: 'high' }, zero: false, nice: 4 },
          axis: { title: null, tickCount: 4, labelExpr: NUMBER },
        },
        y2: { field: 'y1' },
        fill: COLOUR,
        detail: CURVE,
      },
    },
    {
      data: { name: 'lines', values: [] },
      mark: { type: 'line', strokeWidth: 1.6, strokeJoin: 'round' },
      encoding: {
        x: T,
        y: { field: 'y', type: 'quantitative' },
        color: COLOUR,
        detail: CURVE,
        strokeDash: DASH,
      },
    },
    {
      data: { name: 'levels', values: [] },
      mark: { type: 'rule', stroke: INK, strokeWidth: 1.2 },
      encoding: { y: { field: 'y', type: 'quantitative' }, strokeDash: DASH },
    },
    {
      data: { name: 'marks', values: [] },
      mark: { type: 'rule', stroke: INK, strokeWidth: 0.8, strokeDash: [2, 2] },
      encoding: { x: T },
    },
    {
      data: { name: 'labels', values: [] },
      mark: { type: 'text', fill: INK, align: 'center', baseline: 'bottom', y: -3, fontWeight: 'bold' },
      encoding: { x: T, text: { field: 'text', type: 'nominal' } },
    },
  ],
  config: CONFIG,
}

/** Half of what a drawing is made of says nothing in a page: classes, roles, empty paths, digits below a tenth of a pixel. */
export function slim(svg: string): string {
  return svg
    .replace(/^<svg [^>]*viewBox="([^"]*)"[^>]*>/, '<svg viewBox="$1">')
    .replaceAll(/ (?:class|role|aria-\w+|pointer-events|stroke-miterlimit|font-family)="[^"]*"/g, '')
    .replaceAll(/ (?:opacity|stroke-width)="1"| stroke-dasharray=""/g, '')
    .replaceAll(/<path d="(?:M0,0h[\d.]+v[\d.]+h-?[\d.]+Z)?"[^>]*\/?>(?:<\/path>)?/g, '')
    .replaceAll(/<text [^>]*opacity="0"[^>]*>[^<]*<\/text>/g, '')
    .replaceAll(/<rect [^>]*fill="transparent"[^>]*\/?>(?:<\/rect>)?/g, '')
    .replaceAll('<g/>', '')
    .replaceAll(/<[^>]*>/g, (tag) => tag.replaceAll(/(\.\d)\d+/g, '$1'))
}
