/** Who troubles whom, as far as a live history tells: how one host's suffering goes with what another does on a shared device. */
import type { Run, Series } from './run.ts'
import { RATE_SECONDS } from './run.ts'

export type Suffering = 'refusals' | 'latency'

/** Series of one moment, each made once for many pairs. */
export type Memo = Map<string, Series>

/** Samples that are compared; older ones are another matter. */
const ROWS = 120
const ROWS_MIN = 8
const LINE_BYTES = 64
/** ns; what comes out larger is an artefact of a span almost without reads. */
const LATENCY_MAX = 1e7

/**
 * −1 to 1: whether the victim's refusals were high when the other's bytes on their shared devices grew, or its mean read latency
 * there when the other read and wrote much. Undefined where they share none, or nothing has changed. It is correlation: a hint, and no proof.
 */
export function correlationOf(
  run: Run,
  victim: string,
  other: string,
  by: Suffering,
  memo: Memo = new Map(),
): number | undefined {
  const shared = sharedDevices(run, victim, other)
  if (shared.length === 0) return undefined
  const of = (name: string, make: () => Series): Series => {
    const known = memo.get(name) ?? make()
    memo.set(name, known)
    return known
  }
  // Room goes to who grows; the channel and the engine to who reads and writes.
  const keys = by === 'refusals' ? ['usedBytes'] : ['readBytes', 'writeBytes']
  const cause = of(`${shared.join()} ${other} ${keys.join()}`, () =>
    summed(
      shared.flatMap((device) =>
        keys.map((key) => run.rates(device, `byHost.${other}.${key}`).map((rate) => rate && Math.max(0, rate))),
      ),
    ).slice(-ROWS),
  )
  const suffered = of(`${shared.join()} ${victim} ${by}`, () =>
    (by === 'refusals'
      ? summed(shared.map((device) => run.rates(device, `byHost.${victim}.refused`)))
      : averaged(shared.map((device) => latencies(run, device, victim)))
    ).slice(-ROWS),
  )
  return pearson(cause, suffered)
}

/** Below it chance is as likely. */
const WORTH_SAYING = 0.4
/** Of hosts that share a device those with most in it are asked about. */
const SUSPECTS_MAX = 8

export interface Tormentor {
  readonly host: string
  readonly by: Suffering
  readonly r: number
}

/** With whose growth or traffic the victim's suffering goes most closely; itself is not asked, and undefined is nobody. */
export function tormentorOf(run: Run, victim: string, memo: Memo = new Map()): Tormentor | undefined {
  const { hosts = {} } = run.status ?? {}
  const held = (host: string): number => run.value(host, 'pooledBytes') ?? 0
  const suspects = Object.keys(hosts)
    .filter((host) => host !== victim && sharedDevices(run, victim, host).length > 0)
    .toSorted((x, y) => held(y) - held(x))
    .slice(0, SUSPECTS_MAX)
  let worst: Tormentor | undefined
  for (const host of suspects) {
    for (const by of ['refusals', 'latency'] as const) {
      const r = correlationOf(run, victim, host, by, memo)
      if (r !== undefined && r >= (worst?.r ?? WORTH_SAYING)) worst = { host, by, r }
    }
  }
  return worst
}

export function sharedDevices(run: Run, one: string, other: string): string[] {
  const { hosts = {} } = run.status ?? {}
  return (hosts[one]?.devices ?? []).filter((device) => hosts[other]?.devices.includes(device))
}

/** Mean read latency in each span, from means and counts since the start. */
export function latencies(run: Run, device: string, host: string): Series {
  const mean = run.values(device, `byHost.${host}.readNs.mean`)
  const reads = run.values(device, `byHost.${host}.readBytes`).map((bytes) => bytes && bytes / LINE_BYTES)
  return mean.map((now, i) => {
    const before = run.before(i, RATE_SECONDS)
    const [n, m, then] = [reads[i], reads[before], mean[before]]
    if (now === null || then == null || n == null || m == null || n <= m) return null
    return Math.min(LATENCY_MAX, Math.max(0, (now * n - then * m) / (n - m)))
  })
}

/** Pearson's r over the pairs that are known. */
export function pearson(xs: Series, ys: Series): number | undefined {
  const pairs = xs.flatMap((x, i) => (x === null || ys[i] == null ? [] : [[x, ys[i]] as const]))
  if (pairs.length < ROWS_MIN) return undefined
  const [meanX, meanY] = [0, 1].map((axis) => pairs.reduce((sum, pair) => sum + pair[axis as 0 | 1], 0) / pairs.length) as [
    number,
    number,
  ]
  let [xx, yy, xy] = [0, 0, 0]
  for (const [x, y] of pairs) {
    xx += (x - meanX) ** 2
    yy += (y - meanY) ** 2
    xy += (x - meanX) * (y - meanY)
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : undefined
}

function summed(all: readonly Series[]): Series {
  return joined(all, (values) => values.reduce((sum, value) => sum + value, 0))
}

function averaged(all: readonly Series[]): Series {
  return joined(all, (values) => values.reduce((sum, value) => sum + value, 0) / values.length)
}

function joined(all: readonly Series[], join: (values: readonly number[]) => number): Series {
  return (all[0] ?? []).map((_, i) => {
    const known = all.flatMap((series) => series[i] ?? [])
    return known.length > 0 ? join(known) : null
  })
}
