/** The race on a device, in figures: how fast it fills, how fast pages are brought home or swapped away, and who is ahead. */
import type { Row } from '#simulation/dashboard/frame.ts'
import { growth, RATE_SECONDS, type Run, type Series } from './run.ts'

/** Growth is taken over this much virtual time: long enough for a promoter's batches, short enough for a bear. */
const SPAN_SECONDS = 1
/** What would take longer than this to overflow is level; a matter of taste. */
const LEVEL_SECONDS = 600

export type Lead = 'bear' | 'promoter' | 'level' | 'over'

export interface Race {
  /** Bytes per second that come in, whatever goes out. */
  readonly fill: number
  /** Bytes per second that go: promoted, or swapped out of the pool. */
  readonly drain: number
  readonly net: number
  readonly headroom: number
  /** Infinity if the device does not fill. */
  readonly secondsToOverflow: number
  readonly lead: Lead
}

export function raceOf(run: Run, device: string): Race | undefined {
  const headroom = run.value(device, 'headroomBytes')
  const net = run.rate(device, 'usedBytes', SPAN_SECONDS)
  if (headroom === undefined || net === undefined) return undefined
  const last = run.rows.length - 1
  const before = run.before(last, SPAN_SECONDS)
  const left = leavers(run, device)
  const pages = (left(run.rows[last]!) - left(run.rows[before]!)) / (run.times[last]! - run.times[before]!)
  const drain = Math.max(0, pages) * meanBytes(run, device)(run.rows[last]!)
  const secondsToOverflow = net > 0 ? headroom / net : Infinity
  return {
    fill: Math.max(0, net + drain),
    drain,
    net,
    headroom,
    secondsToOverflow,
    lead: leadOf(headroom, net, secondsToOverflow, run.rate(device, 'poisonedPages', SPAN_SECONDS) ?? 0),
  }
}

function leadOf(headroom: number, net: number, secondsToOverflow: number, poison: number): Lead {
  if (headroom <= 0 || poison > 0) return 'over'
  if (secondsToOverflow < LEVEL_SECONDS) return 'bear'
  return net < 0 && headroom / -net < LEVEL_SECONDS ? 'promoter' : 'level'
}

/** Fill and drain over the whole history, in bytes per second. */
export function raceSeries(run: Run, device: string): { readonly fill: Series; readonly drain: Series } {
  const net = run.rates(device, 'usedBytes', RATE_SECONDS)
  const mean = meanBytes(run, device)
  const pages = growth(run.times, run.rows.map(leavers(run, device)), RATE_SECONDS)
  const drain = pages.map((rate, i) => (rate === null ? null : Math.max(0, rate) * mean(run.rows[i]!)))
  return { fill: net.map((value, i) => (value === null ? null : Math.max(0, value + (drain[i] ?? 0)))), drain }
}

/** Pages that have left a device by promotion or swap, up to a row; of a host with several devices, in proportion to its pages. */
function leavers(run: Run, device: string): (row: Row) => number {
  const hosts = (run.status?.devices[device]?.hosts ?? []).map((host) => ({
    promoted: run.place(host, 'promoted'),
    swapped: run.place(host, 'swappedOutPooled'),
    share: shareOf(run, host, device),
  }))
  return (row) =>
    hosts.reduce((pages, { promoted, swapped, share }) => pages + ((row[promoted] ?? 0) + (row[swapped] ?? 0)) * share, 0)
}

/** Of what is pooled now, so that a shift between devices does not look like pages that have left. */
function shareOf(run: Run, host: string, device: string): number {
  const devices = run.status?.hosts[host]?.devices ?? []
  if (devices.length <= 1) return 1
  const stored = (id: string): number => run.value(id, `byHost.${host}.storedPages`) ?? 0
  const all = devices.reduce((sum, id) => sum + stored(id), 0)
  return all > 0 ? stored(device) / all : 1 / devices.length
}

function meanBytes(run: Run, device: string): (row: Row) => number {
  const [pages, bytes] = [run.place(device, 'storedPages'), run.place(device, 'usedBytes')]
  return (row) => ((row[pages] ?? 0) > 0 ? (row[bytes] ?? 0) / row[pages]! : 0)
}
