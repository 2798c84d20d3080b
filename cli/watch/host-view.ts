/** The hosts of a picture: where their pages are, what they are refused, how much slower they run than on DRAM alone. */
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import type { Status } from '#shared/observe/broadcast.ts'
import { formatBytes, formatCount } from '#shared/units.ts'
import { hostMark } from './bar.ts'
import { number } from './device-view.ts'
import { plain, span, type Line, type Style } from './line.ts'
import type { Picture } from './picture.ts'
import { BYTES_WIDTH, table, type Column, type Table } from './table.ts'

/** Elapsed time over work from which a slowdown is coloured; a matter of taste. */
const SLOW = 1.1
const VERY_SLOW = 1.5

/** A line a host. */
export function hostTable(picture: Picture, status: Status, width: number): Table {
  const hosts = Object.keys(status.hosts)
  const column = (title: string, rank: number, cell: (id: string) => Line, least = 0): Column => ({
    title,
    rank,
    side: rank === 0 ? 'left' : 'right',
    least,
    cells: hosts.map(cell),
  })
  const count = (title: string, rank: number, key: string, alarm?: Style) =>
    column(title, rank, (id) => [number(picture.value(id, key), formatCount, alarm)])
  const bytes = (title: string, rank: number, key: string) =>
    column(title, rank, (id) => [number(picture.value(id, key), formatBytes)], BYTES_WIDTH)
  const speed = (title: string, rank: number, key: string, alarm?: Style) =>
    column(title, rank, (id) => [number(picture.rate(id, key), formatCount, alarm)])
  const losses = (
    [
      ['OOM kills', 'oomKills'],
      ['poison hits', 'poisonHits'],
    ] as const
  ).filter(([, key]) => hosts.some((id) => (picture.value(id, key) ?? 0) > 0))
  return table(
    [
      column('host', 0, (id) => [hostMark(status, id), span(` ${plain(id)}`, 'bold')]),
      column('DRAM', 4, (id) => [number(dramUsed(picture, status, id), formatBytes)], BYTES_WIDTH),
      column('free', 7, (id) => [number(freeBytes(picture, id), formatBytes)], BYTES_WIDTH),
      bytes('pooled', 3, 'pooledBytes'),
      bytes('swapped', 6, 'swappedBytes'),
      speed('refused/s', 2, 'refused', 'yellowBright'),
      count('refused', 8, 'refused'),
      speed('promo/s', 5, 'promoted'),
      ...losses.map(([title, key]) => count(title, 9, key, 'redBright')),
      column('slowdown', 1, (id) => [slowdownOf(picture.value(id, 'slowdown'))]),
    ],
    width,
  )
}

/** The host that runs slowest against all-DRAM. */
export function slowest(picture: Picture, status: Status): { readonly host: string; readonly slowdown: number } | undefined {
  let worst: { host: string; slowdown: number } | undefined
  for (const host of Object.keys(status.hosts)) {
    const slowdown = picture.value(host, 'slowdown')
    if (slowdown !== undefined && (worst === undefined || slowdown > worst.slowdown)) worst = { host, slowdown }
  }
  return worst
}

function freeBytes(picture: Picture, id: string): number | undefined {
  const pages = picture.value(id, 'freePages')
  return pages === undefined ? undefined : pages * PAGE_BYTES
}

function dramUsed(picture: Picture, status: Status, id: string): number | undefined {
  const free = freeBytes(picture, id)
  return free === undefined ? undefined : Math.max(0, status.hosts[id]!.memoryBytes - free)
}

function slowdownOf(slowdown: number | undefined) {
  if (slowdown === undefined) return span('–', 'dim')
  const style = slowdown >= VERY_SLOW ? 'redBright' : slowdown >= SLOW ? 'yellowBright' : undefined
  return span(`${slowdown.toFixed(3)}×`, style)
}
