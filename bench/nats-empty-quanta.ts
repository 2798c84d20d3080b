/**
 * Quickstart's cluster when nobody has anything to do and all step all the same, against a bare barrier of as many processes
 * on the same server. Within one run and in short turns, so that what else the machine does meets both alike: between two
 * slices of quanta the run waits while as many bare rounds are made. Snapshots fall due meanwhile, and are paid for by quanta.
 */
import { BareBarrier } from './bare-barrier.ts'
import { Cluster, idleYaml, PROCESSES } from './cluster.ts'
import type { Benchmark } from './harness.ts'
import { NatsServer } from './nats-server.ts'

/** Grants. */
const SLICE = 500
/** Until the processes, bare ones and others, have compiled what is hot: after a fifth of it a quantum still takes 6 % longer. */
const SLICES_WARM = 20
const SLICES = 12

export const natsEmptyQuanta: Benchmark = {
  figures: [
    { name: 'nats-empty-quanta-per-second', unit: 'quanta/s', goal: 660, better: 'higher' },
    { name: 'nats-over-bare-barrier', unit: 'of its rate', goal: 0.85, better: 'higher' },
  ],
  runs: 5,
  prepare: (quick) => async () => {
    const slices = quick ? 4 : SLICES
    const server = await NatsServer.start()
    const bare = await BareBarrier.start(server.url, PROCESSES)
    const cluster = await Cluster.start(server, { busy: true })
    try {
      let ms = 0
      let bareMs = 0
      let sliceMs = 0
      const between = async (slice: number): Promise<void> => {
        if (slice > SLICES_WARM) ms += performance.now() - sliceMs
        const roundsMs = await bare.rounds(SLICE)
        if (slice > SLICES_WARM) bareMs += roundsMs
        sliceMs = performance.now()
      }
      await cluster.run(idleYaml((SLICES_WARM + slices) * SLICE + 1), {
        onMoment: (moment, number) => {
          const slice = (number - 1) / SLICE
          return moment === 'grant' && Number.isInteger(slice) ? between(slice) : undefined
        },
      })
      return [(1000 * slices * SLICE) / ms, bareMs / ms]
    } finally {
      await cluster.stop()
      await bare.stop()
      await server.stop()
    }
  },
}
