/** The live dashboard: follows a source of news about runs, and serves a page (web/) that shows them and may act. Start here. */
import { once } from 'node:events'
import { type AddressInfo, isIPv6 } from 'node:net'
import { ColdpoolError } from '#shared/errors.ts'
import type { Listener } from '#shared/observe/broadcast.ts'
import { Board } from './board.ts'
import { metricsText } from './metrics.ts'
import { dashboardServer } from './server.ts'
import type { DashboardSettings } from './settings.ts'
import type { Operator, Source } from './source.ts'
import { Stream } from './stream.ts'

export interface Dashboard {
  /** With the token, if there is one. */
  readonly url: string
  /** Its source too. */
  close(): Promise<void>
}

export interface DashboardParts {
  readonly source: Source
  /** Without one the page only shows. It is told which cluster the page is about. */
  readonly operator?: (cluster: string) => Operator
  /** Hears all that the page is told. */
  readonly also?: Listener
}

/** Ten updates a second. */
const FLUSH_MS = 100

/** Throws CP_OPTION if the port cannot be had. */
export async function openDashboard(settings: DashboardSettings, parts: DashboardParts): Promise<Dashboard> {
  const { source, operator, also = {} } = parts
  const stream = new Stream()
  const board = new Board(operator !== undefined, (name, message) => stream.tell(name, message))
  const server = dashboardServer({
    settings,
    stream: (response) => {
      if (stream.full) return false
      // What comes next is news to all pages alike.
      board.flush()
      stream.open(response, board.whole)
      return true
    },
    metrics: () => metricsText(board.latest),
    mail: (quantum) => board.mailAround(quantum),
    act: (request) => {
      const { cluster } = board
      if (operator === undefined)
        return Promise.resolve({ error: 'CP_COMMAND act: this dashboard only shows; expected one with an operator' })
      if (cluster === undefined) return Promise.resolve({ error: 'CP_COMMAND act: no run is heard; expected a run' })
      return operator(cluster).ask(request)
    },
  })
  const { host, port, token } = settings
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    const { message } = error as Error
    throw new ColdpoolError(
      'CP_OPTION',
      'dashboard',
      message,
      'an address and a port that can be listened on (0: any port that is free)',
    )
  }
  const flushing = setInterval(() => board.flush(), FLUSH_MS)
  await source.follow({
    status: (status) => {
      board.status(status)
      also.status?.(status)
    },
    sample: (sample) => {
      board.sample(sample)
      also.sample?.(sample)
    },
    events: (events) => {
      board.events(events)
      also.events?.(events)
    },
  })
  const { port: bound } = server.address() as AddressInfo
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : isIPv6(host) ? `[${host}]` : host
  return {
    url: `http://${name}:${bound}/${token === undefined ? '' : `?token=${token}`}`,
    close: async () => {
      clearInterval(flushing)
      stream.close()
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      await source.close()
    },
  }
}
