/**
 * A sweep of a thousand variants on all cores: every twentieth variant of sweeps/quickstart-1000.yaml, start of the threads included,
 * times twenty. A whole one takes as long as it says. That demotions are refused in each variant is asserted.
 */
import assert from 'node:assert'
import { fileURLToPath } from 'node:url'
import { readScenarioText, readSweepText, scenarioOfSweep } from '#simulation/scenario-file.ts'
import { Threads } from '#simulation/sweep/crew.ts'
import { parseSweep, sweepOf } from '#simulation/sweep/sweep-file.ts'
import type { Benchmark } from './harness.ts'

const FILE = fileURLToPath(new URL('../sweeps/quickstart-1000.yaml', import.meta.url))
/** Of five seeds of each fourth setting, one. */
const SETTINGS_EVERY = 4

export const sweep1000: Benchmark = {
  figures: [{ name: 'sweep-1000-seconds', unit: 's', goal: 600, better: 'lower' }],
  runs: 3,
  prepare: () => {
    const form = parseSweep(readSweepText(FILE), FILE)
    const sweep = sweepOf(form, readScenarioText(scenarioOfSweep(form.scenario, FILE)))
    // Another seed for each setting in turn.
    const chosen = sweep.variants.filter(
      ({ setting, seed }) =>
        setting.number % SETTINGS_EVERY === 0 && (setting.number / SETTINGS_EVERY) % sweep.seeds === seed - 1,
    )
    return async () => {
      const startMs = performance.now()
      let done = 0
      await new Threads(sweep).carry(chosen, new AbortController().signal, ({ index, figures }) => {
        assert(figures.refusedPages > 0, `variant ${index} is refused something`)
        done++
      })
      return [((performance.now() - startMs) / 1000) * (sweep.variants.length / done)]
    }
  },
}
