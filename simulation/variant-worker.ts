/** A worker thread of variant-pool.ts: one run after another. */
import { parentPort } from 'node:worker_threads'
import { ColdpoolError } from '#shared/errors.ts'
import { ScenarioError } from '#shared/scenario/problems.ts'
import { loadScenario } from '#shared/scenario.ts'
import { runScenario } from './run.ts'
import { TenantSums } from './tenant-means.ts'
import type { Answer, Order, Parts } from './variant-pool.ts'

const end = new AbortController()

parentPort!.on('message', (order: Order) => {
  if (order === 'end') end.abort()
  else void answer(order).then(tell)
})

async function answer({ variant: { text, overrides, out }, tellProgress }: Exclude<Order, 'end'>): Promise<Answer> {
  try {
    const { scenario, yaml } = loadScenario(text, 'a variant', overrides)
    const sums = new TenantSums(scenario)
    const result = await runScenario(
      { scenario, yaml, out },
      {
        signal: end.signal,
        onSample: (telemetry) => sums.add(telemetry),
        ...(tellProgress && { onProgress: (progress) => tell({ progress }) }),
      },
    )
    return { result: { ...result, tenants: sums.means } }
  } catch (error) {
    if (error instanceof ScenarioError) return { refused: error.problems.map(partsOf) }
    if (error instanceof ColdpoolError) return { refused: [partsOf(error)] }
    return { error }
  }
}

function tell(given: Answer): void {
  parentPort!.postMessage(given)
}

function partsOf({ code, where, problem, expected }: ColdpoolError): Parts {
  return { code, where, problem, expected }
}
