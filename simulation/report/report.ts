/** The report of a run: one page that holds all there is to say, to be read offline, mailed and printed. Start here. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatBytes, formatCount } from '#shared/units.ts'
import { REPORT } from '../folder.ts'
import { guarded } from '../output.ts'
import { type Figure, hasNews } from './figure.ts'
import { hostFigures, pagesOf, promoterFigures, workloadFigures } from './host-figures.ts'
import { html, type Html, type Part } from './html.ts'
import { type Mark, marksOf } from './marks.ts'
import { shownFigure, titleOf } from './measure.ts'
import { chartsOf, factList, pageOf, type Section, tableOf } from './page.ts'
import { Palette, SHOWN_MAX } from './palette.ts'
import { counted, plotter } from './plot.ts'
import { deviceFigures, fillOf, raceOf, refusalsOf, shownDevices } from './pool-figures.ts'
import { type RunEvent, RunRecord } from './record.ts'
import { allFigures, latencyTables, verdictTables } from './tables.ts'

/** More rows help nobody who reads; events.ndjson has all. */
const EVENTS_MAX = 500
/** Of the scenario's text: the folder has all of it. */
const SCENARIO_CHARACTERS_MAX = 200_000

export interface ReportOptions {
  /** Told after each chart. */
  readonly onDrawn?: (drawn: number, charts: number) => void
  /** Of longer metrics no charts are drawn and no table is made, and the page says how they are. */
  readonly metricsBytesMax?: number
}

/**
 * For the end of a run: what was simulated for an hour is not to fail for want of memory to draw it in. 64 MiB take a few seconds
 * and some 300 MB.
 */
export const AT_END: ReportOptions = { metricsBytesMax: 64 * 2 ** 20 }

/**
 * Reads the folder of a run that has ended, writes report.html and metrics.parquet into it, and gives the page's path. Throws
 * CP_RUN_FOLDER, CP_OUTPUT.
 */
export async function writeReport(folder: string, options: ReportOptions = {}): Promise<string> {
  const record = RunRecord.read(folder)
  const { metricsBytesMax = Infinity } = options
  // Loaded only now: a run that is about to begin does not wait for it.
  if (record.metricsBytes <= metricsBytesMax) {
    await (await import('../parquet/metrics-table.ts')).writeMetricsTable(folder, record.scenario)
  }
  const page = await reportOf(record, options)
  const file = join(folder, REPORT)
  guarded(file, () => writeFileSync(file, page))
  return file
}

async function reportOf(record: RunRecord, { onDrawn = () => {}, metricsBytesMax = Infinity }: ReportOptions): Promise<string> {
  const { verdict } = record
  const marks = marksOf(record.events)
  const charts =
    record.metricsBytes <= metricsBytesMax ? await chartSections(record, marks, onDrawn) : [undrawn(record.metricsBytes)]
  const sections: Section[] = [
    {
      id: 'story',
      title: 'What happened',
      body: html`<ol class="story">
        ${verdict.story.map((line) => html`<li>${line}</li>`)}
      </ol>`,
    },
    { id: 'figures', title: 'Figures', body: verdictTables(record) },
    ...charts,
    { id: 'latency', title: 'Latency', body: latencyTables(verdict) },
    { id: 'events', title: 'Events', body: eventsOf(record.events, marks) },
    { id: 'all', title: 'All figures', body: allFigures(verdict) },
    { id: 'scenario', title: 'Scenario', body: scenarioOf(record) },
    { id: 'again', title: 'The same run again', body: againOf(record) },
  ]
  return pageOf(`${verdict.scenario}, seed ${verdict.seed}: a run of coldpool`, headOf(record), sections)
}

function headOf({ verdict, name }: RunRecord): Html {
  const { bear, story } = verdict
  const facts: readonly (readonly [string, string])[] = [
    ['seed', `${verdict.seed}`],
    ['virtual time', `${verdict.virtualSeconds.toFixed(1)} s`],
    ['wall time', `${verdict.wallSeconds.toFixed(1)} s, on the ${verdict.bus} bus`],
    ['pages', formatCount(verdict.pages)],
    ['transitions of pages', formatCount(verdict.transitions)],
    ['quanta', formatCount(verdict.quanta)],
    ['digest', verdict.digest],
    ['run folder', name],
  ]
  return html`<h1>${verdict.scenario}</h1>
    ${verdict.interrupted && html`<p class="lead bad">The run was interrupted at ${verdict.virtualSeconds.toFixed(1)} s.</p> `}
    <p class="lead ${bear.outrun ? 'good' : 'bad'}">${bear.outrun ? '✓' : '✗'} ${story.at(-1)}</p>
    ${factList(facts)}`
}

