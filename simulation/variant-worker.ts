/** A worker thread of variant-pool.ts: one run after another. */
import { parentPort } from 'node:worker_threads'
import { ColdpoolError } from '#shared/errors.ts'
import { ScenarioError } from '#shared/scenario/problems.ts'
import { loadScenario } from '#shared/scenario.ts'
import { runScenario } from './run.ts'
import type { Answer, Parts, Variant } from './variant-pool.ts'

parentPort!.on('message', (variant: Variant) => {
  void answer(variant).then((given) => parentPort!.postMessage(given))
})

async function answer({ text, overrides }: Variant): Promise<Answer> {
  try {
    const { scenario, yaml } = loadScenario(text, 'a variant', overrides)
    return { verdict: (await runScenario({ scenario, yaml, out: undefined })).verdict }
  } catch (error) {
    if (error instanceof ScenarioError) return { refused: error.problems.map(partsOf) }
    if (error instanceof ColdpoolError) return { refused: [partsOf(error)] }
    return { error }
  }
}

function partsOf({ code, where, problem, expected }: ColdpoolError): Parts {
  return { code, where, problem, expected }
}
