/** A worker thread that carries guests. */
import { workerData } from 'node:worker_threads'
import { type Seating, stageOf } from './gossip.fixture.ts'
import { serveStage } from './worker-end.ts'
import type { WorkerHire } from './workers.ts'

const { post, data } = workerData as WorkerHire<Seating>
serveStage(post, () => stageOf(data))
