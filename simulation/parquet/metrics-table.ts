/**
 * The time series of a run as one Parquet table, made of metrics/ACTOR.csv: a row for each actor and sample, and one for each
 * host on a device. What an actor has no figure of is null.
 */
import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ActorId } from '#shared/actor.ts'
import { ColdpoolError } from '#shared/errors.ts'
import type { Scenario } from '#shared/scenario.ts'
import { METRICS_TABLE } from '../folder.ts'
import { INTERNAL } from '../verdict.ts'
import { type Cell, type Column, TableFile } from './table-file.ts'

const KEYS: readonly Column[] = [
  { name: 'seconds', type: 'number' },
  { name: 'actor', type: 'text' },
  { name: 'role', type: 'text' },
  { name: 'host', type: 'text' },
]

/** What `truth.` holds is for a reader too, once the run is over. */
const LEFT_OUT = new Set(INTERNAL.filter((name) => name !== 'truth'))

/** Of a row: the host that it is about, for a device; its cells in the CSV, by the column of the table. */
interface Part {
  readonly host: string | undefined
  readonly cells: readonly (readonly [column: number, cell: number])[]
}

/** Throws CP_RUN_FOLDER for a damaged file of metrics, CP_OUTPUT. */
export async function writeMetricsTable(folder: string, scenario: Scenario): Promise<void> {
  const actors = actorsOf(folder)
  const columns = new Map<string, number>()
  const plans = new Map<ActorId, readonly Part[]>()
  for (const actor of actors) plans.set(actor, partsOf(await headOf(folder, actor), columns))
  const names = [...columns.keys()].map((name): Column => ({ name, type: 'number' }))
  using table = new TableFile(join(folder, METRICS_TABLE), [...KEYS, ...names])
  for (const actor of actors) {
    const role = roleOf(actor, scenario)
    for await (const values of rowsOf(folder, actor)) {
      for (const { host = hostOf(actor, scenario), cells } of plans.get(actor)!) {
        const row: Cell[] = [values[0], actor, role, host]
        for (const [column, cell] of cells) row[KEYS.length + column] = values[cell]
        table.add(row)
      }
    }
  }
  table.finish()
}

/** Those of whom there are metrics, in an order of their own. */
function actorsOf(folder: string): ActorId[] {
  const metrics = join(folder, 'metrics')
  const files = existsSync(metrics) ? readdirSync(metrics) : []
  return files
    .filter((file) => file.endsWith('.csv'))
    .map((file) => file.slice(0, -'.csv'.length))
    .toSorted()
}

/** Columns that are new get the next numbers. `byHost.host-1.usedBytes` is a cell of another row: usedBytes of host-1. */
function partsOf(head: readonly string[], columns: Map<string, number>): Part[] {
  const parts = new Map<string | undefined, [number, number][]>()
  for (const [cell, name] of head.entries()) {
    const [first, own, ...rest] = name.split('.')
    if (cell === 0 || LEFT_OUT.has(first!)) continue
    const [host, figure] = first === 'byHost' ? [own, rest.join('_')] : [undefined, name.replaceAll('.', '_')]
    if (!columns.has(figure)) columns.set(figure, columns.size)
    if (!parts.has(host)) parts.set(host, [])
    parts.get(host)!.push([columns.get(figure)!, cell])
  }
  return Array.from(parts, ([host, cells]) => ({ host, cells }))
}

/** Who is in no section was injected, but for the conductor. */
function roleOf(actor: ActorId, { hosts, devices, promoters }: Scenario): string {
  if (Object.hasOwn(hosts, actor)) return 'host'
  if (Object.hasOwn(devices, actor)) return 'device'
  if (Object.hasOwn(promoters, actor)) return 'promoter'
  return actor === 'conductor' ? 'conductor' : 'workload'
}

/** Where an actor is; of an injected workload the scenario does not know. */
function hostOf(actor: ActorId, { hosts, promoters, workloads }: Scenario): string | undefined {
  if (Object.hasOwn(hosts, actor)) return actor
  return (Object.hasOwn(promoters, actor) ? promoters : workloads)[actor]?.host
}

async function headOf(folder: string, actor: ActorId): Promise<string[]> {
  for await (const line of linesOf(folder, actor)) return line.split(',')
  return []
}

async function* rowsOf(folder: string, actor: ActorId): AsyncGenerator<number[]> {
  let width = 0
  let row = 0
  for await (const line of linesOf(folder, actor)) {
    const cells = line.split(',')
    if (row++ === 0) width = cells.length
    else {
      const values = cells.map((cell) => (cell === '' ? NaN : Number(cell)))
      const wrong = cells.findIndex((cell, i) => Number.isNaN(values[i]) && cell !== '' && cell !== 'NaN')
      if (cells.length !== width || wrong >= 0) {
        const problem = wrong < 0 ? `${cells.length} cells for ${width} columns` : 'a cell that is no number'
        throw new ColdpoolError('CP_RUN_FOLDER', fileOf(folder, actor), `line ${row} has ${problem}`, 'a number for each column')
      }
      yield values
    }
  }
}

function linesOf(folder: string, actor: ActorId): AsyncIterable<string> {
  return createInterface({ input: createReadStream(fileOf(folder, actor)), crlfDelay: Infinity })
}

function fileOf(folder: string, actor: ActorId): string {
  return join(folder, 'metrics', `${actor}.csv`)
}
