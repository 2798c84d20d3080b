/** The verdict's figures as tables: the ones that matter most, latencies, and all there are. */
import type { ActorId } from '#shared/actor.ts'
import type { Figures, Verdict } from '../verdict.ts'
import { lookUp, pathsOf } from './figures.ts'
import { html, type Html } from './html.ts'
import { titleOf } from './measure.ts'
import { type Cell, tableOf } from './page.ts'
import type { RunRecord } from './record.ts'

/** A figure's path, and the head of its column. */
type Column = readonly [path: string, head: string]

const DEVICES: readonly Column[] = [
  ['physicalBytes', 'physical'],
  ['advertisedBytes', 'advertised'],
  ['usedBytes', 'used'],
  ['peakUsedBytes', 'peak use'],
  ['minHeadroomBytes', 'closest headroom'],
  ['storedPages', 'pages'],
  ['compressionRatio', 'ratio'],
  ['refused', 'refused'],
  ['poisonedPages', 'poisoned'],
  ['interrupts', 'interrupts'],
  ['peakUtilisation', 'peak load'],
]
const HOSTS: readonly Column[] = [
  ['allocated', 'pages'],
  ['demoted', 'demoted'],
  ['refused', 'refused'],
  ['promoted', 'promoted'],
  ['declined', 'declined'],
  ['swappedOut', 'swap out'],
  ['swappedIn', 'swap in'],
  ['oomKills', 'OOM kills'],
  ['poisonHits', 'poison hits'],
  ['latencyNs.p99', 'p99'],
  ['slowdown', 'slowdown'],
]
const PROMOTERS: readonly Column[] = [
  ['reports', 'reports'],
  ['ordered', 'ordered'],
  ['home', 'home'],
  ['declined', 'declined'],
  ['rateLimited', 'rate-limited'],
  ['coverage', 'coverage'],
  ['accuracy', 'accuracy'],
  ['latenessMs', 'lateness'],
]
const WORKLOADS: readonly Column[] = [
  ['allocatedPages', 'pages'],
  ['workSeconds', 'work'],
  ['slowdown', 'slowdown'],
  ['killed', 'killed'],
]

export function verdictTables({ verdict, scenario }: RunRecord): Html[] {
  const { devices, hosts, promoters, workloads } = verdict
  return [
    table('Devices', 'device', devices, DEVICES),
    table('Hosts', 'host', hosts, HOSTS),
    ...(Object.keys(promoters).length === 0
      ? []
      : [table('Promoters', 'promoter', promoters, PROMOTERS, { host: (id) => scenario.promoters[id]?.host })]),
    table('Workloads', 'workload', workloads, WORKLOADS, {
      host: (id) => scenario.workloads[id]?.host,
      kind: (id) => scenario.workloads[id]?.kind ?? 'injected',
    }),
  ]
}

/** Of accesses on each host, and of reads from each device by host. */
export function latencyTables({ hosts, devices }: Verdict): Html[] {
  const reads = Object.entries(devices).flatMap(([device, figures]) =>
    Object.entries(mappingAt(figures, 'byHost')).map(([host, own]) => ({
      name: device,
      cells: [host, cellOf(own as Figures, 'readNs.mean'), cellOf(own as Figures, 'readNs.p99')],
    })),
  )
  const columns: readonly Column[] = [
    ['latencyNs.mean', 'mean'],
    ['latencyNs.p50', 'median'],
    ['latencyNs.p99', 'p99'],
    ['directReclaimStallSeconds', 'stalled in direct reclaim'],
    ['kernelSeconds', 'kernel time'],
  ]
  return [
    table('Latency of memory accesses that miss the CPU caches', 'host', hosts, columns),
    tableOf('Latency of reads from the devices', ['device', 'host', 'mean', 'p99'], reads),
  ]
}

/** Every figure of the verdict, whatever it is called: a row for each, a column for each actor. */
export function allFigures({ devices, hosts, promoters, workloads }: Verdict): Html[] {
  const groups: readonly [string, Readonly<Record<ActorId, Figures>>][] = [
    ['Devices', Object.fromEntries(Object.entries(devices).map(([id, figures]) => [id, without(figures, 'byHost')]))],
    ...Object.entries(devices).map(([id, figures]): [string, Readonly<Record<ActorId, Figures>>] => [
      `${id} by host`,
      mappingAt(figures, 'byHost') as Readonly<Record<ActorId, Figures>>,
    ]),
    ['Hosts', hosts],
    ['Promoters', promoters],
    ['Workloads', workloads],
  ]
  return groups
    .filter(([, actors]) => Object.keys(actors).length > 0)
    .map(([name, actors]) => {
      const ids = Object.keys(actors)
      const paths = [...new Set(ids.flatMap((id) => pathsOf(actors[id]!)))]
      const rows = paths.map((path) => ({ name: titleOf(path), cells: ids.map((id) => cellOf(actors[id]!, path)) }))
      return html`<details>
        <summary>${name}: ${paths.length} figures</summary>
        ${tableOf(`${name}, all figures`, ['figure', ...ids], rows)}
      </details> `
    })
}

function table(
  caption: string,
  kind: string,
  actors: Readonly<Record<ActorId, Figures>>,
  columns: readonly Column[],
  words: Readonly<Record<string, (id: ActorId) => string | undefined>> = {},
): Html {
  const ids = Object.keys(actors)
  // What no actor of this run has a figure for gets no column.
  const shown = columns.filter(([path]) => ids.some((id) => cellOf(actors[id]!, path) !== undefined))
  const rows = ids.map((id) => ({
    name: id,
    cells: [...Object.values(words).map((of) => of(id) ?? '–'), ...shown.map(([path]) => cellOf(actors[id]!, path))],
  }))
  return tableOf(caption, [kind, ...Object.keys(words), ...shown.map(([, head]) => head)], rows)
}

/** A mapping of counts stands for their sum. */
function cellOf(figures: Figures, path: string): Cell {
  const found = lookUp(figures, path)
  if (found === undefined) return undefined
  return {
    path,
    value: typeof found === 'number' ? found : pathsOf(found).reduce((sum, inner) => sum + (lookUp(found, inner) as number), 0),
  }
}

function mappingAt(figures: Figures, name: string): Figures {
  const found = lookUp(figures, name)
  return typeof found === 'object' ? found : {}
}

function without(figures: Figures, name: string): Figures {
  return Object.fromEntries(Object.entries(figures).filter(([own]) => own !== name))
}
