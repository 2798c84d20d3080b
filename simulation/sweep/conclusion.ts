/** The end of a sweep: what it says, as a page in its folder, as text for a terminal and as data for programs. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { guarded } from '../output.ts'
import { shownFigure } from '../report/measure.ts'
import { table, wrapped } from '../text-table.ts'
import { type Analysis, analyse, type Point } from './analysis.ts'
import { FIGURE_NAMES, type FigureName } from './figures.ts'
import { shownValue } from './levels.ts'
import { sweepPage } from './page.ts'
import { RESULTS } from './results.ts'
import type { SweepFolder } from './sweep.ts'
import { storyOf } from './words.ts'

const PAGE = 'sweep.html'
/** Rows of the front for a terminal; the page has more. */
const ROWS_MAX = 10
const SHOWN: readonly (readonly [FigureName, string])[] = [
  ['slowdownWorst', 'slowdown'],
  ['savedBytes', 'saved'],
  ['closestHeadroomBytes', 'headroom'],
  ['refusedPages', 'refused'],
]

/** Of a sweep of which all variants have ended. Throws CP_OUTPUT. */
export async function conclude({ path, sweep, log }: SweepFolder): Promise<{ readonly text: string; readonly data: object }> {
  const analysis = analyse(sweep, log.outcomes)
  const story = storyOf(analysis)
  const file = join(path, PAGE)
  const page = await sweepPage(analysis, log.outcomes, story)
  guarded(file, () => writeFileSync(file, page))
  const files = `Page: ${file}\nTable: ${join(path, RESULTS)}\n`
  return { text: `${story.flatMap(wrapped).join('\n')}\n\n${frontTable(analysis)}\n\n${files}`, data: dataOf(analysis, path) }
}

function frontTable({ sweep, front }: Analysis): string {
  const rows = front
    .slice(0, ROWS_MAX)
    .map(({ setting, means }) => [
      `${setting.number}`,
      ...sweep.axes.map((axis, i) => shownValue(axis, setting.values[i]!)),
      ...SHOWN.map(([name]) => shownFigure(name, means[name])),
    ])
  const more = front.length > rows.length ? `\n… and ${front.length - rows.length} more` : ''
  return `${table(['on the front', ...sweep.axes.map(({ path }) => path), ...SHOWN.map(([, title]) => title)], rows)}${more}`
}

function dataOf({ sweep, points, front, compromise, effects }: Analysis, folder: string): object {
  const pointOf = ({ setting, means, sound }: Point): object => ({
    setting: setting.number,
    values: Object.fromEntries(sweep.axes.map(({ path }, i) => [path, setting.values[i]!.text])),
    sound,
    ...Object.fromEntries(FIGURE_NAMES.map((name) => [name, means[name]])),
  })
  return {
    sweep: sweep.name,
    folder,
    variants: sweep.variants.length,
    settings: points.length,
    seeds: sweep.seeds,
    front: front.map(pointOf),
    compromise: pointOf(compromise),
    effects: Object.fromEntries(
      Object.entries(effects).map(([name, all]) => [
        name,
        all.map(({ axis, low, high }) => ({
          axis: axis.path,
          low: { at: low.level.name, mean: low.mean, least: low.least, greatest: low.greatest },
          high: { at: high.level.name, mean: high.mean, least: high.least, greatest: high.greatest },
        })),
      ]),
    ),
  }
}
