/** A worker thread of variants.ts: one run after another. */
import { parentPort } from 'node:worker_threads'
import { loadScenario } from '#shared/scenario.ts'
import { runScenario } from './run.ts'
import { TenantSums } from './tenant-means.ts'
import type { Answer, Order, Variant } from './variants.ts'

const end = new AbortController()

parentPort!.on('message', (order: Order) => {
  if (order === 'end') end.abort()
  else void answer(order.index, order.variant).then(tell)
})

async function answer(index: number, { text, overrides, out }: Variant): Promise<Answer> {
  try {
    const { scenario, yaml } = loadScenario(text, 'a variant', overrides)
    const sums = new TenantSums(scenario)
    const result = await runScenario(
      { scenario, yaml, out },
      {
        signal: end.signal,
        onSample: (telemetry) => sums.add(telemetry),
        onProgress: (progress) => tell({ index, progress }),
      },
    )
    return { index, outcome: { ...result, tenants: sums.means } }
  } catch (error) {
    return { index, error }
  }
}

function tell(given: Answer): void {
  parentPort!.postMessage(given)
}
