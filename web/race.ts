/** The race on a device, in figures: how fast it fills, how fast pages are brought home or swapped away, and who is ahead. */
import type { Run, Series } from './run.ts'
import { RATE_SECONDS } from './run.ts'

/** Growth is taken over this much virtual time: long enough for a promoter's batches, short enough for a bear. */
const SPAN_SECONDS = 2
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
  const drain = (drained(run, device, last) - drained(run, device, before)) / (run.times[last]! - run.times[before]!)
  const out = Math.max(0, drain) * meanBytes(run, device)
  const secondsToOverflow = net > 0 ? headroom / net : Infinity
  return {
    fill: Math.max(0, net + out),
    drain: out,
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
  const pages = run.rows.map((_, i) => drained(run, device, i))
  const drain = run.rows.map((row, i) => {
    const before = run.before(i, RATE_SECONDS)
    if (before === i) return null
    const rate = Math.max(0, pages[i]! - pages[before]!) / (run.times[i]! - run.times[before]!)
    return rate * meanBytes(run, device, row)
  })
  return { fill: net.map((value, i) => (value === null ? null : Math.max(0, value + (drain[i] ?? 0)))), drain }
}

/** Pages that have left a device by promotion or swap, up to a row; of a host with several devices, in proportion to its pages. */
function drained(run: Run, device: string, at: number): number {
  const row = run.rows[at]
  let pages = 0
  for (const host of run.status?.devices[device]?.hosts ?? []) {
    const left = (run.value(host, 'promoted', row) ?? 0) + (run.value(host, 'swappedOutPooled', row) ?? 0)
    pages += left * shareOf(run, host, device)
  }
  return pages
}

/** Of what is pooled now, so that a shift between devices does not look like pages that have left. */
function shareOf(run: Run, host: string, device: string): number {
  const devices = run.status?.hosts[host]?.devices ?? []
  if (devices.length <= 1) return 1
  const stored = (id: string): number => run.value(id, `byHost.${host}.storedPages`) ?? 0
  const all = devices.reduce((sum, id) => sum + stored(id), 0)
  return all > 0 ? stored(device) / all : 1 / devices.length
}

function meanBytes(run: Run, device: string, row = run.rows.at(-1)): number {
  const pages = run.value(device, 'storedPages', row) ?? 0
  return pages > 0 ? (run.value(device, 'usedBytes', row) ?? 0) / pages : 0
}
