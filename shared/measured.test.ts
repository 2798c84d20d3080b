import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { build } from '../data/build.ts'
import { CODECS, PROFILE_NAMES } from './content.ts'
import { ColdpoolError } from './errors.ts'
import { loadDrift, loadProfiles, loadTrace } from './measured.ts'
import { TRACE_NAMES } from './trace.ts'

const data = join(import.meta.dirname, '../data')
const recordings = join(import.meta.dirname, '../../shared/data')
const scratch = mkdtempSync(join(tmpdir(), 'coldpool-data-'))
afterAll(() => rmSync(scratch, { recursive: true }))

/** What the codecs make of a page of zeros; profiles have them as size 0, the recordings' summary as this. */
const ZERO_PAGE_BYTES = { lz4: 26, zstd1: 19, deflate1: 41 }

function summary(path: string): Record<string, string>[] {
  const [head, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n')
  return lines.map((line) => Object.fromEntries(line.split(',').map((value, i) => [head!.split(',')[i], value])))
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => statSync(join(folder, path)).isFile())
}

describe('profiles', () => {
  const profiles = loadProfiles()

  test.each(PROFILE_NAMES.map((name) => ({ name })))(
    '$name has the pages, zero pages and ratios of its recording',
    ({ name }) => {
      const said = summary(join(data, 'compressibility/summary.csv')).find((row) => row['name'] === name)!
      for (const codec of CODECS) {
        const sizes = profiles[name][codec]
        const zero = sizes.filter((size) => size === 0).length
        const bytes = sizes.reduce((sum, size) => sum + size, 0) + zero * ZERO_PAGE_BYTES[codec]
        expect(sizes.length).toBe(Number(said['pages']))
        expect(zero / sizes.length).toBeCloseTo(Number(said['zero_frac']), 4)
        expect(((4096 * sizes.length) / bytes).toFixed(3)).toBe(said[`ratio_${codec}`])
        expect(sizes).toEqual(sizes.toSorted())
      }
    },
  )
})

test('the drift holds every observed change and keeps their mean', () => {
  const drift = loadDrift('redis_json')
  expect(drift.observations).toBe(50_967)
  expect(drift.changedPerSecond).toBeCloseTo(0.1593, 4)
  expect(drift.changes.length).toBe(drift.lows.length * drift.slices)
  // Rows above the zero row have equal counts, so the mean of their entries is the mean change: 8.06 bytes as recorded.
  const rows = drift.changes.subarray(drift.slices)
  expect(rows.reduce((sum, change) => sum + change, 0) / rows.length).toBeCloseTo(8.06, 0)
})

test.each(TRACE_NAMES)('the trace %s has the exact totals of its recording', (name) => {
  const trace = loadTrace(name)
  const said = summary(join(data, 'traces/summary.csv')).find((row) => row['name'] === name)!
  const total = (column: 'reads' | 'writes' | 'llcReads' | 'llcWritebacks') =>
    trace.epochs.reduce((sum, epoch) => sum + epoch[column].reduce((s, n) => s + n, 0), 0)
  expect({
    pages: trace.pages,
    epochs: trace.epochs.length,
    rows: trace.epochs.reduce((sum, epoch) => sum + epoch.pages.length, 0),
    reads: total('reads'),
    writes: total('writes'),
    llc_reads: total('llcReads'),
    llc_writebacks: total('llcWritebacks'),
    instructions: trace.instructions.reduce((sum, n) => sum + n, 0),
  }).toEqual(
    Object.fromEntries(
      ['pages', 'epochs', 'rows', 'reads', 'writes', 'llc_reads', 'llc_writebacks', 'instructions'].map((key) => [
        key,
        Number(said[key]),
      ]),
    ),
  )
})

describe('the folder', () => {
  test('takes at most 6 MB', () => {
    const bytes = files(data).reduce((sum, path) => sum + statSync(join(data, path)).size, 0)
    expect(bytes).toBeLessThanOrEqual(6_000_000)
  })

  test.skipIf(!existsSync(recordings))('is what the script makes of the recordings, byte for byte', { timeout: 30_000 }, () => {
    const target = join(scratch, 'rebuilt')
    build(recordings, target)
    const rebuilt = files(target)
    expect(rebuilt.length).toBe(12)
    expect(rebuilt.filter((path) => !readFileSync(join(target, path)).equals(readFileSync(join(data, path))))).toEqual([])
  })

  test('if a file is damaged, missing or unknown to SHA256SUMS, says which', () => {
    const folder = join(scratch, 'damaged')
    cpSync(data, folder, { recursive: true })
    const url = pathToFileURL(`${folder}/`)
    expect(() => loadTrace('redis', url)).not.toThrow()

    const trace = readFileSync(join(folder, 'traces/redis.trace'))
    trace[1000]! ^= 1
    writeFileSync(join(folder, 'traces/redis.trace'), trace)
    rmSync(join(folder, 'compressibility/gcc.csv'))
    rmSync(join(folder, 'SHA256SUMS'))
    writeFileSync(join(folder, 'SHA256SUMS'), readFileSync(join(data, 'SHA256SUMS'), 'utf8').replace(/^.*drift.*$/m, ''))
    expect(() => loadTrace('redis', url)).toThrow(
      /^CP_DATA data\/traces\/redis.trace: its content does not match SHA256SUMS; expected/,
    )
    expect(() => loadProfiles(url)).toThrow(/^CP_DATA data\/compressibility\/gcc.csv: ENOENT/)
    expect(() => loadDrift('redis_json', url)).toThrow(ColdpoolError)
  })
})
