/** `coldpool run --dashboard`: the page is served by the run's own process, and stays when the run is over, until Ctrl-C. */
import { once } from 'node:events'
import { logLevel } from '#shared/observe/log-level.ts'
import { openLog } from '#shared/observe/log.ts'
import { connectWire } from '#simulation/cluster/connect.ts'
import { Feed } from '#simulation/cluster/feed.ts'
import { askConductor } from '#simulation/cluster/operator-wire.ts'
import type { BusSettings } from '#simulation/cluster/settings.ts'
import { type Dashboard, type DashboardParts, openDashboard } from '#simulation/dashboard/dashboard.ts'
import { LiveRun } from '#simulation/dashboard/live-run.ts'
import type { DashboardSettings } from '#simulation/dashboard/settings.ts'
import type { Io } from './io.ts'

export class RunBoard implements AsyncDisposable {
  readonly #settings: DashboardSettings
  readonly #io: Io
  #dashboard: Dashboard | undefined

  constructor(settings: DashboardSettings, io: Io) {
    this.#settings = settings
    this.#io = io
  }

  /** For a run in this process. Throws CP_OPTION if the port cannot be had. */
  async live(): Promise<LiveRun> {
    const live = new LiveRun()
    await this.#open({ source: live, operator: () => live })
    return live
  }

  /** For a run over NATS. */
  async follow(bus: BusSettings, cluster: string, log: string | undefined, signal: AbortSignal): Promise<void> {
    const wire = await connectWire(bus, 'dashboard', openLog('dashboard', logLevel(log, 'warn')), { signal })
    await this.#open({
      source: new Feed(wire, cluster, wire.dropped),
      operator: () => ({ ask: (request) => askConductor(wire, cluster, request) }),
    })
  }

  /** The run is over. */
  async untilInterrupted(): Promise<void> {
    this.#io.stderr.write(`the run is over; the dashboard stays at ${this.#dashboard!.url} until Ctrl-C\n`)
    const done = new AbortController()
    await Promise.race(['SIGINT', 'SIGTERM'].map((name) => once(process, name, { signal: done.signal })))
    done.abort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dashboard?.close()
  }

  async #open(parts: DashboardParts): Promise<void> {
    this.#dashboard = await openDashboard(this.#settings, parts)
    this.#io.stderr.write(`dashboard: ${this.#dashboard.url}\n`)
  }
}
