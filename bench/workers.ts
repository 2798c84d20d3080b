/**
 * What two threads gain over one on the rack: ratio of wall times of two runs one after the other, a process each. And what
 * the barrier costs: quanta in which two stages, one of them in another thread, have nothing to do but step.
 */
import { workerData } from 'node:worker_threads'
import { serveStage } from '#shared/bus/worker-end.ts'
import { type WorkerHire, WorkersBus } from '#shared/bus/workers.ts'
import { assert } from '#shared/errors.ts'
import { Stage } from '#shared/stage.ts'
import { BusyActor } from './busy-actor.ts'
import type { Benchmark } from './harness.ts'
import { runRack } from './rack.ts'

const QUANTA = 100_000
const QUANTA_WARM = 20_000

export const workers: Benchmark = {
  figures: [
    { name: 'workers-speedup', unit: 'times', goal: 1.7, better: 'higher' },
    { name: 'workers-barrier-microseconds', unit: 'µs', goal: 20, better: 'lower' },
  ],
  runs: 5,
  prepare: (quick) => async () => {
    const duration = quick ? ['duration=5s'] : []
    const one = await runRack(duration)
    const two = await runRack(duration, 2)
    assert(one.run.digest === two.run.digest, 'two threads give the digest of one')
    return [one.wallSeconds / two.wallSeconds, await barrierMicroseconds()]
  },
}

async function barrierMicroseconds(): Promise<number> {
  const bus = new WorkersBus(2)
  await bus.join(0, busyStage(0))
  bus.hire(1, new URL(import.meta.url), {})
  let quantum = 0
  const grants = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await bus.grant({ quantum: quantum++, observe: false, final: false })
  }
  await grants(QUANTA_WARM)
  const startMs = performance.now()
  await grants(QUANTA)
  const ms = performance.now() - startMs
  await bus.close()
  return (ms / QUANTA) * 1000
}

function busyStage(id: number): Stage {
  return new Stage(id, [new BusyActor(id)], (ordinal) => ordinal)
}

// Run as a worker thread, this file is the other stage.
const hire = workerData as WorkerHire<unknown> | null
if (hire) serveStage(hire.post, () => busyStage(hire.post.stage))
