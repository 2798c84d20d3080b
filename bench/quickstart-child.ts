/**
 * Runs scenarios/quickstart.yaml for 60 virtual seconds, with the overrides it is given, on the memory bus and without a run
 * folder. Prints its peak resident memory in KiB and the milliseconds from the end of the first quantum to the verdict.
 */
import { readFileSync } from 'node:fs'
import { loadScenario } from '#shared/scenario.ts'
import { runScenario } from '#simulation/run.ts'

const file = new URL('../scenarios/quickstart.yaml', import.meta.url)
const overrides = ['duration=60s', ...process.argv.slice(2)]
const { scenario, yaml } = loadScenario(readFileSync(file, 'utf8'), 'quickstart.yaml', overrides)
let startMs: number | undefined
await runScenario({ scenario, yaml, out: undefined }, { onProgress: () => (startMs ??= performance.now()) })
process.stdout.write(`${process.resourceUsage().maxRSS} ${performance.now() - startMs!}\n`)
