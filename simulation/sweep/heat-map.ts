/** Two axes of a sweep against each other: the mean of a figure in each cell. */
import { type Analysis, meanOf, type Point } from './analysis.ts'
import type { FigureName } from './figures.ts'
import { type Level, levelsOf } from './levels.ts'

export interface HeatMap {
  /** Places of the axes; a sweep of one axis has no second. */
  readonly x: number
  readonly y: number | undefined
  readonly columns: readonly Level[]
  /** From the highest level down to the lowest, as on a map. */
  readonly rows: readonly Level[]
}

/** With more cells, a sweep of some hundred settings would leave many of them empty. */
const PARTS_MAX = 5

/** Of the axes that the sweep's file names, else of those that move the worst slowdown most. */
export function heatMapOf({ sweep, points, effects }: Analysis): HeatMap {
  const { axes, heatMap } = sweep
  const place = (path: string | undefined): number => axes.findIndex((axis) => axis.path === path)
  const strongest = effects.slowdownWorst.map(({ axis }) => axes.indexOf(axis))
  const all = [...strongest, ...axes.keys()]
  const x = heatMap.x === undefined ? all.find((i) => i !== place(heatMap.y))! : place(heatMap.x)
  const y = heatMap.y === undefined ? all.find((i) => i !== x) : place(heatMap.y)
  const columns = levelsOf(axes[x]!, x, points, PARTS_MAX)
  const rows = y === undefined ? [{ name: 'all settings', points }] : levelsOf(axes[y]!, y, points, PARTS_MAX).toReversed()
  return { x, y, columns, rows }
}

/** NaN where no setting is. */
export function cellsOf({ rows, columns }: HeatMap, name: FigureName): number[][] {
  const own = columns.map(({ points }) => new Set<Point>(points))
  return rows.map((row) =>
    own.map((column) => meanOf(row.points.filter((point) => column.has(point)).map(({ means }) => means[name]))),
  )
}
