/** The page of a sweep: in words what is best, then the charts, the tables behind them, and how to go on from there. */
import { escaped, html, type Html, type Part, raw } from '../report/html.ts'
import { shownFigure, titleOf } from '../report/measure.ts'
import { type Cell, factList, pageOf, type Section, tableOf } from '../report/page.ts'
import { HEAT } from '../report/style.ts'
import type { Analysis, Effect, EffectName, Point } from './analysis.ts'
import { barOf, FRONT_COLOUR, frontChart, LOSSY_COLOUR, SOUND_COLOUR } from './charts.ts'
import type { FigureName } from './figures.ts'
import { cellsOf, type HeatMap, heatMapOf } from './heat-map.ts'
import { shownValue } from './levels.ts'
import type { Outcome } from './outcome.ts'
import type { SweepVariant } from './sweep-file.ts'
import { settingWords } from './words.ts'

/** More rows help nobody who reads, and would make the page too long to mail; results.parquet has all. */
const VARIANTS_SHOWN_MAX = 1200
const FRONT_SHOWN_MAX = 50

const COLUMNS: readonly (readonly [FigureName, string])[] = [
  ['slowdownWorst', 'slowdown, worst'],
  ['slowdownMean', 'mean'],
  ['savedBytes', 'saved'],
  ['compressionRatio', 'ratio'],
  ['peakUsedBytes', 'peak use'],
  ['closestHeadroomBytes', 'closest headroom'],
  ['refusedPages', 'refused'],
  ['promotedPages', 'promoted'],
  ['swappedOutPages', 'swapped out'],
  ['poisonHits', 'poison hits'],
  ['oomKills', 'OOM kills'],
]
const HEAT_FIGURES: readonly FigureName[] = ['slowdownWorst', 'savedBytes', 'closestHeadroomBytes', 'refusedPages']
const EFFECT_TITLES: Readonly<Record<EffectName, string>> = {
  slowdownWorst: 'Slowdown of the slowest host',
  closestHeadroomBytes: 'Closest headroom',
  savedBytes: 'Memory saved',
}

export async function sweepPage(
  analysis: Analysis,
  outcomes: ReadonlyMap<number, Outcome>,
  story: readonly string[],
): Promise<string> {
  const { sweep } = analysis
  const sections: Section[] = [
    { id: 'best', title: 'What is best', body: await frontOf(analysis) },
    { id: 'axes', title: 'What matters', body: tornados(analysis) },
    { id: 'map', title: 'Heat maps', body: heatMaps(analysis) },
    { id: 'variants', title: 'Variants', body: variantsOf(analysis, outcomes) },
    { id: 'again', title: 'From here', body: againOf(analysis, outcomes) },
  ]
  return pageOf(`${sweep.name}: a sweep of coldpool`, headOf(analysis, story), sections)
}

function headOf({ sweep, points }: Analysis, story: readonly string[]): Html {
  const facts: readonly (readonly [string, string])[] = [
    ['scenario', sweep.scenario],
    ['runs', `${sweep.variants.length}`],
    ['settings', `${points.length}, ${sweep.grid ? 'every combination' : 'a Latin hypercube'}`],
    ['seeds of each', `${sweep.seeds}`],
  ]
  return html`<h1>${sweep.name}</h1>
    <ol class="story">
      ${story.map((line) => html`<li>${line}</li>`)}
    </ol>
    ${factList(facts)}`
}

async function frontOf(analysis: Analysis): Promise<Part> {
  const { sweep, points, front } = analysis
  const svg = await frontChart(analysis)
  const words = `Chart: memory saved against slowdown, a mark for each of ${points.length} settings. ${front.length} are on the Pareto front; the table has them.`
  const kinds = [
    [FRONT_COLOUR, 'on the Pareto front: no other setting saves more with no more slowdown', 'M9,0L14,5L9,10L4,5Z'],
    [SOUND_COLOUR, 'other settings', 'M5,5a4,4 0 1,0 8,0a4,4 0 1,0 -8,0'],
    [LOSSY_COLOUR, 'settings at which space ran out, a write was lost or a task was killed', 'M5,4h3v-3h2v3h3v2h-3v3h-2v-3h-3Z'],
  ] as const
  const shown = front.slice(0, FRONT_SHOWN_MAX)
  return html`<figure class="single">
      <figcaption><strong>Memory saved against slowdown</strong> <span>means over the seeds of each setting</span></figcaption>
      ${raw(svg.replace('<svg ', `<svg role="img" aria-label="${escaped(words)}" `))}
      <ul class="legend">
        ${kinds.map(
          ([colour, name, path]) =>
            html`<li>
              <svg viewBox="0 0 18 10" aria-hidden="true"><path d="${path}" fill="${colour}" /></svg>${name}
            </li>`,
        )}
      </ul>
    </figure>
    ${tableOf(
      'The Pareto front, what saves most first',
      ['setting', ...sweep.axes.map(({ path }) => path), ...COLUMNS.map(([, title]) => title)],
      shown.map((point) => ({ name: `${point.setting.number}`, cells: cellsOfPoint(analysis, point) })),
    )}
    ${front.length > shown.length && html`<p class="note">${front.length - shown.length} more are in results.parquet.</p>`}
    <p class="note">
      Saved is what the hosts have on the devices, less what it takes there, as the run ended. Slowdown is against all-DRAM.
    </p>`
}

function tornados({ effects, sweep }: Analysis): Part {
  return [
    html`<p class="note">
      Each bar goes from the mean over all settings at the level of the axis where the figure is lowest to that where it is
      highest; whiskers show how far the seeds' own means lie
      apart.${!sweep.grid && ' Ranges are cut into four parts with as many settings each.'}
    </p>`,
    ...Object.entries(effects).map(([name, all]) => tornado(name as EffectName, all)),
  ]
}

