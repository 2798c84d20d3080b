/**
 * The observer's process: what it hears of runs goes to its log, and to the dashboard that it serves. It follows with the rights
 * of a listener; what the page asks goes over a second connection, with an operator's, and only if it was given these.
 */
import type { Status } from '#shared/observe/broadcast.ts'
import type { NatsWire } from '#shared/bus/nats.ts'
import { logLevel } from '#shared/observe/log-level.ts'
import { type Log, openLog } from '#shared/observe/log.ts'
import type { Quantum } from '#shared/time.ts'
import { openDashboard } from '../dashboard/dashboard.ts'
import { dashboardSettings } from '../dashboard/settings.ts'
import { Feed } from './feed.ts'
import { askConductor } from './operator-wire.ts'
import { showAlive } from './process.ts'
import { connectWire } from './connect.ts'
import { type BusFlags, busSettings, clusterName, operatorSettings } from './settings.ts'

/** A status is worth a line when something changed, and this often. */
const STATUS_EVERY_MS = 10_000
const STATUS_MS_MIN = 1000

export async function observerProcess(flags: BusFlags, signal: AbortSignal): Promise<void> {
  const log = openLog('observer', logLevel(flags.log, 'info'))
  const settings = dashboardSettings()
  const wire = await connectWire(busSettings(flags), 'observer', log, { patient: true, signal })
  const { dropped } = wire
  const stopAlive = showAlive(wire)
  const feed = new Feed(wire, clusterName(flags), dropped)
  const operator = await operatorWire(flags, log, signal)
  let heard: Status | undefined
  let said: Status | undefined
  let saidMs = -Infinity
  /** Whatever is heard, however often: a line a second at most, and what changed in between is said when that is over. */
  const look = (): void => {
    const pausedMs = wire.now() - saidMs
    if (heard === undefined || pausedMs < STATUS_MS_MIN) return
    const changed = heard.run !== said?.run || heard.state !== said.state || heard.generation !== said.generation
    if (!changed && (heard === said || pausedMs < STATUS_EVERY_MS)) return
    said = heard
    saidMs = wire.now()
    const { run, state, remark, virtualSeconds, totalSeconds, generation, behindSeconds } = heard
    const silent = heard.stages.filter((stage) => stage.state !== 'live').map(({ name }) => name)
    log.info(
      { run, state, remark, virtualSeconds, totalSeconds, generation, behindSeconds, silent, dropped: dropped.counts },
      'status',
    )
  }
  /** In virtual seconds, once it is known how long a quantum is. */
  const timeOf = (quantum: Quantum): object =>
    heard === undefined || heard.quantum === 0
      ? { quantum }
      : { seconds: Number(((quantum * heard.virtualSeconds) / heard.quantum).toFixed(6)) }
  const looking = wire.every(STATUS_MS_MIN, look)
  const dashboard = await openDashboard(settings, {
    source: feed,
    ...(operator && { operator: (cluster) => ({ ask: (request) => askConductor(operator, cluster, request) }) }),
    also: {
      status: (status) => {
        heard = status
        look()
      },
      events: ({ events }) => {
        for (const { quantum, actor, code, fields } of events) log.info({ actor, ...timeOf(quantum), ...fields }, code)
      },
    },
  })
  // A token is for the log alone: whoever can read it may look.
  log.info({ url: dashboard.url, acts: operator !== undefined }, 'dashboard')
  log.info({}, 'listening')
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  stopAlive()
  looking.stop()
  await dashboard.close()
  await operator?.close()
}

/** Undefined without an operator's password, where the bus asks for one. */
async function operatorWire(flags: BusFlags, log: Log, signal: AbortSignal): Promise<NatsWire | undefined> {
  const settings = operatorSettings(flags)
  return settings && connectWire(settings, 'dashboard', log, { patient: true, signal })
}
