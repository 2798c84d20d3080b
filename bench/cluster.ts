/** A cluster of processes, by default quickstart's: four hosts, two devices, four promoters in a process each; the caller's process conducts. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NatsWire } from '#shared/bus/nats.ts'
import { STAGE_ROLES } from '#shared/messages.ts'
import { JetStreamStore, STREAM_LIMITS } from '#shared/observe/journal.ts'
import { openLog } from '#shared/observe/log.ts'
import { loadScenario } from '#shared/scenario.ts'
import { conductRun } from '#simulation/cluster/conductor-process.ts'
import type { DirectorOptions } from '#simulation/cluster/director.ts'
import { DEFAULT_CLUSTER } from '#simulation/cluster/settings.ts'
import type { Verdict } from '#simulation/verdict.ts'
import type { NatsServer } from './nats-server.ts'

const CHILD = new URL('crew-child.ts', import.meta.url).pathname
const SCENARIOS = new URL('../scenarios/', import.meta.url)
const HOST = 'host,workload'
const ROLES = [HOST, HOST, HOST, HOST, 'device', 'device', 'promoter', 'promoter', 'promoter', 'promoter']
export const PROCESSES = ROLES.length
/** What a process that carries all sorts of actors is. */
export const ALL_ROLES = STAGE_ROLES.join(',')

export interface ClusterRun {
  readonly verdict: Verdict
  /** From the first grant to the verdict. */
  readonly wholeMs: number
  /** From the end of the first quantum, in which hosts are set up. */
  readonly wallMs: number
}

/** `onMoment` is waited for. */
export type ClusterRunOptions = Pick<DirectorOptions, 'onMoment' | 'end'>

export class Cluster {
  readonly #wire: NatsWire
  readonly #store: JetStreamStore
  readonly #directory: string
  readonly #children: readonly ChildProcess[]

  private constructor(wire: NatsWire, store: JetStreamStore, directory: string, children: readonly ChildProcess[]) {
    this.#wire = wire
    this.#store = store
    this.#directory = directory
    this.#children = children
  }

  /** Roles of each process; `busy`: actors step in every quantum. */
  static async start(
    { url, directory }: NatsServer,
    { roles = ROLES, busy = false }: { readonly roles?: readonly string[]; readonly busy?: boolean } = {},
  ): Promise<Cluster> {
    const wire = await NatsWire.connect({ servers: url, name: 'bench' })
    const store = await JetStreamStore.create(wire, STREAM_LIMITS)
    const children = roles.map((list, i) => fork(CHILD, [list, `${list.split(',')[0]!}-${i}`, url, ...(busy ? ['busy'] : [])]))
    return new Cluster(wire, store, directory, children)
  }

  /** Journal, snapshots and run folder as in the product. */
  async run(yaml: string, { onMoment, end }: ClusterRunOptions = {}): Promise<ClusterRun> {
    let grantMs: number | undefined
    let startMs: number | undefined
    // The last done: the report that is drawn at the end is no part of it either.
    let endMs = 0
    const conducted = conductRun(this.#wire, this.#store, () => ({ yaml, out: join(this.#directory, 'runs') }), {
      cluster: DEFAULT_CLUSTER,
      pace: 0,
      log: openLog('bench', 'warn'),
      ...(end && { end }),
      onMoment: (moment, number) => {
        if (moment === 'grant') grantMs ??= performance.now()
        if (moment === 'done') {
          endMs = performance.now()
          startMs ??= endMs
        }
        return onMoment?.(moment, number)
      },
    })
    const result = await Promise.race([conducted, ...this.#children.map(deathOf)])
    return { verdict: result!.verdict, wholeMs: endMs - grantMs!, wallMs: endMs - startMs! }
  }

  async stop(): Promise<void> {
    const alive = this.#children.filter(({ connected }) => connected)
    const gone = alive.map((child) => once(child, 'exit'))
    for (const child of alive) child.disconnect()
    await Promise.all(gone)
    await this.#wire.close()
  }
}

/** Without it the run would wait for its replacement. */
async function deathOf(child: ChildProcess): Promise<never> {
  const [code] = (await once(child, 'exit')) as [number | null]
  throw new Error(`a process of the cluster ended with ${code}`)
}

export function scenarioYaml(name: string, ...overrides: readonly string[]): string {
  return loadScenario(readFileSync(new URL(name, SCENARIOS), 'utf8'), name, overrides).yaml
}

/** Quickstart's actors with nothing to do; a workload that would start long after the end keeps the run from being over. */
export function idleYaml(quanta: number): string {
  const withoutWorkloads = readFileSync(new URL('quickstart.yaml', SCENARIOS), 'utf8').split(/^workloads:/m)[0]!
  const workloads = 'workloads: { late: { host: host-1, kind: uniform, size: 4KiB, accesses: 1/s, start: 10h } }\n'
  return loadScenario(withoutWorkloads + workloads, 'idle', ['quantum=1ms', `duration=${quanta}ms`]).yaml
}
