/** A worker thread of a run: it carries one stage, with a cast of its own. */
import { parentPort, workerData } from 'node:worker_threads'
import { serveStage } from '#shared/bus/worker-end.ts'
import type { WorkerHire } from '#shared/bus/workers.ts'
import { Cast } from '../actors.ts'
import { stageFrom } from './stage-from.ts'
import { Spread } from './spread.ts'
import type { Said, ThreadCast } from './threads.ts'

const { post, data } = workerData as WorkerHire<ThreadCast>
const cast = new Cast(data.scenario, (...said: Said) => parentPort!.postMessage(said))
serveStage(post, () => stageFrom(cast, post.stage, new Spread(cast, data.stageOf)))
