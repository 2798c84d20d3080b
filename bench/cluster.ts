/** A cluster of processes, by default quickstart's: four hosts, two devices, four promoters in a process each; the caller's process conducts. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NatsWire } from '#shared/bus/nats.ts'
import { JetStreamStore, STREAM_LIMITS } from '#shared/observe/journal.ts'
import { openLog } from '#shared/observe/log.ts'
import { loadScenario } from '#shared/scenario.ts'
import { conductRun } from '#simulation/cluster/conductor-process.ts'
import { DEFAULT_CLUSTER } from '#simulation/cluster/settings.ts'
import type { Verdict } from '#simulation/verdict.ts'
import type { NatsServer } from './nats-server.ts'

const CHILD = new URL('crew-child.ts', import.meta.url).pathname
const QUICKSTART = new URL('../scenarios/quickstart.yaml', import.meta.url)
const HOST = 'host,workload'
const ROLES = [HOST, HOST, HOST, HOST, 'device', 'device', 'promoter', 'promoter', 'promoter', 'promoter']
export const PROCESSES = ROLES.length
/** What a process that carries all sorts of actors is. */
export const ALL_ROLES = 'host,device,promoter,workload'

export interface ClusterRun {
  readonly verdict: Verdict
  /** From the end of the first quantum, as in memory: what is set up in it is no part of what is measured. To the verdict. */
  readonly wallMs: number
}

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

  /**
   * Journal, snapshots (but where it need not be recoverable) and run folder as in the product. `onGrant` is told before each, by
   * number from 1, and waited for.
   */
  async run(yaml: string, onGrant: (number: number) => Promise<void> | void = () => {}, recoverable = true): Promise<ClusterRun> {
    let startMs: number | undefined
    // The last done: the report that is drawn at the end is no part of it either.
    let endMs = 0
    const conducted = conductRun(this.#wire, this.#store, () => ({ yaml, out: join(this.#directory, 'runs') }), {
      cluster: DEFAULT_CLUSTER,
      pace: 0,
      recoverable,
      log: openLog('bench', 'warn'),
      onMoment: (moment, number) => {
        if (moment === 'done') {
          endMs = performance.now()
          startMs ??= endMs
        }
        return moment === 'grant' ? onGrant(number) : undefined
      },
    })
    const result = await Promise.race([conducted, ...this.#children.map(deathOf)])
    return { verdict: result!.verdict, wallMs: endMs - startMs! }
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

export function quickstartYaml(...overrides: readonly string[]): string {
  return loadScenario(readFileSync(QUICKSTART, 'utf8'), 'quickstart.yaml', overrides).yaml
}

/** Quickstart's actors with nothing to do; a workload that would start long after the end keeps the run from being over. */
export function idleYaml(quanta: number): string {
  const withoutWorkloads = readFileSync(QUICKSTART, 'utf8').split(/^workloads:/m)[0]!
  const workloads = 'workloads: { late: { host: host-1, kind: uniform, size: 4KiB, accesses: 1/s, start: 10h } }\n'
  return loadScenario(withoutWorkloads + workloads, 'idle', ['quantum=1ms', `duration=${quanta}ms`]).yaml
}
