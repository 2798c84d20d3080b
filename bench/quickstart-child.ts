/** Runs scenarios/quickstart.yaml for 60 virtual seconds, without a run folder, and prints its peak resident memory in KiB. */
import { readFileSync } from 'node:fs'
import { loadScenario } from '#shared/scenario.ts'
import { runScenario } from '#simulation/run.ts'

const file = new URL('../scenarios/quickstart.yaml', import.meta.url)
const { scenario, yaml } = loadScenario(readFileSync(file, 'utf8'), 'quickstart.yaml', ['duration=60s'])
await runScenario({ scenario, yaml, out: undefined })
process.stdout.write(`${process.resourceUsage().maxRSS}\n`)
