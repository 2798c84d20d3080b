/**
 * Runs the rack in small for `SECONDS` over `WORKERS` threads, without a run folder. Prints milliseconds of wall time: with set-up,
 * and from the end of the first quantum.
 */
import { parseScenario } from '#shared/scenario.ts'
import { runScenario } from '#simulation/run.ts'
import { rackLikeYaml } from './rack-like.ts'

const [seconds, workers] = process.argv.slice(2).map(Number) as [number, number]
const yaml = rackLikeYaml(seconds)
const startMs = performance.now()
let firstMs: number | undefined
const input = { scenario: parseScenario(yaml, 'rack-like'), yaml, out: undefined }
await runScenario(input, { workers, onProgress: () => (firstMs ??= performance.now()) })
const endMs = performance.now()
process.stdout.write(`${endMs - startMs} ${endMs - firstMs!}\n`)
