/** What every process of a cluster has in common: it ends when it is asked to, shows that it is alive, and says in one line what is wrong. */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { NatsWire } from '#shared/bus/nats.ts'
import { ColdpoolError } from '#shared/errors.ts'
import { JetStreamStore } from '#shared/observe/journal.ts'
import { logLevel } from '#shared/observe/log-level.ts'
import { type Log, openLog } from '#shared/observe/log.ts'
import { ScenarioError } from '#shared/scenario/problems.ts'
import { type CrewOptions, runCrew } from './crew.ts'
import { connectWire } from './connect.ts'
import { type BusFlags, type BusSettings, busSettings, clusterName, DEFAULT_CLUSTER, processName } from './settings.ts'

const ALIVE_MS = 1000

export interface CrewFlags extends BusFlags {
  readonly roles: readonly string[]
  readonly name?: string | undefined
  readonly capacity?: number | undefined
}

/** Carries stages until it is asked to end. Throws a ColdpoolError. */
export async function crewProcess(flags: CrewFlags, signal: AbortSignal, more: Partial<CrewOptions> = {}): Promise<void> {
  const { roles, capacity = 0 } = flags
  const name = flags.name ?? processName(roles[0]!)
  const log = openLog(name, logLevel(flags.log, 'info'))
  await overBus(busSettings(flags), name, log, signal, async (wire) => {
    const store = await JetStreamStore.open(wire)
    const cluster = clusterName(flags) ?? DEFAULT_CLUSTER
    log.info({ roles, cluster }, 'standing by')
    await runCrew(wire, store, { cluster, name, roles, capacity }, { log, dropped: wire.dropped, ...more }, signal)
  })
}

/** With a connection that is waited for, and that shows that the process is alive. Throws the signal's reason if there is none by then. */
export async function overBus(
  settings: BusSettings,
  name: string,
  log: Log,
  signal: AbortSignal,
  work: (wire: NatsWire) => Promise<void>,
): Promise<void> {
  const wire = await connectWire(settings, name, log, { patient: true, signal })
  const stopAlive = showAlive(wire)
  try {
    await work(wire)
  } finally {
    stopAlive()
    await wire.close()
  }
}

/** The whole of a service's main.ts: options --bus, --cluster and --log, or the environment. */
export async function serviceMain(serve: (flags: BusFlags, signal: AbortSignal) => Promise<void>): Promise<void> {
  process.exitCode = await guarded(async () => {
    const { values } = options()
    await untilAsked((signal) => serve(values, signal))
  })
  // Whatever still hangs on the event loop, a lost connection for instance, must not keep a process that is done.
  process.exit()
}

/** Gives the exit code: 0, 2 for what a user can mend, 1 for what only we can. */
async function guarded(work: () => Promise<void>): Promise<number> {
  try {
    await work()
    return 0
  } catch (error) {
    const known = error instanceof ColdpoolError || error instanceof ScenarioError
    process.stderr.write(`${known ? error.message : `coldpool failed: ${(error as Error).stack}`}\n`)
    return known ? 2 : 1
  }
}

function options(): { values: BusFlags } {
  try {
    return parseArgs({ options: { bus: { type: 'string' }, cluster: { type: 'string' }, log: { type: 'string' } } })
  } catch (error) {
    throw new ColdpoolError('CP_OPTION', 'options', (error as Error).message, '--bus nats://…, --cluster NAME and --log LEVEL')
  }
}

/** Whatever is cut short because the process was asked to end has ended well. */
export async function untilAsked(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const signal = endSignal()
  try {
    await work(signal)
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error
  }
}

/** SIGTERM, Ctrl-C, or the end of the process that started this one. */
export function endSignal(): AbortSignal {
  const controller = new AbortController()
  const end = (): void => controller.abort()
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
  if (process.connected) process.once('disconnect', end)
  return controller.signal
}

/** Touches the file of COLDPOOL_ALIVE_FILE each second while the bus answers, for health checks. */
export function showAlive(wire: NatsWire, file = process.env['COLDPOOL_ALIVE_FILE']): () => void {
  if (file === undefined || file === '') return () => {}
  let asking = false
  const ask = async (): Promise<void> => {
    if (asking) return
    asking = true
    try {
      await wire.flush()
      writeFileSync(file, '')
    } finally {
      asking = false
    }
  }
  // A flush that fails is a bus that does not answer: the file grows old, as it should.
  const subscription = wire.every(ALIVE_MS, () => void ask().catch(() => {}))
  return () => subscription.stop()
}
