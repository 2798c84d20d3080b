/** Charts that lay runs over each other: the same series of the same actor from each run, a colour for each run. */
import type { ActorId } from '#shared/actor.ts'
import { COLOURS } from '../chart.ts'
import type { Curve, Figure } from '../report/figure.ts'
import { slowdownOf, workloadSlowdown } from '../report/host-figures.ts'
import type { Measure } from '../report/measure.ts'
import { worst } from '../report/palette.ts'
import type { RunRecord } from '../report/record.ts'
import { type Points, withoutZeros } from '../report/series.ts'
import type { Difference, Kind } from './difference.ts'

interface Series {
  readonly title: string
  readonly measure: Measure
  readonly of: (record: RunRecord, actor: ActorId) => Points | undefined
}

const gauge = (title: string, measure: Measure, column: string): Series => ({
  title,
  measure,
  of: (record, actor) => record.metrics(actor)?.points(column),
})
const rate = (title: string, column: string): Series => ({
  title,
  measure: 'count/s',
  of: (record, actor) => record.metrics(actor)?.rate(column),
})
const truth = (title: string, column: string): Series => ({
  title,
  measure: 'fraction',
  of: (record, actor) => record.metrics(record.scenario.promoters[actor]?.host ?? '')?.points(`truth.${column}`),
})

const SERIES: Readonly<Record<Kind, readonly Series[]>> = {
  devices: [
    gauge('Used', 'bytes', 'usedBytes'),
    gauge('Headroom', 'bytes', 'headroomBytes'),
    {
      title: 'Compression ratio',
      measure: 'ratio',
      of: (record, actor) => withoutZeros(record.metrics(actor)?.points('compressionRatio')),
    },
    gauge('Load', 'fraction', 'utilisation'),
  ],
  hosts: [
    { title: 'Slowdown of each interval', measure: 'times', of: slowdownOf },
    rate('Demoted, pages', 'demoted'),
    rate('Demotions refused, pages', 'refused'),
    rate('Promoted, pages', 'promoted'),
    rate('Swapped out, pages', 'swappedOut'),
    rate('Swapped in, pages', 'swappedIn'),
  ],
  promoters: [rate('Promotions ordered, pages', 'ordered'), truth('Coverage', 'coverage'), truth('Accuracy', 'accuracy')],
  workloads: [{ title: 'Slowdown of each interval', measure: 'times', of: workloadSlowdown }],
}

export interface Overlays {
  readonly figures: readonly Figure[]
  /** Of charts that are not drawn, because all runs have the same curve. */
  readonly same: readonly string[]
  /** How many actors there are, if not all have charts. */
  readonly of: number | undefined
}

/** `names` are the runs' names. Of many actors those are shown that differ most. */
export function overlaysOf(
  records: readonly RunRecord[],
  names: readonly string[],
  kind: Kind,
  differences: readonly Difference[],
): Overlays {
  const actors = [...new Set(records.flatMap(({ verdict }) => Object.keys(verdict[kind])))]
  const own = differences.filter((difference) => difference.kind === kind)
  const shown = worst(actors, (id) => own.filter(({ actor }) => actor === id).reduce((sum, { size }) => sum + size, 0))
  const figures: Figure[] = []
  const same: string[] = []
  for (const actor of shown) {
    for (const { title, measure, of } of SERIES[kind]) {
      const lines = records.flatMap((record, i): Curve[] => {
        const points = of(record, actor)
        return points && points.values.length > 0 ? [{ name: names[i]!, colour: COLOURS[i]!, points }] : []
      })
      if (lines.length === 0) continue
      if (lines.length === records.length && lines.every((line) => alike(line.points, lines[0]!.points)))
        same.push(`${title} (${actor})`)
      else figures.push({ title, subject: actor, measure, lines, marks: [] })
    }
  }
  return { figures, same, of: shown.length < actors.length ? actors.length : undefined }
}

function alike(x: Points, y: Points): boolean {
  return equal(x.seconds, y.seconds) && equal(x.values, y.values)
}

function equal(x: ArrayLike<number>, y: ArrayLike<number>): boolean {
  return x.length === y.length && Array.from(x).every((value, i) => Object.is(value, y[i]))
}
