/** Charts of the hosts, their promoters and workloads: where pages are, what moves, what it costs. */
import type { ActorId } from '#shared/actor.ts'
import { PAGE_STATES, type PageState } from '#shared/page/lifecycle.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { COLOURS } from '../chart.ts'
import type { Curve, Figure } from './figure.ts'
import { figureOf } from './figures.ts'
import { type Mark, marksFor } from './marks.ts'
import type { Measure } from './measure.ts'
import { type Palette, worst } from './palette.ts'
import type { RunRecord } from './record.ts'
import { type Points, quotientOf } from './series.ts'

/** Pages that are free belong to no place. */
const STATE_COLOURS: Readonly<Record<Exclude<PageState, 'free'>, string>> = {
  local: COLOURS[0],
  demoting: COLOURS[5],
  pooled: COLOURS[2],
  promoting: COLOURS[3],
  swapped: COLOURS[4],
  poisoned: COLOURS[1],
}

export function pagesOf(record: RunRecord, host: ActorId, marks: readonly Mark[]): Figure {
  const metrics = record.metrics(host)
  const areas = PAGE_STATES.flatMap((state): Curve[] => {
    const pages = metrics?.values(`pages.${state}`)
    if (state === 'free' || !metrics || !pages?.some((count) => count > 0)) return []
    const values = pages.map((count) => count * PAGE_BYTES)
    return [{ name: state, colour: STATE_COLOURS[state], points: { seconds: metrics.seconds, values } }]
  })
  const memory = record.scenario.hosts[host]?.memory
  return {
    title: 'Pages by where they are, uncompressed',
    subject: host,
    measure: 'bytes',
    areas,
    levels: memory === undefined ? [] : [{ name: 'DRAM', value: memory }],
    marks: marksFor(marks, host, record.scenario),
  }
}

/** What hosts count as pages, each with a chart of rates. */
const FLOWS = [
  ['demoted', 'Demoted, pages'],
  ['refused', 'Demotions refused, pages'],
  ['promoted', 'Promoted, pages'],
  ['declined', 'Promotions declined, pages'],
  ['swappedOut', 'Swapped out, pages'],
  ['swappedIn', 'Swapped in, pages'],
] as const

/** One curve for each host. */
export function hostFigures(record: RunRecord, palette: Palette, marks: readonly Mark[]): Figure[] {
  const chart = (title: string, measure: Measure, points: (id: ActorId) => Points | undefined): Figure => ({
    title,
    measure,
    lines: curves(palette.hosts, points, (id) => palette.host(id)),
    marks,
  })
  return [
    chart('Slowdown against all-DRAM, of each interval', 'times', (id) => slowdownOf(record, id)),
    ...FLOWS.map(([counter, title]) => chart(title, 'count/s', (id) => record.metrics(id)?.rate(counter))),
  ]
}

/** Elapsed time over work, of the time since the sample before. */
export function slowdownOf(record: RunRecord, host: ActorId): Points | undefined {
  const metrics = record.metrics(host)
  const elapsed = metrics?.values('elapsedSeconds')
  const work = metrics?.values('workSeconds')
  return metrics && elapsed && work && quotientOf(metrics.seconds, elapsed, work)
}

/** One curve for each promoter, in the colour of its host. */
export function promoterFigures(record: RunRecord, palette: Palette, marks: readonly Mark[]): Figure[] {
  const { promoters } = record.scenario
  const served = Object.keys(promoters).filter((id) => palette.hosts.includes(promoters[id]!.host))
  const chart = (title: string, measure: Measure, points: (id: ActorId) => Points | undefined, note?: string): Figure => ({
    title,
    measure,
    lines: curves(served, points, (id) => palette.host(promoters[id]!.host)),
    marks,
    ...(note !== undefined && { note }),
  })
  const own = (counter: string) => (id: ActorId) => record.metrics(id)?.rate(counter)
  const truth = (name: string) => (id: ActorId) => record.metrics(promoters[id]!.host)?.points(`truth.${name}`)
  return [
    chart('Reports', 'count/s', own('reports')),
    chart('Promotions ordered, pages', 'count/s', own('ordered')),
    chart('Held back by the rate limit, pages', 'count/s', own('rateLimited')),
    chart(
      'Coverage, since the start',
      'fraction',
      truth('coverage'),
      'Of the times that a page became hot on a device, those that a promotion ended.',
    ),
    chart('Accuracy, since the start', 'fraction', truth('accuracy'), 'Of the pages that it ordered home, those that were hot.'),
    chart(
      'Lateness, since the start',
      'seconds',
      (id) => inSeconds(truth('latenessMs')(id)),
      'From when a page became hot to its promotion, mean.',
    ),
  ]
}

/** One curve for each workload. */
export function workloadFigures(record: RunRecord, marks: readonly Mark[]): Figure[] {
  const { workloads } = record.verdict
  const shown = worst(Object.keys(workloads), (id) => figureOf(workloads[id], 'slowdown'))
  const lines = curves(
    shown,
    (id) => workloadSlowdown(record, id),
    (id) => COLOURS[shown.indexOf(id)]!,
  )
  return [{ title: 'Slowdown against all-DRAM, of each interval', measure: 'times', lines, marks }]
}

/** From work time and the slowdown since the start, which is elapsed time over work. */
export function workloadSlowdown(record: RunRecord, workload: ActorId): Points | undefined {
  const metrics = record.metrics(workload)
  const work = metrics?.values('workSeconds')
  const slowdown = metrics?.values('slowdown')
  if (!metrics || !work || !slowdown) return undefined
  const elapsed = work.map((seconds, i) => seconds * slowdown[i]!)
  return quotientOf(metrics.seconds, elapsed, work)
}

function curves(ids: readonly ActorId[], points: (id: ActorId) => Points | undefined, colour: (id: ActorId) => string): Curve[] {
  return ids.flatMap((name) => {
    const found = points(name)
    return found && found.values.length > 0 ? [{ name, colour: colour(name), points: found }] : []
  })
}

function inSeconds(points: Points | undefined): Points | undefined {
  return points && { seconds: points.seconds, values: Array.from(points.values, (ms) => ms / 1000) }
}
