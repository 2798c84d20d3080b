/**
 * The race in its closed form (FACTS 9): overwriting data of ratio c with incompressible data at W B/s eats the headroom
 * at W·(1 − 1/c), so the low threshold is crossed after headroom / (W·(1 − 1/c)). c = 4096 / bytes stored after chunk
 * rounding; metadata is the same before and after. Swap and promotion are off, W is below link and codec.
 */
import { afterAll, describe, expect, test } from 'vitest'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { TOLERANCES } from './tolerances.ts'
import { first, last, secondsOf, trial } from './trial.ts'

const MIB = 2 ** 20
const CHUNK_BYTES = 512
const METADATA_BYTES = 64
const LOW = 0.1

interface Race {
  readonly bytesPerSecond: number
  readonly ratio: number
  readonly quantum: string
  readonly tick: string
}

/** A tick of one quantum, as bytes are written once a tick; the last is what a scenario gets by default. */
const RACES: readonly Race[] = [
  { bytesPerSecond: 0.5e9, ratio: 3, quantum: '100us', tick: '100us' },
  { bytesPerSecond: 1e9, ratio: 1.3, quantum: '100us', tick: '100us' },
  { bytesPerSecond: 2e9, ratio: 2, quantum: '100us', tick: '100us' },
  { bytesPerSecond: 4e9, ratio: 4, quantum: '100us', tick: '100us' },
  { bytesPerSecond: 8e9, ratio: 2.5, quantum: '100us', tick: '100us' },
  { bytesPerSecond: 0.25e9, ratio: 2, quantum: '1ms', tick: '10ms' },
]

/** The bear is 512 MiB larger than DRAM; the device has room for it and for half of its growth before the threshold. */
function scenarioOf({ bytesPerSecond, ratio, quantum, tick }: Race, storedBytes: number): string {
  const pages = (512 * MIB) / PAGE_BYTES
  const used = pages * (storedBytes + METADATA_BYTES)
  const growth = pages * (PAGE_BYTES - storedBytes)
  return `
name: race
duration: 5s
quantum: ${quantum}
tick: ${tick}
sample: 10ms
devices:
  pool: { physical: ${Math.ceil((used + growth / 2) / (1 - LOW) / MIB)}MiB, advertised: 1GiB, low: ${LOW * 100}%, high: 15%, channels: 2 }
hosts:
  host: { memory: 256MiB, devices: [pool] }
workloads:
  bear: { host: host, kind: bear, size: 768MiB, content: { ratio: ${ratio} }, rate: ${bytesPerSecond / 1e6}MB/s, attack: 2s, passes: 1 }
`
}

describe('the bear reaches the low threshold after headroom / (W·(1 − 1/c))', () => {
  const table: Record<string, number | string>[] = []
  afterAll(() => console.table(table))

  test.for(RACES)('at $bytesPerSecond B/s over data of ratio $ratio, tick $tick', async (race) => {
    const { bytesPerSecond, ratio, tick } = race
    const storedBytes = Math.ceil(PAGE_BYTES / ratio / CHUNK_BYTES) * CHUNK_BYTES
    const run = await trial(scenarioOf(race, storedBytes))
    const quantumSeconds = secondsOf(run, 1)

    const attack = first(run, 'attack').quantum
    const before = last(run, attack).of
    const device = before['pool']!
    expect(before['host']!['pages.free']).toBe(0)
    expect(device['usedBytes']).toBe(device['storedPages']! * (storedBytes + METADATA_BYTES))
    const headroomBytes = device['headroomBytes']! - LOW * device['physicalBytes']!
    const c = PAGE_BYTES / storedBytes
    const expected = headroomBytes / (bytesPerSecond * (1 - 1 / c))
    const measured = secondsOf(run, first(run, 'low-threshold').quantum - attack)

    table.push({
      'W GB/s': bytesPerSecond / 1e9,
      c,
      tick,
      expected,
      measured,
      quantaLate: (measured - expected) / quantumSeconds,
    })
    expect(Math.abs(measured - expected)).toBeLessThanOrEqual(TOLERANCES.race * expected + quantumSeconds)
  })
})
