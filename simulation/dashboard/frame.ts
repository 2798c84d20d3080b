/** What the page shows of a sample: a row of numbers, under columns that follow from the run's status. Server and page share it. */
import type { Sample, Status } from '#shared/observe/broadcast.ts'

/** Of an actor, the counters and gauges that are kept, in order. */
export type Columns = readonly (readonly [actor: string, keys: readonly string[]])[]
/** Virtual seconds, then a value for each column; null where there is none, or none that is finite. */
export type Row = readonly [seconds: number, ...values: (number | null)[]]

const HOST = [
  'freePages dram.activePages dram.inactivePages pooledBytes swappedBytes pages.poisoned slowdown elapsedSeconds workSeconds',
  'demoted refused promoted declined swappedOut swappedOutPooled swappedIn oomKills poisonHits',
  'truth.hotPages truth.episodes truth.coverage truth.accuracy truth.latenessMs',
  'writeFaults accessFaults leaked.anon leaked.pageCache leaked.kernel origin.anon origin.pageCache origin.kernel pausedSeconds',
]
const DEVICE = [
  'usedBytes headroomBytes pendingZeroBytes reservedBytes storedPages compressionRatio poisonedPages pressure interrupts',
  'hotlistDropped utilisation readNs.mean',
  'refused.full refused.pressure refused.share refused.offline refused.incompressible',
]
/** Of a device, for each of its hosts. */
const TENANT = ['usedBytes storedPages refused readNs.mean readBytes writeBytes']
/** If the device is divided among them. */
const SHARE = ['shareBytes takenBytes pressure overdraws pauses']
const PROMOTER = ['pending reports hotHints ordered home declined gone rateLimited hotlistDropped']

export function columnsOf({ hosts, devices, promoters }: Status): Columns {
  return [
    ...Object.keys(hosts).map((id) => [id, words(HOST)] as const),
    ...Object.entries(devices).map(([id, device]) => [id, [...words(DEVICE), ...tenants(device)]] as const),
    ...Object.keys(promoters).map((id) => [id, words(PROMOTER)] as const),
  ]
}

export function rowOf(columns: Columns, { virtualSeconds, telemetry }: Sample): Row {
  const row: [number, ...(number | null)[]] = [virtualSeconds]
  for (const [actor, keys] of columns) {
    const values = Object.hasOwn(telemetry, actor) ? telemetry[actor]! : {}
    for (const key of keys) row.push(Object.hasOwn(values, key) ? brief(values[key]!) : null)
  }
  return row
}

/** Counters as they are; seven digits of what is no whole number, for it is sent often. */
function brief(value: number): number | null {
  if (!Number.isFinite(value)) return null
  return Number.isInteger(value) ? value : Number(value.toPrecision(7))
}

function tenants({ hosts, shares = 'none' }: Status['devices'][string]): string[] {
  const keys = words(shares === 'none' ? TENANT : [...TENANT, ...SHARE])
  return hosts.flatMap((host) => keys.map((key) => `byHost.${host}.${key}`))
}

function words(lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split(' '))
}
