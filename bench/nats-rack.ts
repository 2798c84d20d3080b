/**
 * The rack over NATS, by two processes that carry half of it each, as in the product, against the same rack over two threads: ratio of
 * wall times, set-up and verdict included (over NATS from the first grant). It is over before the first set of snapshots is due, for a
 * rack is built again sooner than restored. So it is run on until it has been stored twice, in full and then what had changed: each set
 * is timed from its grant until it is whole, beside the run.
 */
import { assert } from '#shared/errors.ts'
import { ALL_ROLES, Cluster, scenarioYaml } from './cluster.ts'
import type { Benchmark } from './harness.ts'
import { NatsServer } from './nats-server.ts'
import { runRack } from './rack.ts'

export const natsRack: Benchmark = {
  figures: [{ name: 'rack-nats-over-workers', unit: 'of the wall time', goal: 1.2, better: 'lower' }],
  runs: 5,
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
    const enough = new AbortController()
    const onSet = (count: number): void => {
      if (count === 2) enough.abort()
    }
    const { sets } = await natsRun(['duration=1h'], onSet, enough.signal)
    return [sets[0]!, sets[1]!]
  },
}

interface NatsRun {
  readonly wallSeconds: number
  readonly digest: string
  /** What each set took, in seconds. */
  readonly sets: readonly number[]
}

async function natsRun(
  overrides: readonly string[],
  onSet: (count: number) => void = () => {},
  end?: AbortSignal,
): Promise<NatsRun> {
  const server = await NatsServer.start()
  const cluster = await Cluster.start(server, { roles: [ALL_ROLES, ALL_ROLES] })
  const sets: number[] = []
  let beganMs = 0
  const onMoment = (moment: string): void => {
    if (moment === 'set') beganMs = performance.now()
    else if (moment === 'whole') onSet(sets.push((performance.now() - beganMs) / 1000))
  }
  try {
    const { wholeMs, verdict } = await cluster.run(scenarioYaml('rack.yaml', ...overrides), { onMoment, ...(end && { end }) })
    return { wallSeconds: wholeMs / 1000, digest: verdict.digest, sets }
  } finally {
    await cluster.stop()
    await server.stop()
  }
}
