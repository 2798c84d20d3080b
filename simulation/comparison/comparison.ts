/** Runs side by side: what was asked differently, what came of it, and how much that is. Start here. */
import { formatBytes, formatPercentage } from '#shared/units.ts'
import { hasNews } from '../report/figure.ts'
import { html, type Html, type Part } from '../report/html.ts'
import { shownFigure, titleOf } from '../report/measure.ts'
import { type Cell, chartsOf, pageOf, type Section, tableOf } from '../report/page.ts'
import { SHOWN_MAX } from '../report/palette.ts'
import { counted, plotter, type Plot } from '../report/plot.ts'
import type { RunRecord } from '../report/record.ts'
import { type Difference, type Differences, differencesOf, type Kind } from './difference.ts'
import { overlaysOf } from './overlay.ts'
import { type Setting, settingsOf } from './settings.ts'

/** As many as there are colours to tell them apart. */
export const RUNS_MAX = SHOWN_MAX

export const KIND_TITLES: Readonly<Record<Kind, string>> = {
  devices: 'Devices',
  hosts: 'Hosts',
  promoters: 'Promoters',
  workloads: 'Workloads',
}
export const KINDS = Object.keys(KIND_TITLES) as Kind[]

export interface Comparison extends Differences {
  readonly records: readonly RunRecord[]
  /** `A`, `B`, …, in the order in which the runs were given. */
  readonly names: readonly string[]
  readonly settings: readonly Setting[]
}

export function compare(records: readonly RunRecord[]): Comparison {
  const names = records.map((_, i) => String.fromCharCode('A'.charCodeAt(0) + i))
  return { records, names, settings: settingsOf(records), ...differencesOf(records.map(({ verdict }) => verdict)) }
}

/** As plain data, for programs. */
export function comparisonData({ records, names, settings, differences, equal }: Comparison): object {
  const runs = records.map(({ path, verdict }, i) => {
    const { scenario, seed, digest, virtualSeconds, interrupted, bear } = verdict
    return { name: names[i], path, scenario, seed, digest, virtualSeconds, interrupted, bear }
  })
  const asked = settings.map(({ path, values }) => ({ path, values: values.map((value) => value ?? null) }))
  return { runs, settings: asked, differences, equal }
}

/** `+6.00 k (+7.4 %)`; the share only where there is something that it is a share of. */
export function shownChange({ figure }: Difference, absolute: number | null, relative: number | null): string {
  if (absolute === null) return '–'
  if (absolute === 0) return '='
  const sign = absolute > 0 ? '+' : '−'
  const share = relative === null ? '' : ` (${sign}${formatPercentage(Math.abs(relative))})`
  return `${sign}${shownFigure(figure, Math.abs(absolute))}${share}`
}

export async function comparisonPage(
  comparison: Comparison,
  onDrawn: (drawn: number, charts: number) => void = () => {},
): Promise<string> {
  const { records, names, settings } = comparison
  const seconds = Math.max(...records.map(({ verdict }) => verdict.virtualSeconds))
  const overlays = KINDS.map((kind) => ({ kind, ...overlaysOf(records, names, kind, comparison.differences) }))
  const charts = overlays.reduce((sum, { figures }) => sum + figures.filter(hasNews).length, 0)
  const plot = counted(await plotter(seconds), (drawn) => onDrawn(drawn, charts))
  const sections: Section[] = [
    { id: 'stories', title: 'What happened', body: storiesOf(comparison) },
    { id: 'settings', title: 'What was asked differently', body: settingsTable(names, settings) },
  ]
  for (const overlay of overlays) {
    const title = KIND_TITLES[overlay.kind]
    if (overlay.figures.length + overlay.same.length === 0) continue
    sections.push({ id: overlay.kind, title, body: await kindOf(comparison, overlay, plot, seconds) })
  }
  return pageOf(`${records.map(({ name }) => name).join(', ')}: runs of coldpool compared`, headOf(comparison), sections)
}

function headOf({ records, names, differences, equal }: Comparison): Html {
  const same = Object.values(equal).reduce((sum, count) => sum + count, 0)
  const rows = records.map(({ name, verdict }, i) => ({
    name: names[i]!,
    cells: [
      name,
      verdict.scenario,
      `${verdict.seed}`,
      verdict.digest,
      verdict.interrupted ? 'interrupted' : verdict.bear.outrun ? 'held' : 'space ran out',
      `${formatBytes(verdict.bear.closestHeadroomBytes)} at ${verdict.bear.atSeconds.toFixed(1)} s`,
    ],
  }))
  return html`<h1>${records.length} runs compared</h1>
    <p class="lead">${differences.length} figures differ, ${same} are the same.</p>
    ${tableOf('Runs', ['run', 'folder', 'scenario', 'seed', 'digest', 'outcome', 'closest headroom'], rows)}`
}

function storiesOf({ records, names }: Comparison): Part {
  return records.map(
    ({ verdict }, i) =>
      html`<h3>${names[i]}</h3>
        <ol class="story">
          ${verdict.story.map((line) => html`<li>${line}</li>`)}
        </ol>`,
  )
}

function settingsTable(names: readonly string[], settings: readonly Setting[]): Part {
  if (settings.length === 0) return html`<p>Nothing: the scenarios say the same.</p>`
  const rows = settings.map(({ path, values }) => ({ name: path, cells: values.map((value) => value ?? '–') }))
  return tableOf('Settings that differ', ['setting', ...names], rows)
}

async function kindOf(
  { names, differences, equal }: Comparison,
  { kind, figures, same, of }: { kind: Kind } & ReturnType<typeof overlaysOf>,
  plot: Plot,
  seconds: number,
): Promise<Part> {
  const own = differences.filter((difference) => difference.kind === kind)
  const rows = own.map((difference) => ({
    name: `${difference.actor}: ${titleOf(difference.figure)}`,
    cells: [
      ...difference.values.map((value): Cell => (value === null ? undefined : { path: difference.figure, value })),
      ...difference.absolute.map((value, i) => shownChange(difference, value, difference.relative[i]!)),
    ],
  }))
  const changes = names.slice(1).map((name) => `${name} against ${names[0]}`)
  const title = `${KIND_TITLES[kind]}: ${own.length} figures differ, the largest first; ${equal[kind]} are the same`
  return [
    of !== undefined && html`<p class="note">Charts show the ${SHOWN_MAX} of ${of} that differ most; the table has all.</p>`,
    await chartsOf(figures.filter(hasNews), plot, seconds),
    same.length > 0 && html`<p class="note">The same in all runs, and so not drawn: ${same.join('; ')}.</p>`,
    own.length > 0 &&
      html`<details ${own.length <= 30 && html`open`}>
        <summary>${title}</summary>
        ${tableOf(`${KIND_TITLES[kind]}, what differs`, ['figure', ...names, ...changes], rows)}
      </details>`,
  ]
}
