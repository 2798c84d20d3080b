/** The charts of a sweep: memory saved against slowdown with its Pareto front, and for each figure a tornado of the axes' effects. */
import type { TopLevelSpec } from 'vega-lite'
import { COLOURS, svgOf } from '../chart.ts'
import { html, type Html } from '../report/html.ts'
import { axisUnitOf } from '../report/measure.ts'
import { OTHERS } from '../report/palette.ts'
import { CONFIG, INK, slim } from '../report/plot.ts'
import type { Analysis, Effect } from './analysis.ts'

export const FRONT_COLOUR = COLOURS[1]
export const SOUND_COLOUR = COLOURS[0]
export const LOSSY_COLOUR = OTHERS
/** Above this ratio of the greatest to the least slowdown, a linear axis would show the slowest alone. */
const LOG_FROM = 20
const BAR_WIDTH = 260

const LABEL = "format(datum.value, '.6~g')"

export async function frontChart({ points, front }: Analysis): Promise<string> {
  const unit = axisUnitOf('bytes', Math.max(...points.map(({ means }) => Math.abs(means.savedBytes))))
  const slowdowns = points.map(({ means }) => means.slowdownWorst)
  const type = Math.max(...slowdowns) / Math.min(...slowdowns) > LOG_FROM ? 'log' : 'linear'
  const kindOf = (point: (typeof points)[number]): string => (front.includes(point) ? 'front' : point.sound ? 'sound' : 'lossy')
  const values = points.map((point) => ({
    x: point.means.savedBytes / unit.divisor,
    y: point.means.slowdownWorst,
    kind: kindOf(point),
  }))
  const line = front.map(({ means }) => ({ x: means.savedBytes / unit.divisor, y: means.slowdownWorst }))
  const x = {
    field: 'x',
    type: 'quantitative',
    scale: { zero: false, padding: 8 },
    axis: { title: `memory saved, ${unit.name}`, labelExpr: LABEL, tickCount: 6 },
  } as const
  const y = {
    field: 'y',
    type: 'quantitative',
    scale: { zero: false, type, padding: 8 },
    axis: { title: 'slowdown of the slowest host, ×', labelExpr: LABEL, tickCount: 5 },
  } as const
  const point = (kind: string, colour: string, shape: string, size: number) =>
    ({
      data: { values: values.filter((value) => value.kind === kind) },
      mark: { type: 'point', shape, size, filled: shape !== 'cross', fill: colour, stroke: colour, strokeWidth: 1, opacity: 1 },
      encoding: { x, y },
    }) as const
  return drawn({
    width: 440,
    height: 280,
    layer: [
      point('lossy', LOSSY_COLOUR, 'cross', 30),
      point('sound', SOUND_COLOUR, 'circle', 26),
      {
        data: { values: line },
        mark: { type: 'line', interpolate: 'step-before', stroke: FRONT_COLOUR, strokeWidth: 1.6 },
        encoding: { x, y, order: { field: 'x', type: 'quantitative' } },
      },
      point('front', FRONT_COLOUR, 'diamond', 70),
    ],
    config: { ...CONFIG, axis: { ...CONFIG.axis, titleColor: INK, titleFontSize: 11, titleFontWeight: 'normal' }, axisY: {} },
  })
}

/** A row of a tornado: a bar from the mean at the level where the figure is lowest to that where it is highest; whiskers from seed to seed. */
export function barOf({ low, high }: Effect, effects: readonly Effect[]): Html {
  const bounds = effects.flatMap((effect) =>
    [effect.low, effect.high].flatMap(({ least, greatest, mean }) => [least, greatest, mean]),
  )
  const [least, most] = [Math.min(...bounds), Math.max(...bounds)]
  const at = (value: number): string =>
    (most > least ? 4 + ((value - least) / (most - least)) * (BAR_WIDTH - 8) : BAR_WIDTH / 2).toFixed(1)
  const width = Math.max(1, Number(at(high.mean)) - Number(at(low.mean))).toFixed(1)
  const whiskers = [low, high].map(
    (one) => `M${at(one.least)},4V14M${at(one.least)},9H${at(one.greatest)}M${at(one.greatest)},4V14`,
  )
  return html`<svg class="bar" viewBox="0 0 ${BAR_WIDTH} 18" aria-hidden="true">
    <rect x="${at(low.mean)}" y="3" width="${width}" height="12" fill="${SOUND_COLOUR}" />
    <path d="${whiskers.join('')}" fill="none" stroke="currentColor" stroke-width="1.2" />
  </svg>`
}

async function drawn(spec: TopLevelSpec): Promise<string> {
  const padding = { left: 2, top: 4, right: 8, bottom: 2 }
  return slim(await svgOf({ background: 'transparent', padding, ...spec }))
}
