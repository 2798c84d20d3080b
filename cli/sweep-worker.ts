/** `coldpool sweep-worker`: runs variants of sweeps that are handed out on a bus. */
import { availableParallelism } from 'node:os'
import { once } from 'node:events'
import { logLevel } from '#shared/observe/log-level.ts'
import { openLog } from '#shared/observe/log.ts'
import { overBus, untilAsked } from '#simulation/cluster/process.ts'
import { type BusFlags, busSettings, clusterName, DEFAULT_CLUSTER } from '#simulation/cluster/settings.ts'
import { SweepWorker } from '#simulation/sweep/worker.ts'
import { RUNS_MAX, workersOption } from './workers.ts'

export interface SweepWorkerFlags extends BusFlags {
  readonly workers?: string
}

/** Gives the exit code when it has been asked to end. */
export async function sweepWorker(flags: SweepWorkerFlags): Promise<number> {
  const settings = busSettings(flags)
  const cluster = clusterName(flags) ?? DEFAULT_CLUSTER
  const threads = workersOption(flags.workers, RUNS_MAX) ?? availableParallelism()
  const log = openLog('sweep-worker', logLevel(flags.log, 'info'))
  await untilAsked((signal) =>
    overBus(settings, 'coldpool sweep-worker', log, signal, async (wire) => {
      await using worker = new SweepWorker({ wire, cluster, threads, log })
      await worker.open()
      if (!signal.aborted) await once(signal, 'abort')
    }),
  )
  return 0
}
