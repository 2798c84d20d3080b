/**
 * What a device stores of a measured profile is that profile's own mean after chunk rounding, metadata included. Sizes are
 * drawn per page, so the mean of a run has a statistical error: some 0.2 % with 64 Ki pages pooled of each profile.
 */
import { describe, expect, test } from 'vitest'
import { CODECS, PROFILE_NAMES } from '#shared/content.ts'
import { loadProfiles } from '#shared/measured.ts'
import { TOLERANCES } from './tolerances.ts'
import { trial } from './trial.ts'

const CHUNK_BYTES = 512
const METADATA_BYTES = 64
const PAGES_MIN = 20_000

const idOf = (profile: string): string => profile.replace('_', '-')

/** A host with a device of its own for each profile; 256 MiB of each do not fit into DRAM. */
function scenarioOf(codec: string): string {
  const lines = (line: (id: string, profile: string) => string): string =>
    PROFILE_NAMES.map((name) => line(idOf(name), name)).join('\n')
  return `
name: stored-ratio
duration: 1s
devices:
${lines((id) => `  pool-${id}: { physical: 512MiB, advertised: 512MiB, codec: ${codec} }`)}
hosts:
${lines((id) => `  host-${id}: { memory: 128MiB, devices: [pool-${id}], watermarkScaleFactor: 500 }`)}
workloads:
${lines((id, name) => `  data-${id}: { host: host-${id}, kind: uniform, size: 384MiB, accesses: 0/s, content: ${name}, allocateRate: 1GB/s }`)}
`
}

describe('a device stores a measured profile at the mean of its sizes after chunk rounding', () => {
  const profiles = loadProfiles()

  test.for(CODECS)('with %s', async (codec) => {
    const { final } = await trial(scenarioOf(codec))
    const table = PROFILE_NAMES.map((profile) => {
      const sizes = profiles[profile][codec]
      const mean =
        sizes.reduce((sum, size) => sum + Math.ceil(size / CHUNK_BYTES) * CHUNK_BYTES, 0) / sizes.length + METADATA_BYTES
      const device = final[`pool-${idOf(profile)}`]!
      const pages = device['storedPages']!
      const stored = device['usedBytes']! / pages
      return { profile, codec, pages, mean, stored, off: stored / mean - 1, ratio: device['compressionRatio']! }
    })
    console.table(table)
    for (const { pages, off, ratio, mean } of table) {
      expect(pages).toBeGreaterThan(PAGES_MIN)
      expect(Math.abs(off)).toBeLessThan(TOLERANCES.storedRatio)
      expect(Math.abs((ratio * mean) / 4096 - 1)).toBeLessThan(TOLERANCES.storedRatio)
    }
  })
})
