/** What an operator may ask of a running cluster: `coldpool inject`, `stop`, `pause`, `resume`, `pace`, `workloads`. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parse } from 'yaml'
import { ColdpoolError } from '#shared/errors.ts'
import { logLevel } from '#shared/observe/log-level.ts'
import { openLog } from '#shared/observe/log.ts'
import type { OperatorAnswer, OperatorRequest } from '#simulation/desk.ts'
import { Feed } from '#simulation/cluster/feed.ts'
import { askConductor } from '#simulation/cluster/operator-wire.ts'
import { parsePace } from '#simulation/cluster/pacer.ts'
import { connectWire } from '#simulation/cluster/connect.ts'
import { type BusFlags, busSettings, clusterName } from '#simulation/cluster/settings.ts'
import { readScenarioText } from '#simulation/scenario-file.ts'
import type { Io } from './io.ts'
import { nextStatus } from './watch/status.ts'
import { workloadsTable } from './watch/workload-line.ts'

/** Each conductor tells its status once a second. */
const LISTEN_MS = 1300
const DEFAULT_SIZE = '256MiB'

/** Fields of a workload that have an option of their own; any other goes through --set. */
export const WORKLOAD_FLAGS = ['host', 'kind', 'size', 'rate', 'accesses', 'for', 'attack', 'content', 'writes'] as const

export type InjectFlags = BusFlags & { readonly [F in (typeof WORKLOAD_FLAGS)[number]]?: string } & {
  readonly id?: string
  readonly file?: string
  readonly set?: readonly string[]
}

export async function inject(flags: InjectFlags, io: Io): Promise<number> {
  const workload = workloadOf(flags)
  const answer = await ask(flags, { command: 'inject', workload, ...(flags.id !== undefined && { id: flags.id }) })
  return tell(
    answer,
    io,
    ({ id, quantum, seconds }) => `${id} starts on ${String(workload['host'])} at ${seconds.toFixed(3)} s (quantum ${quantum})`,
  )
}

export async function stop(id: string, flags: BusFlags, io: Io): Promise<number> {
  const answer = await ask(flags, { command: 'stop', id })
  return tell(answer, io, ({ quantum, seconds }) => `${id} is told to leave at ${seconds.toFixed(3)} s (quantum ${quantum})`)
}

export async function pause(flags: BusFlags, io: Io): Promise<number> {
  return tell(await ask(flags, { command: 'pause' }), io, ({ seconds }) => `paused at ${seconds.toFixed(3)} s`)
}

export async function resume(flags: BusFlags, io: Io): Promise<number> {
  return tell(await ask(flags, { command: 'resume' }), io, ({ seconds }) => `goes on from ${seconds.toFixed(3)} s`)
}

export async function pace(text: string, flags: BusFlags, io: Io): Promise<number> {
  const request = { command: 'pace', pace: parsePace(text, 'pace') } as const
  return tell(await ask(flags, request), io, ({ seconds }) => `pace ${text} from ${seconds.toFixed(3)} s on`)
}

export async function end(flags: BusFlags, io: Io): Promise<number> {
  return tell(
    await ask(flags, { command: 'end' }),
    io,
    ({ seconds }) => `the run ends at ${seconds.toFixed(3)} s; its conductor tells the verdict`,
  )
}

export async function workloads(flags: BusFlags, io: Io): Promise<number> {
  io.stdout.write(`${workloadsTable(await nextStatus(await feedOf(flags)))}\n`)
  return 0
}

/** Hears what conductors tell; closing it closes its connection. */
export async function feedOf(flags: BusFlags): Promise<Feed> {
  const wire = await connectWire(busSettings(flags), 'cli', openLog('cli', logLevel(undefined, 'error')))
  return new Feed(wire, clusterName(flags), wire.dropped)
}

/** A workload as a scenario has it: from a file, from options, and what --set says, in this order. */
function workloadOf(flags: InjectFlags): Record<string, unknown> {
  const workload: Record<string, unknown> = flags.file === undefined ? {} : mapping(flags.file)
  for (const field of WORKLOAD_FLAGS) if (flags[field] !== undefined) workload[field] = flags[field]
  for (const text of flags.set ?? []) {
    const [, field, value] = /^([A-Za-z]+)=(.*)$/s.exec(text) ?? []
    if (field === undefined)
      throw new ColdpoolError('CP_OPTION', '--set', `got ${JSON.stringify(text).slice(0, 80)}`, 'field=value')
    workload[field] = plain(value!, '--set')
  }
  if (workload['kind'] !== 'trace') workload['size'] ??= DEFAULT_SIZE
  return workload
}

function mapping(file: string): Record<string, unknown> {
  const given = plain(readScenarioText(file), file)
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return { ...given }
  throw new ColdpoolError('CP_SCENARIO_SHAPE', file, 'is no mapping', 'a workload as it stands in a scenario')
}

function plain(yaml: string, where: string): unknown {
  try {
    return parse(yaml, { maxAliasCount: 0 }) as unknown
  } catch (error) {
    throw new ColdpoolError('CP_SCENARIO_YAML', where, (error as Error).message.split('\n')[0]!, 'well-formed YAML')
  }
}

/** Without a named cluster, the one that runs; several are one too many. */
async function ask(flags: BusFlags, request: OperatorRequest): Promise<OperatorAnswer> {
  const cluster = clusterName(flags) ?? (await onlyCluster(flags))
  const wire = await connectWire(busSettings(flags), 'cli', openLog('cli', logLevel(undefined, 'error')))
  try {
    return await askConductor(wire, cluster, request)
  } finally {
    await wire.close()
  }
}

async function onlyCluster(flags: BusFlags): Promise<string> {
  const feed = await feedOf(flags)
  const heard = new Set<string>()
  try {
    await feed.follow({ status: ({ cluster }) => void heard.add(cluster) })
    await sleep(LISTEN_MS)
  } finally {
    await feed.close()
  }
  const [cluster] = heard
  if (cluster === undefined) throw new ColdpoolError('CP_BUS', 'cluster', 'no conductor is heard', 'a run on this bus')
  if (heard.size === 1) return cluster
  throw new ColdpoolError('CP_OPTION', '--cluster', `${heard.size} clusters run on this bus`, `one of ${[...heard].join(', ')}`)
}

function tell(answer: OperatorAnswer, io: Io, words: (answer: Exclude<OperatorAnswer, { error: string }>) => string): number {
  if ('error' in answer) {
    io.stderr.write(`${answer.error}\n`)
    return 2
  }
  io.stdout.write(`${words(answer)}\n`)
  return 0
}
