/** The observer's process: it can only listen. Until there is a page to look at, what it hears goes to its log. */
import { Dropped } from '#shared/bus/wire.ts'
import type { Status } from '#shared/observe/broadcast.ts'
import { openLog } from '#shared/observe/log.ts'
import { Feed } from './feed.ts'
import { showAlive } from './process.ts'
import { connectWire } from './connect.ts'
import { type BusFlags, busSettings, clusterName } from './settings.ts'

/** A status is worth a line when something changed, and this often. */
const STATUS_EVERY_MS = 10_000

export async function observerProcess(flags: BusFlags, signal: AbortSignal): Promise<void> {
  const log = openLog({ process: 'observer' })
  const dropped = new Dropped()
  const wire = await connectWire(busSettings(flags), 'observer', log, { patient: true, dropped })
  const stopAlive = showAlive(wire)
  const feed = new Feed(wire, clusterName(flags), dropped)
  let last: Status | undefined
  let saidMs = -Infinity
  await feed.follow({
    status: (status) => {
      const changed = status.run !== last?.run || status.state !== last.state || status.generation !== last.generation
      last = status
      if (!changed && wire.now() - saidMs < STATUS_EVERY_MS) return
      saidMs = wire.now()
      const { run, state, remark, virtualSeconds, totalSeconds, generation, behindSeconds } = status
      const silent = status.stages.filter((stage) => stage.state !== 'live').map(({ name }) => name)
      log.info(
        { run, state, remark, virtualSeconds, totalSeconds, generation, behindSeconds, silent, dropped: dropped.counts },
        'status',
      )
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
  await feed.close()
}
