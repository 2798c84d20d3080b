/** Results as a picture: for each axis an SVG with a panel for each measure, a line for each policy, and the confidence intervals. */
import type { TopLevelSpec } from 'vega-lite'
import { COLOURS, svgOf } from '#simulation/chart.ts'
import type { Axis, Experiment, Results } from './experiment.ts'

const PANEL = { width: 260, height: 200 }
const COLUMNS = 2

export function chartOf(experiment: Experiment, axis: Axis, results: Results): Promise<string> {
  return svgOf(specOf(experiment, axis, results))
}

function specOf({ measures, policies }: Experiment, axis: Axis, results: Results): TopLevelSpec {
  const names = policies.map(({ name }) => name)
  const values = results.points
    .filter((point) => point.axis === axis.name)
    .map(({ at, policy, measure, estimate }) => ({ at, policy, measure, ...estimate }))
  const x = { field: 'at', type: 'quantitative', title: axis.title, scale: { zero: false } } as const
  const color = {
    field: 'policy',
    type: 'nominal',
    title: null,
    scale: { domain: names, range: [...COLOURS] },
    sort: names,
  } as const
  // Colours are told apart by most, shapes by all.
  const shape = { field: 'policy', type: 'nominal', title: null, scale: { domain: names } } as const
  return {
    background: 'white',
    data: { values },
    columns: COLUMNS,
    concat: measures.map(({ name, title }) => ({
      ...PANEL,
      title: { text: title, anchor: 'start' },
      transform: [{ filter: { field: 'measure', equal: name } }],
      layer: [
        { mark: 'line', encoding: { x, y: { field: 'mean', type: 'quantitative', title: null }, color } },
        {
          mark: { type: 'rule', opacity: 0.5 },
          encoding: { x, y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' }, color },
        },
        { mark: { type: 'point', filled: true }, encoding: { x, y: { field: 'mean', type: 'quantitative' }, color, shape } },
      ],
    })),
    config: { legend: { orient: 'bottom', columns: 3, labelLimit: 0 } },
  }
}
