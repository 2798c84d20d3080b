/**
 * `npm run bench [-- --only NAME] [--quick]`: runs the benchmarks, prints a table, and puts what it has measured into bench/results.json;
 * quick runs are for a look alone. Seeded. All of them take an hour, and 12 GB of memory.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { measure, met, type Benchmark, type Result } from './harness.ts'
import { lifecycleTable } from './lifecycle-table.ts'
import { memoryBus } from './memory-bus.ts'
import { natsBigBags } from './nats-big-bags.ts'
import { natsEmptyQuanta } from './nats-empty-quanta.ts'
import { natsQuickstart } from './nats-quickstart.ts'
import { natsRack, natsRackSets } from './nats-rack.ts'
import { natsRoundTrip } from './nats-round-trip.ts'
import { phold } from './phold.ts'
import { quickstart } from './quickstart.ts'
import { rack } from './rack.ts'
import { rackSnapshot } from './rack-snapshot.ts'
import { start } from './start.ts'
import { sweep1000 } from './sweep.ts'
import { telemetry } from './telemetry.ts'
import { traceReferences } from './trace-references.ts'
import { workers } from './workers.ts'

const BENCHMARKS: readonly Benchmark[] = [
  quickstart,
  start,
  telemetry,
  rack,
  rackSnapshot,
  traceReferences,
  lifecycleTable,
  memoryBus,
  phold,
  workers,
  natsEmptyQuanta,
  natsRoundTrip,
  natsBigBags,
  natsQuickstart,
  natsRack,
  natsRackSets,
  sweep1000,
]

const RESULTS = new URL('results.json', import.meta.url)

const { values } = parseArgs({ options: { only: { type: 'string' }, quick: { type: 'boolean', default: false } } })
const names = BENCHMARKS.flatMap((benchmark) => benchmark.figures.map((figure) => figure.name))
const chosen = BENCHMARKS.filter(({ figures }) => values.only === undefined || figures.some(({ name }) => name === values.only))
if (chosen.length === 0) {
  process.stderr.write(`--only ${values.only}: no such benchmark; expected one of ${names.join(', ')}\n`)
  process.exit(2)
}

const results: Result[] = []
for (const benchmark of chosen) results.push(...(await measure(benchmark, values.quick)))
if (!values.quick) keep(results)
process.stdout.write(tableOf(results))

/** In the order of the benchmarks; a ratio's two sides are of one benchmark, so figures may be of different days. */
function keep(measured: readonly Result[]): void {
  const before = JSON.parse(readFileSync(RESULTS, 'utf8')) as Result[]
  const byName = new Map([...before, ...measured].map((result) => [result.name, result]))
  const lines = names.flatMap((name) => {
    const result = byName.get(name)
    if (result === undefined) return []
    const { median, min, max, runs, unit, goal, better } = result
    return [{ name, median, min, max, runs, unit, goal, better }]
  })
  writeFileSync(RESULTS, `${JSON.stringify(lines, null, 2)}\n`)
}

function tableOf(lines: readonly Result[]): string {
  const cells = [
    ['name', 'median', 'min', 'max', 'unit', 'goal', ''],
    ...lines.map((result) => {
      const { name, median, min, max, unit, goal, better } = result
      return [
        name,
        short(median),
        short(min),
        short(max),
        unit,
        `${better === 'higher' ? '≥' : '≤'} ${short(goal)}`,
        met(result) ? 'met' : 'missed',
      ]
    }),
  ]
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

function short(value: number): string {
  return value >= 1e6 ? `${(value / 1e6).toPrecision(3)}M` : value.toPrecision(3)
}
