/** Results as Markdown: for each axis and measure a table, a row for each policy, a column for each step. */
import type { Axis, Experiment, Measure, Results } from './experiment.ts'
import type { Estimate } from './estimate.ts'

export function tablesOf({ axes, measures, policies }: Experiment, results: Results): string {
  return axes.flatMap((axis) => measures.map((measure) => tableOf(axis, measure, policies, results))).join('\n\n')
}

function tableOf(axis: Axis, measure: Measure, policies: Experiment['policies'], results: Results): string {
  const rows = [
    [axis.title, ...axis.steps.map(({ at }) => `${at}`)],
    ...policies.map(({ name }) => [
      name,
      ...results.along(axis.name, name, measure.name).map((point) => shownEstimate(point.estimate)),
    ]),
  ]
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [`**${measure.title}**`, '', line(rows[0]!), rule, ...rows.slice(1).map(line)].join('\n')
}

/** `1.23 ± 0.04`; without the second part where all seeds agree. */
function shownEstimate({ mean, high }: Estimate): string {
  const half = high - mean
  return half === 0 ? shownNumber(mean) : `${shownNumber(mean)} ± ${shownNumber(half)}`
}

/** Three significant digits, large numbers whole. */
export function shownNumber(value: number): string {
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size >= 100) return `${Math.round(value)}`
  return size < 0.001 ? value.toExponential(1) : `${Number(value.toPrecision(3))}`
}
