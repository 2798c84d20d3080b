/**
 * `node bench/rack-curves.ts`: draws docs/rack/rates.svg and docs/rack/moves.svg, what a virtual second of the rack costs once it runs,
 * over access rates and over pages moved. Ten runs of 20 virtual seconds, in which host-1 alone does anything.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TopLevelSpec } from 'vega-lite'
import { COLOURS, svgOf } from '#simulation/chart.ts'
import { ratesTimes, runRack } from './rack.ts'

const FOLDER = join(import.meta.dirname, '../docs/rack')
const DURATION = 'duration=20s'
const RATES = [1, 3, 10, 30, 100]
/** Sizes of the caches' moving hot sets, in MiB: each is moved once in five seconds. */
const SETS_MIB = [0.25, 25, 50, 100, 150]
const CACHE_MIB = 1280

/** All other hosts, made so small that they do not count. */
const IDLE = Array.from({ length: 15 }, (_, i) => i + 2).flatMap((i) => [
  `hosts.host-${i}.pooledAtStart=0B`,
  ...['store', 'archive', 'cache'].flatMap((kind) => [`workloads.${kind}-${i}.size=1MiB`, `workloads.${kind}-${i}.accesses=1/s`]),
])

interface Point {
  readonly x: number
  readonly cpuSeconds: number
}

async function measured(name: string, overrides: readonly string[], x: (movesPerSecond: number) => number): Promise<Point> {
  const { run } = await runRack([DURATION, ...overrides, ...IDLE])
  process.stderr.write(
    `${name}: ${run.cpuPerVirtualSecond.toFixed(3)} s, ${run.moves} moves, ${run.cpuSeconds.toFixed(1)} s of CPU in all\n`,
  )
  return { x: x(run.moves / run.virtualSeconds), cpuSeconds: run.cpuPerVirtualSecond }
}

function curve(title: string, axis: string, type: 'linear' | 'log', values: readonly Point[]): TopLevelSpec {
  const x = { field: 'x', type: 'quantitative', title: axis, scale: { type } } as const
  const y = { field: 'cpuSeconds', type: 'quantitative', title: 'CPU seconds a virtual second', scale: { zero: true } } as const
  return {
    background: 'white',
    width: 420,
    height: 260,
    title: { text: title, anchor: 'start' },
    data: { values: [...values] },
    mark: { type: 'line', point: { filled: true }, color: COLOURS[0] },
    encoding: { x, y },
  }
}

const rates: Point[] = []
for (const factor of RATES) rates.push(await measured(`rates × ${factor}`, ratesTimes(factor), () => factor))
const moves: Point[] = []
for (const mib of SETS_MIB) {
  const sets = Array.from({ length: 16 }, (_, i) => `workloads.cache-${i + 1}.hot=${(100 * mib) / CACHE_MIB}%`)
  moves.push(await measured(`hot sets of ${mib} MiB`, sets, (perSecond) => perSecond / 1000))
}
mkdirSync(FOLDER, { recursive: true })
const DRAWINGS = [
  [
    'rates.svg',
    curve('A host of the rack, all access rates multiplied', 'access rates, times those of the scenario', 'log', rates),
  ],
  [
    'moves.svg',
    curve('A host of the rack, with smaller and larger hot sets', 'thousand pages moved a virtual second', 'linear', moves),
  ],
] as const
for (const [name, spec] of DRAWINGS) writeFileSync(join(FOLDER, name), await svgOf(spec))
