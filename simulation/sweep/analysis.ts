/** What a sweep says: settings as means over their seeds, the effect of each axis, and the settings that no other one beats. Pure. */
import type { Axis } from './axis.ts'
import { FIGURE_NAMES, type FigureName, type FigureRow } from './figures.ts'
import { type Level, levelsOf } from './levels.ts'
import type { Outcome } from './outcome.ts'
import type { Setting } from './settings.ts'
import type { Sweep } from './sweep-file.ts'

/** A setting and what it gave, over its seeds. */
export interface Point {
  readonly setting: Setting
  readonly runs: readonly FigureRow[]
  /** Means of what had a value; NaN where no run had one. */
  readonly means: FigureRow
  /** Of no run a device ran out of space, a write was lost or a task was killed. */
  readonly sound: boolean
}

/** At one level of an axis: the mean over all settings there, and the least and greatest of the seeds' own means. */
export interface LevelMean {
  readonly level: Level
  readonly mean: number
  readonly least: number
  readonly greatest: number
}

/** How far an axis moves a figure: from the level at which it is lowest, on average, to that at which it is highest. */
export interface Effect {
  readonly axis: Axis
  readonly low: LevelMean
  readonly high: LevelMean
  readonly size: number
}

export interface Analysis {
  readonly sweep: Sweep
  readonly points: readonly Point[]
  /**
   * Of settings that are sound, or of all if none is: those than which none saves more memory with no more slowdown; by memory
   * saved, the most first.
   */
  readonly front: readonly Point[]
  /** The one of the front that is farthest from the line between its ends, both figures taken as shares of their range. */
  readonly compromise: Point
  /** Of each figure, the largest first. */
  readonly effects: Readonly<Record<EffectName, readonly Effect[]>>
}

/** What effects are drawn of. */
export type EffectName = 'slowdownWorst' | 'closestHeadroomBytes' | 'savedBytes'

/** Quarters of a range that was drawn from: few enough that each has settings to average over. */
const EFFECT_LEVELS_MAX = 4

/** Of a sweep of which all variants have ended. */
export function analyse(sweep: Sweep, outcomes: ReadonlyMap<number, Outcome>): Analysis {
  const points = sweep.settings.map((setting): Point => {
    const runs = Array.from({ length: sweep.seeds }, (_, i) => outcomes.get(setting.number * sweep.seeds + i)!.figures)
    const means = Object.fromEntries(FIGURE_NAMES.map((name) => [name, meanOf(runs.map((run) => run[name]))])) as FigureRow
    return { setting, runs, means, sound: runs.every((run) => run.bearOutrun === 1 && run.oomKills === 0) }
  })
  const sound = points.filter((point) => point.sound)
  const front = frontOf(sound.length > 0 ? sound : points)
  const effects = {
    slowdownWorst: effectsOf(sweep, points, 'slowdownWorst'),
    closestHeadroomBytes: effectsOf(sweep, points, 'closestHeadroomBytes'),
    savedBytes: effectsOf(sweep, points, 'savedBytes'),
  }
  return { sweep, points, front, compromise: compromiseOf(front), effects }
}

export function meanOf(values: readonly number[]): number {
  const finite = values.filter(Number.isFinite)
  return finite.length === 0 ? NaN : finite.reduce((sum, value) => sum + value, 0) / finite.length
}

function frontOf(points: readonly Point[]): Point[] {
  const ordered = points.toSorted(
    (x, y) => y.means.savedBytes - x.means.savedBytes || x.means.slowdownWorst - y.means.slowdownWorst,
  )
  let least = Infinity
  return ordered.filter(({ means }) => means.slowdownWorst < least && ((least = means.slowdownWorst), true))
}

function compromiseOf(front: readonly Point[]): Point {
  const [most, last] = [front[0]!, front.at(-1)!]
  const saved = most.means.savedBytes - last.means.savedBytes
  const slower = most.means.slowdownWorst - last.means.slowdownWorst
  const gain = ({ means }: Point): number =>
    (means.savedBytes - last.means.savedBytes) / saved - (means.slowdownWorst - last.means.slowdownWorst) / slower
  return front.reduce((best, point) => (gain(point) > gain(best) ? point : best))
}

function effectsOf({ axes, seeds }: Sweep, points: readonly Point[], name: FigureName): Effect[] {
  const effects = axes.flatMap((axis, i): Effect[] => {
    const means = levelsOf(axis, i, points, EFFECT_LEVELS_MAX).map((level): LevelMean => {
      const bySeed = Array.from({ length: seeds }, (_, seed) => meanOf(level.points.map(({ runs }) => runs[seed]![name])))
      const finite = bySeed.filter(Number.isFinite)
      const mean = meanOf(level.points.map((point) => point.means[name]))
      return { level, mean, least: Math.min(...finite), greatest: Math.max(...finite) }
    })
    const known = means.filter(({ mean }) => Number.isFinite(mean))
    if (known.length === 0) return []
    const low = known.reduce((least, one) => (one.mean < least.mean ? one : least))
    const high = known.reduce((most, one) => (one.mean > most.mean ? one : most))
    return [{ axis, low, high, size: high.mean - low.mean }]
  })
  return effects.toSorted((x, y) => y.size - x.size)
}
