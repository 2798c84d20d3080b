/** The verdict for a terminal: tables and the story, at most 100 columns, plain text. */
import { formatBytes, formatCount, formatPercentage } from '#shared/units.ts'
import type { RunResult } from './ledger.ts'
import { table, wrapped } from './text-table.ts'
import type { Figures, Verdict } from './verdict.ts'

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
    ...sharesTable(verdict),
    ...faults(verdict),
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

/** A line for each host on a device with shares; nothing where there are none. */
function sharesTable(v: Verdict): string[] {
  const rows = Object.entries(v.devices).flatMap(([id, f]) =>
    Object.entries(f['byHost'] as Figures)
      .filter((entry): entry is [string, Figures] => typeof entry[1] !== 'number' && 'shareBytes' in entry[1])
      .map(([host, of]) => [
        `${host} on ${id}`,
        formatBytes(number(of, 'shareBytes')),
        formatBytes(number(of, 'peakUsedBytes')),
        formatCount(number(of['refusedFor'] as Figures, 'share')),
        formatCount(number(of, 'poisonedPages')),
        formatCount(number(of, 'overdraws')),
        formatCount(number(of, 'pauses')),
        `${number(v.hosts[host]!, 'pausedSeconds').toFixed(1)} s`,
      ]),
  )
  if (rows.length === 0) return []
  return ['', table(['share', 'bytes', 'peak use', 'refused for it', 'poisoned', 'overdraws', 'pauses', 'paused'], rows)]
}

/** Only where the mapping made anybody fault. */
function faults(v: Verdict): string[] {
  const faulted = Object.entries(v.hosts).filter(([, f]) => number(f, 'writeFaults') + number(f, 'accessFaults') > 0)
  if (faulted.length === 0) return []
  const rows = faulted.map(([id, f]) => [
    id,
    formatCount(number(f, 'writeFaults')),
    formatCount(number(f, 'accessFaults')),
    formatCount(number(f, 'faultWaits')),
    'tokens' in f ? formatCount(number(f['tokens'] as Figures, 'taken')) : '–',
    `${number(f, 'faultStallSeconds').toFixed(1)} s`,
  ])
  return ['', table(['host', 'write faults', 'access faults', 'waits for a frame', 'tokens', 'stalled by them'], rows)]
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
