/** The observer's process: it can only listen. Until there is a page to look at, what it hears goes to its log. */
import type { Status } from '#shared/observe/broadcast.ts'
import { openLog } from '#shared/observe/log.ts'
import { Feed } from './feed.ts'
import { showAlive } from './process.ts'
import { connectWire } from './connect.ts'
import { type BusFlags, busSettings, clusterName } from './settings.ts'

/** A status is worth a line when something changed, and this often. */
const STATUS_EVERY_MS = 10_000
const STATUS_MS_MIN = 1000

export async function observerProcess(flags: BusFlags, signal: AbortSignal): Promise<void> {
  const log = openLog({ process: 'observer' })
  const wire = await connectWire(busSettings(flags), 'observer', log, { patient: true })
  const { dropped } = wire
  const stopAlive = showAlive(wire)
  const feed = new Feed(wire, clusterName(flags), dropped)
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
  const looking = wire.every(STATUS_MS_MIN, look)
  await feed.follow({
    status: (status) => {
      heard = status
      look()
    },
    events: ({ events }) => {
      for (const { quantum, actor, code, fields } of events) log.info({ quantum, actor, ...fields }, code)
    },
  })
  log.info({}, 'listening')
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  stopAlive()
  looking.stop()
  await feed.close()
}
