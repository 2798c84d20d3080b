/**
 * The rack over NATS, by two processes that carry half of it each, as in the product, against the same rack over two threads: ratio of
 * wall times, set-up and verdict included (over NATS from the first grant). It is over before the first set of snapshots is due, for a
 * rack is built again sooner than restored. So seven minutes of it are run too, with a full set and ones that build on it: each is timed
 * from its grant until it is whole, while the run goes on.
 */
import { assert } from '#shared/errors.ts'
import { ALL_ROLES, Cluster, scenarioYaml } from './cluster.ts'
import type { Benchmark } from './harness.ts'
import { NatsServer } from './nats-server.ts'
import { runRack } from './rack.ts'

export const natsRack: Benchmark = {
  figures: [{ name: 'rack-nats-over-workers', unit: 'of the wall time', goal: 1.2, better: 'lower' }],
  runs: 3,
  prepare: (quick) => async () => {
    const overrides = quick ? ['duration=10s'] : []
    const cluster = await natsRun(overrides)
    const threads = await runRack(overrides, 2)
    assert(cluster.digest === threads.run.digest, 'both are the same run')
    process.stderr.write(`${cluster.wallSeconds.toFixed(1)} s over NATS, ${threads.wallSeconds.toFixed(1)} s over threads\n`)
    return [cluster.wallSeconds / threads.wallSeconds]
  },
}

export const natsRackSets: Benchmark = {
  figures: [
    { name: 'rack-first-set-seconds', unit: 's', goal: 10, better: 'lower' },
    { name: 'rack-next-set-seconds', unit: 's', goal: 10, better: 'lower' },
  ],
  runs: 1,
  prepare: () => async () => {
    const { sets } = await natsRun(['duration=420s'])
    assert(sets.length > 1, `a rack of seven minutes is stored twice, not ${sets.length} times`)
    return [sets[0]!, Math.max(...sets.slice(1))]
  },
}

interface NatsRun {
  readonly wallSeconds: number
  readonly digest: string
  /** What each set took, in seconds. */
  readonly sets: readonly number[]
}

async function natsRun(overrides: readonly string[]): Promise<NatsRun> {
  const server = await NatsServer.start()
  const cluster = await Cluster.start(server, { roles: [ALL_ROLES, ALL_ROLES] })
  const sets: number[] = []
  let beganMs = 0
  const onMoment = (moment: string): void => {
    if (moment === 'set') beganMs = performance.now()
    else if (moment === 'whole') sets.push((performance.now() - beganMs) / 1000)
  }
  try {
    const { wholeMs, verdict } = await cluster.run(scenarioYaml('rack.yaml', ...overrides), { onMoment })
    return { wallSeconds: wholeMs / 1000, digest: verdict.digest, sets }
  } finally {
    await cluster.stop()
    await server.stop()
  }
}
