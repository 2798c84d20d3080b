/**
 * Quickstart with quanta of 10 ms as fast as it goes, by ten processes and their conductor over NATS, against the memory bus:
 * by how much longer it takes, in barriers a quantum, a barrier being what a bare one costs with as many processes on
 * the same server. Both are timed from the end of the first quantum to the verdict, so that neither counts its start, nor
 * what hosts set up in their first quantum. Two cores may do better than one: then the figure is below 0.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { BareBarrier } from './bare-barrier.ts'
import { Cluster, PROCESSES, scenarioYaml } from './cluster.ts'
import type { Benchmark } from './harness.ts'
import { NatsServer } from './nats-server.ts'

const MEMORY_CHILD = new URL('quickstart-child.ts', import.meta.url).pathname
const ROUNDS = 1000

export const natsQuickstart: Benchmark = {
  figures: [{ name: 'nats-over-memory-wall', unit: 'barriers a quantum', goal: 1.6, better: 'lower' }],
  runs: 5,
  prepare: (quick) => async () => {
    const overrides = ['quantum=10ms', `duration=${quick ? 5 : 60}s`]
    const server = await NatsServer.start()
    const bare = await BareBarrier.start(server.url, PROCESSES)
    const cluster = await Cluster.start(server)
    try {
      await bare.rounds(ROUNDS)
      const beforeMs = await bare.rounds(ROUNDS)
      const { stdout } = await promisify(execFile)(process.execPath, [MEMORY_CHILD, ...overrides])
      const memoryMs = Number(stdout.split(' ')[1])
      const { verdict, wallMs } = await cluster.run(scenarioYaml('quickstart.yaml', ...overrides))
      const barrierMs = (beforeMs + (await bare.rounds(ROUNDS))) / (2 * ROUNDS)
      process.stderr.write(
        `${verdict.quanta} quanta: ${short(wallMs)} s over NATS, ${short(memoryMs)} s in memory, a barrier ${barrierMs.toFixed(2)} ms\n`,
      )
      return [(wallMs - memoryMs) / (verdict.quanta * barrierMs)]
    } finally {
      await cluster.stop()
      await bare.stop()
      await server.stop()
    }
  },
}

function short(ms: number): string {
  return (ms / 1000).toFixed(2)
}
