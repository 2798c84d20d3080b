/**
 * A sweep of a thousand variants on all cores, from every twentieth variant of sweeps/quickstart-1000.yaml. The start (threads, and
 * the compiler learning what is hot) is counted once, up to the first outcome of each thread, and so is the end, in which a thread
 * may have nothing left; what lies between goes on at the same rate in a whole one. That demotions are refused in each variant
 * is asserted.
 */
import assert from 'node:assert'
import { availableParallelism } from 'node:os'
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
  runs: 5,
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
      const endedMs: number[] = []
      const threads = availableParallelism()
      await new Threads(sweep, threads).carry(chosen, new AbortController().signal, ({ index, figures }) => {
        assert(figures.refusedPages > 0, `variant ${index} is refused something`)
        endedMs.push(performance.now() - startMs)
      })
      // All threads are busy from the first of these to the second.
      const [first, last] = [threads - 1, endedMs.length - threads]
      assert(last > first, `${chosen.length} variants keep ${threads} threads busy`)
      const eachMs = (endedMs[last]! - endedMs[first]!) / (last - first)
      return [(endedMs.at(-1)! + eachMs * (sweep.variants.length - endedMs.length)) / 1000]
    }
  },
}
