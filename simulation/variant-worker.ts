/** A worker thread of variants.ts: one run after another. */
import { parentPort } from 'node:worker_threads'
import { loadScenario } from '#shared/scenario.ts'
import { runScenario } from './run.ts'
import type { Answer, Variant } from './variants.ts'

parentPort!.on('message', ({ index, variant: { text, overrides } }: { index: number; variant: Variant }) => {
  void answer(index, text, overrides).then((given) => parentPort!.postMessage(given))
})

async function answer(index: number, text: string, overrides: readonly string[]): Promise<Answer> {
  try {
    const { scenario, yaml } = loadScenario(text, 'a variant', overrides)
    return { index, verdict: (await runScenario({ scenario, yaml, out: undefined })).verdict }
  } catch (error) {
    return { index, error }
  }
}