function tornado(name: EffectName, effects: readonly Effect[]): Html {
  const title = `${EFFECT_TITLES[name]}, by axis`
  const cell = (value: number): Part => shownFigure(name, value)
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${title}">
    <table class="tornado">
      <caption>
        ${title}
      </caption>
      <thead>
        <tr>
          <th scope="col">axis</th>
          <th scope="col" class="text">effect</th>
          <th scope="col">lowest</th>
          <th scope="col" class="text">at</th>
          <th scope="col">highest</th>
          <th scope="col" class="text">at</th>
        </tr>
      </thead>
      <tbody>
        ${effects.map(
          (effect) =>
            html`<tr>
              <th scope="row">${effect.axis.path}</th>
              <td class="text">${barOf(effect, effects)}</td>
              <td>${cell(effect.low.mean)}</td>
              <td class="text">${effect.low.level.name}</td>
              <td>${cell(effect.high.mean)}</td>
              <td class="text">${effect.high.level.name}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div> `
}

function heatMaps(analysis: Analysis): Part {
  const map = heatMapOf(analysis)
  const path = (axis: number | undefined): string => (axis === undefined ? 'all settings' : analysis.sweep.axes[axis]!.path)
  return [
    html`<p class="note">
      From left to right ${path(map.x)}, from bottom to top ${path(map.y)}; each cell is the mean over all settings there.
    </p>`,
    html`<div class="maps">${HEAT_FIGURES.map((name) => heatTable(map, name, path(map.x), path(map.y)))}</div>`,
  ]
}

function heatTable(map: HeatMap, name: FigureName, x: string, y: string): Html {
  const cells = cellsOf(map, name)
  const known = cells.flat().filter(Number.isFinite)
  const [least, greatest] = [Math.min(...known), Math.max(...known)]
  const step = (value: number): number =>
    greatest > least ? Math.min(HEAT.length - 1, Math.floor(((value - least) / (greatest - least)) * HEAT.length)) : 0
  const title = titleOf(name)
  const range = known.length === 0 ? 'no values' : `${shownFigure(name, least)} (light) to ${shownFigure(name, greatest)} (dark)`
  return html`<div class="scroll" role="region" tabindex="0" aria-label="Heat map of ${title}">
    <table class="heat">
      <caption>
        ${title}, ${range}
      </caption>
      <thead>
        <tr>
          <th scope="col"><span aria-label="${y}, by ${x}">↑ →</span></th>
          ${map.columns.map((column) => html`<th scope="col">${column.name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${cells.map(
          (row, i) =>
            html`<tr>
              <th scope="row">${map.rows[i]!.name}</th>
              ${row.map((value) => (Number.isFinite(value) ? html`<td class="h${step(value)}">${shownFigure(name, value)}</td>` : html`<td>–</td>`))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div> `
}

function variantsOf({ sweep }: Analysis, outcomes: ReadonlyMap<number, Outcome>): Part {
  const shown = sweep.variants.slice(0, VARIANTS_SHOWN_MAX)
  const left = sweep.variants.length - shown.length
  const rows = shown.map(({ index, setting, seed }) => {
    const { figures, digest } = outcomes.get(index)!
    const values = sweep.axes.map((axis, i) => shownValue(axis, setting.values[i]!))
    return {
      name: `${index}`,
      cells: [...values, `${seed}`, ...COLUMNS.map(([name]) => shownFigure(name, figures[name])), digest.slice(0, 8)],
    }
  })
  const head = ['variant', ...sweep.axes.map(({ path }) => path), 'seed', ...COLUMNS.map(([, title]) => title), 'digest']
  return [
    html`<details>
      <summary>
        ${shown.length === rows.length && left === 0 ? `All ${rows.length}` : `The first ${rows.length}`} variants
      </summary>
      ${tableOf('Variants', head, rows)}
    </details>`,
    left > 0 && html`<p class="note">${left} more are in results.parquet.</p>`,
  ]
}

function againOf({ sweep, compromise, points }: Analysis, outcomes: ReadonlyMap<number, Outcome>): Part {
  const variant = sweep.variants[compromise.setting.number * sweep.seeds]!
  const query = `SELECT setting, avg(slowdownWorst) AS slowdown, avg(savedBytes) / 2**30 AS saved_gib
FROM 'results.parquet' GROUP BY setting HAVING min(bearOutrun) = 1 ORDER BY slowdown LIMIT 10`
  return [
    html`<p>
      In the folder of the sweep, ${points.length === 1 ? 'its setting' : settingWords(sweep, compromise)} as a run of its own:
    </p>`,
    pre('The command', `coldpool run scenario.yaml ${setsOf(variant)}`),
    html`<p>
      gives the digest <code>${outcomes.get(variant.index)!.digest}</code>. All figures of all variants are in results.parquet,
      for DuckDB for instance:
    </p>`,
    pre('A query', query),
  ]
}

function setsOf({ overrides }: SweepVariant): string {
  return overrides
    .map((override) => `--set ${/^[\w.=/-]+$/.test(override) ? override : `'${override.replaceAll("'", `'\\''`)}'`}`)
    .join(' ')
}

function pre(label: string, text: string): Html {
  return html`<pre tabindex="0" role="region" aria-label="${label}"><code>${raw(escaped(text))}</code></pre>`
}

function cellsOfPoint({ sweep }: Analysis, { setting, means }: Point): Cell[] {
  const values = sweep.axes.map((axis, i) => shownValue(axis, setting.values[i]!))
  return [...values, ...COLUMNS.map(([name]): Cell => ({ path: name, value: means[name] }))]
}
