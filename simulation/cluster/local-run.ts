/**
 * A run over NATS that one command starts and ends: a stage for each actor, in this process (all mail crosses the server, and
 * as all would die together nothing is kept to recover from) or in processes of their own, which are started again when they die.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { NatsWire } from '#shared/bus/nats.ts'
import { Script } from '#shared/command.ts'
import { JetStreamStore, STREAM_LIMITS } from '#shared/observe/journal.ts'
import { MemoryStore } from '#shared/observe/memory-store.ts'
import type { LogLevel } from '#shared/observe/log-level.ts'
import { openLog } from '#shared/observe/log.ts'
import type { Store } from '#shared/observe/store.ts'
import { Cast, type Member } from '../actors.ts'
import type { RunResult } from '../ledger.ts'
import type { RunInput, RunOptions } from '../run.ts'
import { conductRun } from './conductor-process.ts'
import { type CrewOptions, runCrew } from './crew.ts'
import { connectWire } from './connect.ts'
import { type BusSettings } from './settings.ts'

export interface LocalRunOptions extends RunOptions {
  readonly bus: BusSettings
  /** A lobby of its own unless one is named, so that it takes nobody else's stages. */
  readonly cluster?: string | undefined
  readonly processes: boolean
  /** Of the conductor and of the processes. */
  readonly log: LogLevel
  /** Told in which cluster the run will be, before it begins. */
  readonly onCluster?: (cluster: string) => Promise<void>
}

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
const RESTART_MS = 200
const KILL_MS = 2000

/** Throws a ColdpoolError. */
export async function runOverNats(input: RunInput, options: LocalRunOptions): Promise<RunResult> {
  const { scenario, yaml, out = 'runs', script = new Script() } = input
  const { bus, processes, pace = 0, signal, onProgress, onReading } = options
  const log = openLog('conductor', options.log)
  const cluster = options.cluster ?? `run-${randomBytes(4).toString('hex')}`
  const members = new Cast(scenario).members.filter(({ role }) => role !== 'conductor')
  await options.onCluster?.(cluster)
  const wire = await connectWire(bus, 'conductor', log, signal && { signal })
  const end = new AbortController()
  try {
    const store = processes ? await JetStreamStore.create(wire, STREAM_LIMITS) : new MemoryStore()
    const crews = processes
      ? members.map((member) => supervise(member, bus, cluster, options.log, end.signal))
      : members.map((member) => crewHere(member, bus, store, cluster, { log, ...(onReading && { onReading }) }, end.signal))
    const conducted = conductRun(wire, store, () => ({ yaml, out, script: script.added }), {
      cluster,
      pace,
      log,
      dropped: wire.dropped,
      recoverable: processes,
      stages: members.length,
      ...(signal && { end: signal }),
      ...(onProgress && { onProgress }),
    })
    // A crew that cannot even start fails the run; none ends by itself.
    const result = (await Promise.race([conducted, Promise.all(crews)])) as RunResult
    end.abort()
    await Promise.all(crews)
    return result
  } finally {
    end.abort()
    await wire.close()
  }
}

async function crewHere(
  { id, role }: Member,
  bus: BusSettings,
  store: Store,
  cluster: string,
  options: Pick<CrewOptions, 'log' | 'onReading'>,
  end: AbortSignal,
): Promise<void> {
  const wire: NatsWire = await connectWire(bus, id, options.log)
  try {
    await runCrew(wire, store, { cluster, name: id, roles: [role], capacity: 0 }, { ...options, dropped: wire.dropped }, end)
  } finally {
    await wire.close()
  }
}

/** Resolves when it was asked to end, and has. */
async function supervise(
  { id, role }: Member,
  bus: BusSettings,
  cluster: string,
  log: LogLevel,
  end: AbortSignal,
): Promise<void> {
  const env = {
    ...process.env,
    COLDPOOL_LOG: log,
    COLDPOOL_BUS: bus.servers,
    ...(bus.user !== undefined && { COLDPOOL_NATS_USER: bus.user }),
    ...(bus.password !== undefined && { COLDPOOL_NATS_PASSWORD: bus.password }),
  }
  while (!end.aborted) {
    const child = fork(MAIN, ['stage', '--roles', role, '--name', id, '--cluster', cluster], {
      env,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const stop = (): void => void finish(child)
    end.addEventListener('abort', stop)
    await once(child, 'exit')
    end.removeEventListener('abort', stop)
    if (!end.aborted) await sleep(RESTART_MS)
  }
}

async function finish(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  await Promise.race([once(child, 'exit'), sleep(KILL_MS, undefined, { ref: false })])
  if (child.exitCode === null) child.kill('SIGKILL')
}
