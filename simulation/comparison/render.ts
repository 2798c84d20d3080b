/** A comparison for a terminal: tables, the largest differences first. */
import { formatBytes } from '#shared/units.ts'
import { printable } from '#shared/scenario/problems.ts'
import { shownFigure, titleOf } from '../report/measure.ts'
import { table } from '../text-table.ts'
import { type Comparison, KIND_TITLES, KINDS, shownChange } from './comparison.ts'
import type { Kind } from './difference.ts'

/** Of each kind of actor: the page has all. */
const ROWS_MAX = 12

export function renderComparison(comparison: Comparison): string {
  const parts = [runsOf(comparison), settingsOf(comparison), ...KINDS.map((kind) => kindOf(comparison, kind))]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function runsOf({ records, names }: Comparison): string {
  const rows = records.map(({ name, verdict: { seed, digest, interrupted, bear } }, i) => [
    `${names[i]}  ${printable(name)}`,
    `${seed}`,
    printable(digest),
    interrupted ? 'interrupted' : bear.outrun ? 'held' : 'space ran out',
    `${formatBytes(bear.closestHeadroomBytes)} at ${bear.atSeconds.toFixed(1)} s`,
  ])
  return table(['run', 'seed', 'digest', 'outcome', 'closest headroom'], rows)
}

function settingsOf({ names, settings }: Comparison): string {
  if (settings.length === 0) return 'The scenarios say the same.'
  const shown = settings
    .slice(0, ROWS_MAX)
    .map(({ path, values }) => [printable(path), ...values.map((value) => printable(value ?? '–'))])
  return table(['setting', ...names], shown) + more(settings.length - shown.length)
}

function kindOf({ names, differences, equal }: Comparison, kind: Kind): string {
  const own = differences.filter((difference) => difference.kind === kind)
  const title = `${KIND_TITLES[kind]}: ${own.length} figures differ, ${equal[kind]} are the same`
  if (own.length === 0) return equal[kind] === 0 ? '' : title
  const shown = own
    .slice(0, ROWS_MAX)
    .map((difference) => [
      printable(`${difference.actor}: ${titleOf(difference.figure)}`),
      ...difference.values.map((value) => (value === null ? '–' : shownFigure(difference.figure, value))),
      ...difference.absolute.map((value, i) => shownChange(difference, value, difference.relative[i]!)),
    ])
  const changes = names.slice(1).map((name) => `${name} against ${names[0]}`)
  return `${title}\n${table(['figure', ...names, ...changes], shown)}${more(own.length - shown.length)}`
}

function more(count: number): string {
  return count > 0 ? `\n… and ${count} more` : ''
}
