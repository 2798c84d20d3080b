/**
 * Demand paging without a device: the share of references that find their page not in DRAM, against LRU in its closed form,
 * Che's approximation for independent references (P: Che, Tung, Wang, IEEE JSAC 20(7), 2002): a page of probability p is
 * held with 1 − exp(−p·T), where T solves Σ (1 − exp(−p·T)) = frames. The frames are those that are in use on average, for
 * the host keeps some free. MGLRU is no exact LRU; DEVIATIONS.md says when it may not be compared with one.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeZipfReferences } from '#simulation/zipf-references.fixture.ts'
import { TOLERANCES } from './tolerances.ts'
import { trial } from './trial.ts'

const TRACE = { pages: 40_000, count: 600_000, skew: 1, writeShare: 0.2, seed: 1 }
/** A tenth of T in the smallest memory, so that counts per epoch hide no miss. */
const EPOCH_REFERENCES = 1000

const folder = mkdtempSync(join(tmpdir(), 'coldpool-miss-ratio-'))
const file = join(folder, 'zipf.refs')
beforeAll(() => writeZipfReferences(file, TRACE))
afterAll(() => rmSync(folder, { recursive: true }))

/** A swap so fast, and so many threads, that waiting changes nothing. */
const scenarioOf = (memory: string): string => `
name: miss-ratio
duration: 10m
tick: 1ms
sample: 100ms
devices:
  unused: { physical: 1MiB, advertised: 1MiB }
hosts:
  host: { memory: ${memory}, devices: [], watermarkScaleFactor: 100, swap: { size: 1GiB, bandwidth: 100GB/s, latency: 0ns } }
workloads:
  trace: { host: host, kind: trace, file: ${JSON.stringify(file)}, epochReferences: ${EPOCH_REFERENCES}, epoch: 4ms, threads: 1024 }
`

describe('a zipf(1.0) trace over 40,000 pages misses DRAM as often as under LRU', () => {
  const table: Record<string, number | string>[] = []
  afterAll(() => console.table(table))

  test.for(['16MiB', '32MiB', '64MiB'])('of %s', async (memory) => {
    const { samples } = await trial(scenarioOf(memory))
    // The second half, for the first meets most of its pages for the first time.
    const half = TRACE.count / EPOCH_REFERENCES / 2
    const steady = samples.map(({ of }) => of).filter(({ trace }) => trace!['epochsDone']! >= half && trace!['ended'] === 0)
    const [from, to] = [steady[0]!, steady.at(-1)!]
    const grown = (actor: string, figure: string): number => to[actor]![figure]! - from[actor]![figure]!
    const references = grown('trace', 'epochsDone') * EPOCH_REFERENCES
    expect(references).toBeGreaterThan(TRACE.count / 3)
    const missRatio = (grown('host', 'swappedIn') + grown('host', 'allocatedEver')) / references
    const frames = steady.reduce((sum, { host }) => sum + host!['pages.local']!, 0) / steady.length
    const lru = lruMissRatio(frames)
    table.push({ memory, frames, missRatio, lru, 'off by': missRatio / lru - 1 })
    expect(Math.abs(missRatio / lru - 1)).toBeLessThan(TOLERANCES.missRatio)
  })
})

function lruMissRatio(frames: number): number {
  const weights = Float64Array.from({ length: TRACE.pages }, (_, i) => 1 / (i + 1) ** TRACE.skew)
  const sum = weights.reduce((a, b) => a + b, 0)
  const probabilities = weights.map((weight) => weight / sum)
  const held = (time: number): number => probabilities.reduce((n, p) => n + 1 - Math.exp(-p * time), 0)
  let [low, high] = [0, 1e9]
  while (high - low > 1e-6 * high) {
    const middle = (low + high) / 2
    if (held(middle) < frames) low = middle
    else high = middle
  }
  return probabilities.reduce((n, p) => n + p * Math.exp(-p * low), 0)
}
