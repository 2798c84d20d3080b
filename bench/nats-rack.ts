/**
 * The rack over NATS, by two processes that carry half of it each, as in the product, against the same rack over two threads: ratio of
 * wall times, set-up and verdict included (over NATS from the first grant). And without snapshots: then what is over is the price of bags
 * as messages, some of them far above the server's max_payload. A set of snapshots is timed from its grant until it is whole.
 */
import { assert } from '#shared/errors.ts'
import { ALL_ROLES, Cluster, scenarioYaml } from './cluster.ts'
import type { Benchmark } from './harness.ts'
import { NatsServer } from './nats-server.ts'
import { runRack } from './rack.ts'

export const natsRack: Benchmark = {
  figures: [
    { name: 'rack-nats-over-workers', unit: 'of the wall time', goal: 1.2, better: 'lower' },
    { name: 'rack-nats-bags-over-workers', unit: 'of the wall time', goal: 1.2, better: 'lower' },
    { name: 'rack-set-seconds', unit: 's', goal: 10, better: 'lower' },
  ],
  runs: 3,
  prepare: (quick) => async () => {
    const overrides = quick ? ['duration=10s'] : []
    const whole = await natsRun(overrides, true)
    const bags = await natsRun(overrides, false)
    const threads = await runRack(overrides, 2)
    assert(whole.digest === threads.run.digest && bags.digest === threads.run.digest, 'all of them are the same run')
    const seconds = [whole.wallSeconds, bags.wallSeconds, threads.wallSeconds]
    const [a, b, c] = seconds.map((value) => value.toFixed(1))
    const sets = whole.sets.map((set) => set.toFixed(1)).join(', ')
    process.stderr.write(`${a} s over NATS (sets: ${sets} s), ${b} s without snapshots, ${c} s over threads\n`)
    return [whole.wallSeconds / threads.wallSeconds, bags.wallSeconds / threads.wallSeconds, Math.max(...whole.sets)]
  },
}

interface NatsRun {
  readonly wallSeconds: number
  readonly digest: string
  /** What each set took, in seconds. */
  readonly sets: readonly number[]
}

async function natsRun(overrides: readonly string[], recoverable: boolean): Promise<NatsRun> {
  const server = await NatsServer.start()
  const cluster = await Cluster.start(server, { roles: [ALL_ROLES, ALL_ROLES] })
  const sets: number[] = []
  let beganMs = 0
  const onMoment = (moment: string): void => {
    if (moment === 'set') beganMs = performance.now()
    else if (moment === 'whole') sets.push((performance.now() - beganMs) / 1000)
  }
  try {
    const { wholeMs, verdict } = await cluster.run(scenarioYaml('rack.yaml', ...overrides), { recoverable, onMoment })
    return { wallSeconds: wholeMs / 1000, digest: verdict.digest, sets }
  } finally {
    await cluster.stop()
    await server.stop()
  }
}
