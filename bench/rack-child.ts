/**
 * Runs scenarios/rack.yaml with the overrides it is given, over `--workers` threads and without a run folder. Prints, as JSON, what it
 * took: peak resident memory, and CPU seconds for a virtual second once it runs; and what the run did.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { loadScenario } from '#shared/scenario.ts'
import { runScenario } from '#simulation/run.ts'

export interface RackRun {
  readonly residentBytes: number
  /** From the process's start to its end … */
  readonly cpuSeconds: number
  /** … and once it runs. */
  readonly cpuPerVirtualSecond: number
  readonly pages: number
  readonly pooledPages: number
  readonly moves: number
  readonly virtualSeconds: number
  readonly slowdown: number
  readonly digest: string
}

const file = new URL('../scenarios/rack.yaml', import.meta.url)
const { values, positionals } = parseArgs({ options: { workers: { type: 'string', default: '1' } }, allowPositionals: true })
const { scenario, yaml } = loadScenario(readFileSync(file, 'utf8'), 'rack.yaml', positionals)
const marks: { readonly virtualSeconds: number; readonly cpuSeconds: number }[] = []
const { verdict } = await runScenario(
  { scenario, yaml, out: undefined },
  {
    workers: Number(values.workers),
    onProgress: ({ virtualSeconds }) => {
      const { user, system } = process.cpuUsage()
      // The first quanta set up.
      if (virtualSeconds >= 1) marks.push({ virtualSeconds, cpuSeconds: (user + system) / 1e6 })
    },
  },
)
const [first, last] = [marks[0], marks.at(-1)]
const sum = (section: 'hosts' | 'devices', key: string): number =>
  Object.values(verdict[section]).reduce((total, figures) => total + Number(figures[key]), 0)
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
const run: RackRun = {
  residentBytes: maxRSS * 1024,
  cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
  cpuPerVirtualSecond:
    first && last ? (last.cpuSeconds - first.cpuSeconds) / (last.virtualSeconds - first.virtualSeconds) : Number.NaN,
  pages: sum('hosts', 'allocated'),
  pooledPages: sum('devices', 'storedPages'),
  moves: sum('hosts', 'demoted') + sum('hosts', 'promoted'),
  virtualSeconds: verdict.virtualSeconds,
  slowdown: sum('hosts', 'slowdown') / Object.keys(verdict.hosts).length,
  digest: verdict.digest,
}
process.stdout.write(`${JSON.stringify(run)}\n`)
