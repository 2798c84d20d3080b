/** Runs the rack in small for `SECONDS` over `WORKERS` threads, without a run folder. Prints milliseconds of wall time, set-up included. */
import { parseScenario } from '#shared/scenario.ts'
import { runScenario } from '#simulation/run.ts'
import { rackLikeYaml } from './rack-like.ts'

const [seconds, workers] = process.argv.slice(2).map(Number) as [number, number]
const yaml = rackLikeYaml(seconds)
const startMs = performance.now()
await runScenario({ scenario: parseScenario(yaml, 'rack-like'), yaml, out: undefined }, { workers })
process.stdout.write(`${performance.now() - startMs}\n`)
