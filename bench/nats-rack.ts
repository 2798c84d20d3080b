/**
 * The rack in small over NATS by two processes that carry half of it each, as in the product, against the same run over two threads:
 * ratio of wall times. And without snapshots, which are most of the difference: then what is over is the price of bags as
 * messages, some of them above the server's max_payload. All are timed from the end of the first quantum
 * to the verdict.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { ALL_ROLES, Cluster } from './cluster.ts'
import type { Benchmark } from './harness.ts'
import { NatsServer } from './nats-server.ts'
import { rackLikeYaml } from './rack-like.ts'

const CHILD = new URL('rack-like-child.ts', import.meta.url).pathname

export const natsRack: Benchmark = {
  figures: [
    { name: 'rack-nats-over-workers', unit: 'of the wall time', goal: 1.2, better: 'lower' },
    { name: 'rack-nats-bags-over-workers', unit: 'of the wall time', goal: 1.2, better: 'lower' },
  ],
  runs: 3,
  prepare: (quick) => async () => {
    const seconds = quick ? 2 : 5
    const whole = await natsWallMs(seconds, true)
    const bags = await natsWallMs(seconds, false)
    const threads = Number((await promisify(execFile)(process.execPath, [CHILD, String(seconds)])).stdout)
    const [a, b, c] = [whole, bags, threads].map((ms) => (ms / 1000).toFixed(2))
    process.stderr.write(`${seconds} s in ${a} s over NATS, in ${b} s without snapshots, in ${c} s over threads\n`)
    return [whole / threads, bags / threads]
  },
}

async function natsWallMs(seconds: number, recoverable: boolean): Promise<number> {
  const server = await NatsServer.start()
  const cluster = await Cluster.start(server, { roles: [ALL_ROLES, ALL_ROLES] })
  try {
    return (await cluster.run(rackLikeYaml(seconds), undefined, recoverable)).wallMs
  } finally {
    await cluster.stop()
    await server.stop()
  }
}