async function chartSections(
  record: RunRecord,
  marks: readonly Mark[],
  onDrawn: (drawn: number, charts: number) => void,
): Promise<Section[]> {
  const seconds = record.verdict.virtualSeconds
  const palette = new Palette(record)
  const devices = shownDevices(record)
  const groups = [
    {
      id: 'pool',
      title: 'The pool',
      figures: [
        ...devices.map((id) => fillOf(record, palette, id, marks)),
        ...deviceFigures(record, devices, marks),
        ...devices.map((id) => refusalsOf(record, id, marks)),
      ],
      limit: limitOf('devices', 'that came nearest to being full', Object.keys(record.verdict.devices).length),
    },
    { id: 'race', title: 'The race', figures: devices.map((id) => raceOf(record, id, marks)) },
    {
      id: 'hosts',
      title: 'Hosts',
      figures: [...hostFigures(record, palette, marks), ...palette.hosts.map((id) => pagesOf(record, id, marks))],
      limit: limitOf('hosts', 'that were slowed down most', Object.keys(record.verdict.hosts).length),
    },
    { id: 'promoters', title: 'Promoters', figures: promoterFigures(record, palette, marks) },
    {
      id: 'workloads',
      title: 'Workloads',
      figures: workloadFigures(record, marks),
      limit: limitOf('workloads', 'that were slowed down most', Object.keys(record.verdict.workloads).length),
    },
  ].map((group) => ({ ...group, figures: group.figures.filter((figure) => figure !== undefined) }))
  const charts = groups.reduce((sum, { figures }) => sum + figures.filter(hasNews).length, 0)
  const plot = counted(await plotter(seconds), (drawn) => onDrawn(drawn, charts))
  const sections: Section[] = []
  for (const { id, title, figures, limit } of groups) {
    if (figures.length === 0) continue
    const intro = sections.length === 0 && timelineOf(marks)
    const body = [intro, limit, await chartsOf(figures.filter(hasNews), plot, seconds), quiet(figures)]
    sections.push({ id, title, body })
  }
  return sections
}

function undrawn(bytes: number): Section {
  const body = html`<p>
      The metrics of this run are long (${formatBytes(bytes)}), so nothing was drawn as it ended, nor was metrics.parquet written.
      This does both:
    </p>
    <pre tabindex="0" role="region" aria-label="The command that draws"><code>coldpool report .</code></pre>`
  return { id: 'charts', title: 'Charts', body }
}

function limitOf(what: string, which: string, count: number): Part {
  return (
    count > SHOWN_MAX && html`<p class="note">Charts show the ${SHOWN_MAX} ${what} of ${count} ${which}; the tables have all.</p>`
  )
}

/** Charts of nothing are named, not drawn. */
function quiet(figures: readonly Figure[]): Part {
  const names = figures
    .filter((figure) => !hasNews(figure))
    .map(({ title, subject }) => (subject === undefined ? title : `${title} (${subject})`))
  return names.length > 0 && html`<p class="note">Nothing but zeros, and so not drawn: ${names.join('; ')}.</p>`
}

function timelineOf(marks: readonly Mark[]): Part {
  return (
    marks.length > 0 &&
    html`<p class="note">Upright lines with bold numbers, on the charts that they concern:</p>
      <ol class="timeline">
        ${marks.map(({ seconds, event }) => html`<li>${seconds.toFixed(3)} s: ${event.actor} ${event.code}${fieldsOf(event) !== '' && html` (${fieldsOf(event)})`}</li>`)}
      </ol>`
  )
}

function eventsOf(events: readonly RunEvent[], marks: readonly Mark[]): Part {
  const numbers = new Map(marks.map(({ event, number }) => [event, number]))
  const rows = events.slice(0, EVENTS_MAX).map((event) => {
    const number = numbers.get(event)
    return {
      name: `${event.seconds.toFixed(3)} s`,
      cells: [event.actor, event.code, fieldsOf(event), number === undefined ? '' : `${number}`],
    }
  })
  return [
    tableOf('Events', ['time', 'actor', 'event', 'particulars', 'on the charts'], rows),
    events.length > EVENTS_MAX && html`<p class="note">${events.length - EVENTS_MAX} more are in events.ndjson.</p>`,
  ]
}

/** `headroom 106 MiB, host host-1`. */
function fieldsOf({ fields }: RunEvent): string {
  return Object.entries(fields)
    .map(([name, value]) => `${titleOf(name)} ${typeof value === 'number' ? shownFigure(name, value) : value}`)
    .join(', ')
}

function scenarioOf({ scenarioText }: RunRecord): Part {
  const left = scenarioText.length - SCENARIO_CHARACTERS_MAX
  return [
    html`<pre
      tabindex="0"
      role="region"
      aria-label="The scenario's text"
    ><code>${scenarioText.slice(0, SCENARIO_CHARACTERS_MAX)}</code></pre>`,
    left > 0 && html`<p class="note">${left} more characters are in scenario.yaml.</p>`,
  ]
}

function againOf({ hasInjections, verdict }: RunRecord): Part {
  const command = `coldpool run scenario.yaml${hasInjections ? ' --injections injections.yaml' : ''}`
  return html`<p>In the run folder, with the same version of coldpool:</p>
    <pre tabindex="0" role="region" aria-label="The command"><code>${command}</code></pre>
    <p>
      gives the digest <code>${verdict.digest}</code>, on any bus and any
      machine.${verdict.interrupted && ' This run was interrupted; the command does not stop where it did, and its digest is another.'}
    </p>`
}
