/** A worker thread of variant-pool.ts: one run after another. */
import { parentPort } from 'node:worker_threads'
import { failureOf } from '#shared/failure.ts'
import { loadScenario } from '#shared/scenario.ts'
import { runScenario } from './run.ts'
import { TenantSums } from './tenant-means.ts'
import type { Answer, Order } from './variant-pool.ts'

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
    return { failed: failureOf(error) }
  }
}

function tell(given: Answer): void {
  parentPort!.postMessage(given)
}
