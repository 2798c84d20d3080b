/** A device's counters and gauges by the names that metrics and verdict use (DESIGN 7). */
import type { Telemetry } from '#shared/actor.ts'
import { REFUSAL_REASONS } from '#shared/messages.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { NS_PER_S } from '#shared/time.ts'
import type { Account } from './account.ts'
import type { LoadMeter } from './load-meter.ts'
import type { Pool } from './pool.ts'
import type { Shares } from './shares.ts'
import type { DeviceSpec } from './spec.ts'

/** What only the whole run knows. */
export interface Marks {
  interrupts: number
  peakUsedBytes: number
  peakStoredPages: number
  minHeadroomBytes: number
  minHeadroomAtNs: number
}

interface DeviceView {
  readonly spec: DeviceSpec
  readonly pool: Pool
  readonly meter: LoadMeter
  readonly accounts: readonly Account[]
  readonly marks: Readonly<Marks>
  readonly shares: Shares | undefined
  /** Of the device as a whole. */
  readonly pressure: number
}

export function describeDevice({ spec, pool, meter, accounts, marks, shares, pressure }: DeviceView): Telemetry {
  const sum = (of: (account: Account) => number) => accounts.reduce((total, account) => total + of(account), 0)
  const reads = sum((account) => account.reads.total)
  const view: Telemetry = {
    physicalBytes: spec.physicalBytes,
    advertisedBytes: spec.advertisedBytes,
    usedBytes: pool.usedBytes,
    peakUsedBytes: marks.peakUsedBytes,
    reservedBytes: pool.reservedBytes,
    reservedPages: pool.reservedPages,
    pendingZeroBytes: pool.pendingZeroBytes,
    headroomBytes: pool.remainingBytes,
    minHeadroomBytes: marks.minHeadroomBytes,
    minHeadroomAtSeconds: marks.minHeadroomAtNs / NS_PER_S,
    storedPages: pool.storedPages,
    peakStoredPages: marks.peakStoredPages,
    compressionRatio: pool.usedBytes > 0 ? (pool.storedPages * PAGE_BYTES) / pool.usedBytes : 0,
    poisonedPages: sum((account) => account.poisonedPages),
    pressure: shares?.divided === true ? Math.max(0, ...spec.hosts.keys().map((host) => shares.level(host))) : pressure,
    interrupts: marks.interrupts,
    hotlistDropped: sum((account) => account.hotlistDropped),
    utilisation: meter.load.utilisation,
    peakUtilisation: meter.peakUtilisation,
    devLoad: meter.load.devLoad,
    'readNs.mean': reads > 0 ? sum((account) => account.reads.meanNs * account.reads.total) / reads : 0,
  }
  REFUSAL_REASONS.forEach((name, reason) => {
    view[`refused.${name}`] = sum((account) => account.refused[reason]!)
  })
  spec.hosts.forEach(({ id }, host) => {
    Object.assign(view, describeHost(`byHost.${id}`, host, pool, accounts[host]!))
    if (shares) Object.assign(view, describeShare(`byHost.${id}`, host, shares))
  })
  return view
}

function describeHost(prefix: string, host: number, pool: Pool, account: Account): Telemetry {
  return {
    [`${prefix}.usedBytes`]: pool.usedByHost[host]!,
    [`${prefix}.peakUsedBytes`]: account.peakUsedBytes,
    [`${prefix}.storedPages`]: pool.storedByHost[host]!,
    [`${prefix}.refused`]: account.refusedPages,
    ...refusedFor(prefix, account),
    [`${prefix}.readNs.mean`]: account.reads.meanNs,
    [`${prefix}.readNs.p99`]: account.reads.quantileNs(0.99),
    [`${prefix}.readBytes`]: account.readBytes,
    [`${prefix}.writeBytes`]: account.writeBytes,
    [`${prefix}.poisonedPages`]: account.poisonedPages,
  }
}

function refusedFor(prefix: string, account: Account): Telemetry {
  const view: Telemetry = {}
  REFUSAL_REASONS.forEach((name, reason) => {
    view[`${prefix}.refusedFor.${name}`] = account.refused[reason]!
  })
  return view
}

function describeShare(prefix: string, host: number, shares: Shares): Telemetry {
  return {
    [`${prefix}.shareBytes`]: shares.shareBytes(host),
    [`${prefix}.pressure`]: shares.level(host),
    [`${prefix}.takenBytes`]: shares.claims.taken(host),
    [`${prefix}.overdraws`]: shares.overdraws(host),
    [`${prefix}.pauses`]: shares.pauses(host),
  }
}
