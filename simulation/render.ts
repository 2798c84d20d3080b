/** The verdict for a terminal: tables and the story, at most 100 columns, plain text. */
import { formatBytes, formatCount, formatPercentage } from '#shared/units.ts'
import type { RunResult } from './ledger.ts'
import type { Figures, Verdict } from './verdict.ts'

const WIDTH = 100

export function renderVerdict({ verdict, folder }: RunResult): string {
  return [
    headline(verdict),
    '',
    table(
      ['device', 'physical', 'peak use', 'pages', 'ratio', 'refused', 'poisoned', 'interrupts', 'peak load'],
      devices(verdict),
    ),
    '',
    table(
      ['host', 'pages', 'demoted', 'refused', 'promoted', 'declined', 'swap out', 'swap in', 'p99', 'slowdown'],
      hosts(verdict),
    ),
    ...(Object.keys(verdict.promoters).length === 0
      ? []
      : [
          '',
          table(
            ['promoter', 'reports', 'ordered', 'home', 'rate-limited', 'coverage', 'accuracy', 'lateness'],
            promoters(verdict),
          ),
        ]),
    '',
    ...verdict.story.flatMap((line) => wrapped(line)),
    ...(folder === undefined ? [] : ['', `Run folder: ${folder}`]),
    '',
  ].join('\n')
}

function headline(v: Verdict): string {
  const interrupted = v.interrupted ? 'INTERRUPTED ' : ''
  return wrapped(
    `${interrupted}${v.scenario}, seed ${v.seed}: ${v.virtualSeconds.toFixed(1)} s in ${v.wallSeconds.toFixed(1)} s of wall time on the ${v.bus} bus, ${formatCount(v.quanta)} quanta, digest ${v.digest}`,
  ).join('\n')
}

function devices(v: Verdict): string[][] {
  return Object.entries(v.devices).map(([id, f]) => [
    id,
    formatBytes(number(f, 'physicalBytes')),
    formatBytes(number(f, 'peakUsedBytes')),
    formatCount(number(f, 'storedPages')),
    number(f, 'compressionRatio').toFixed(2),
    formatCount(Object.values(f['refused'] as Figures).reduce<number>((sum, n) => sum + Number(n), 0)),
    formatCount(number(f, 'poisonedPages')),
    formatCount(number(f, 'interrupts')),
    formatPercentage(number(f, 'peakUtilisation')),
  ])
}

function hosts(v: Verdict): string[][] {
  return Object.entries(v.hosts).map(([id, f]) => [
    id,
    ...['allocated', 'demoted', 'refused', 'promoted', 'declined', 'swappedOut', 'swappedIn'].map((key) =>
      formatCount(number(f, key)),
    ),
    nanoseconds(number(f['latencyNs'] as Figures, 'p99')),
    `${number(f, 'slowdown').toFixed(3)}×`,
  ])
}

function promoters(v: Verdict): string[][] {
  return Object.entries(v.promoters).map(([id, f]) => [
    id,
    ...['reports', 'ordered', 'home', 'rateLimited'].map((key) => formatCount(number(f, key))),
    formatPercentage(number(f, 'coverage')),
    formatPercentage(number(f, 'accuracy')),
    `${(number(f, 'latenessMs') / 1000).toFixed(1)} s`,
  ])
}

function number(figures: Figures, key: string): number {
  return Number(figures[key] ?? 0)
}

function nanoseconds(ns: number): string {
  return ns < 10_000 ? `${Math.round(ns)} ns` : `${Math.round(ns / 1000)} µs`
}

/** Columns as wide as their widest cell, two spaces between; the first to the left, numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)))
  return [head, ...rows]
    .map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  '))
    .join('\n')
}

/** Lines of at most WIDTH columns, continued with an indent. */
function wrapped(text: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = `  ${word}`
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
