/** Runs the rack in small for `SECONDS` over two threads, without a run folder. Prints milliseconds of wall time from the end of the first quantum. */
import { parseScenario } from '#shared/scenario.ts'
import { runScenario } from '#simulation/run.ts'
import { rackLikeYaml } from './rack-like.ts'

const yaml = rackLikeYaml(Number(process.argv[2]))
let firstMs: number | undefined
const input = { scenario: parseScenario(yaml, 'rack-like'), yaml, out: undefined }
await runScenario(input, { workers: 2, onProgress: () => (firstMs ??= performance.now()) })
process.stdout.write(`${performance.now() - firstMs!}\n`)
