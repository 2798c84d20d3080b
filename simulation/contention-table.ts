/** What hosts cost each other, for a terminal. */
import { formatBytes, formatCount, formatPercentage } from '#shared/units.ts'
import { REFUSAL_REASONS } from '#shared/messages.ts'
import type { Both, Contention, Displacement, HostContention } from './contention.ts'
import { table, wrapped } from './text-table.ts'

/** So many fit on a line; the JSON has them all. */
const CULPRITS_MAX = 3

export function renderContention(contention: Contention): string {
  const { scenario, seed, virtualSeconds, wallSeconds, runs, devices } = contention
  const hosts = Object.entries(contention.hosts)
  const headline = `${scenario}, seed ${seed}: ${virtualSeconds.toFixed(1)} s shared, and each host alone: ${Object.keys(runs).length} runs in ${wallSeconds.toFixed(1)} s of wall time`
  const folders = Object.entries(runs).flatMap(([name, { folder }]) => (folder === undefined ? [] : [`  ${name}: ${folder}`]))
  return [
    ...wrapped(headline),
    '',
    table(
      ['host', 'slowdown', 'alone', 'ratio', 'work lost', 'refused', 'alone', 'swap out', 'alone'],
      hosts.map(([id, host]) => hostRow(id, host)),
    ),
    ...refusals(hosts),
    '',
    table(
      ['host', 'pooled', 'alone', 'peak', 'alone', 'poisoned', 'alone', 'paused', 'alone'],
      hosts.map(([id, host]) => [
        id,
        ...pair(host.pooledBytes, formatBytes),
        ...pair(host.peakPooledBytes, formatBytes),
        ...pair(host.poisonedPages, formatCount),
        ...pair(host.pausedSeconds, (seconds) => `${seconds.toFixed(1)} s`),
      ]),
    ),
    ...Object.entries(devices).flatMap(([device, rows]) => displacements(device, Object.entries(rows))),
    ...(folders.length === 0 ? [] : ['', 'Run folders:', ...folders]),
    '',
  ].join('\n')
}

function hostRow(id: string, host: HostContention): string[] {
  const { slowdown, workSeconds, swappedOut } = host
  const all = Object.values(host.refused)
  const refused = { shared: sum(all.map(({ shared }) => shared)), alone: sum(all.map(({ alone }) => alone)) }
  const lost = workSeconds.alone > 0 ? 1 - workSeconds.shared / workSeconds.alone : 0
  // What is nothing in two digits is nothing, not −0.00 %.
  const shownLost = Math.abs(lost) < 5e-5 ? 0 : lost
  return [
    id,
    ...pair(slowdown, (times) => `${times.toFixed(3)}×`),
    `${slowdown.ratio.toFixed(3)}×`,
    formatPercentage(shownLost),
    ...pair(refused, formatCount),
    ...pair(swappedOut, formatCount),
  ]
}

/** By reason; only where there was one. */
function refusals(hosts: readonly [string, HostContention][]): string[] {
  const met = REFUSAL_REASONS.filter((reason) =>
    hosts.some(([, { refused }]) => refused[reason].shared + refused[reason].alone > 0),
  )
  if (met.length === 0) return []
  const rows = hosts.map(([id, { refused }]) => [id, ...met.flatMap((reason) => pair(refused[reason], formatCount))])
  return ['', table(['refused for', ...met.flatMap((reason) => [reason, 'alone'])], rows)]
}

/** Who displaced whom; nothing of a device that one host has for itself. */
function displacements(device: string, rows: readonly [string, Displacement][]): string[] {
  if (rows.every(([, { by }]) => Object.keys(by).length === 0)) return []
  const cells = rows.map(([id, { pages, displaced, by }]) => [
    id,
    ...pair(pages, formatCount),
    formatCount(displaced.pages),
    formatBytes(displaced.bytes),
    culprits(by),
  ])
  return ['', table([`pages on ${device}`, 'shared', 'alone', 'displaced', 'bytes', 'by'], cells)]
}

/** Those who displaced most, most first. */
function culprits(by: Displacement['by']): string {
  const most = Object.entries(by)
    .filter(([, { pages }]) => pages > 0)
    .toSorted(([, x], [, y]) => y.pages - x.pages)
    .slice(0, CULPRITS_MAX)
  return most.length === 0 ? '–' : most.map(([id, { pages }]) => `${id} ${formatCount(pages)}`).join(', ')
}

function pair({ shared, alone }: Both, format: (value: number) => string): [string, string] {
  return [format(shared), format(alone)]
}

function sum(values: readonly number[]): number {
  return values.reduce((x, y) => x + y, 0)
}
