/**
 * Loads the measured data in `data/` (see its README for where it comes from). An edge: the only file in this room that
 * reads files; models are handed what it returns. Every file is checked against data/SHA256SUMS.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CODECS, DRIFT_NAMES, PROFILE_NAMES } from './content.ts'
import type { Codec, Drift, DriftName, Drifts, ProfileName, Profiles } from './content.ts'
import { ColdpoolError } from './errors.ts'
import { PAGE_BYTES } from './page/page-table.ts'
import { decodeTrace } from './trace.ts'
import type { Trace } from './trace.ts'

export const TRACE_NAMES = ['redis', 'sqlite'] as const
export type TraceName = (typeof TRACE_NAMES)[number]

const DATA = new URL('../data/', import.meta.url)

export function loadProfiles(folder: URL = DATA): Profiles {
  const profiles: Partial<Record<ProfileName, Record<Codec, Uint16Array>>> = {}
  for (const name of PROFILE_NAMES) profiles[name] = load(folder, `compressibility/${name}.csv`, profileOf)
  return profiles as Profiles
}

export function loadDrift(name: DriftName, folder: URL = DATA): Drift {
  return load(folder, `drift/${name}.json`, driftOf)
}

export function loadDrifts(folder: URL = DATA): Drifts {
  return Object.fromEntries(DRIFT_NAMES.map((name) => [name, loadDrift(name, folder)])) as unknown as Drifts
}

export function loadTrace(name: TraceName, folder: URL = DATA): Trace {
  return load(folder, `traces/${name}.trace`, (bytes) => decodeTrace(name, bytes))
}

/** Lines `size,lz4,zstd1,deflate1`: how many pages each codec brings to `size` bytes. */
function profileOf(bytes: Uint8Array): Record<Codec, Uint16Array> {
  const [head, ...lines] = new TextDecoder().decode(bytes).trimEnd().split('\n')
  if (head !== `size,${CODECS.join()}`) throw new RangeError(`unknown header '${head}'`)
  const rows = lines.map((line) => line.split(',').map(Number))
  for (const row of rows) {
    const wellFormed = row.length === 1 + CODECS.length && row.every((value) => Number.isSafeInteger(value) && value >= 0)
    if (!wellFormed || row[0]! > PAGE_BYTES) throw new RangeError(`bad line '${row.join()}'`)
  }
  const profile: Partial<Record<Codec, Uint16Array>> = {}
  CODECS.forEach((codec, column) => {
    const sizes = new Uint16Array(rows.reduce((sum, row) => sum + row[column + 1]!, 0))
    let at = 0
    for (const row of rows) sizes.fill(row[0]!, at, (at += row[column + 1]!))
    profile[codec] = sizes
  })
  return profile as Record<Codec, Uint16Array>
}

interface DriftFile {
  changedPerSecond: number
  observations: number
  rows: { from: number; observations: number; changes: number[] }[]
}

function driftOf(bytes: Uint8Array): Drift {
  const { changedPerSecond, observations, rows } = JSON.parse(new TextDecoder().decode(bytes)) as DriftFile
  const slices = rows[0]!.changes.length
  if (rows[0]!.from !== 0 || rows.some((row) => row.changes.length !== slices)) throw new RangeError('rows do not fit together')
  const changes = Int16Array.from(rows.flatMap((row) => row.changes))
  return { changedPerSecond, observations, slices, lows: Uint16Array.from(rows, (row) => row.from), changes }
}

function load<T>(folder: URL, path: string, parse: (bytes: Uint8Array) => T): T {
  try {
    const bytes = readFileSync(new URL(path, folder))
    const sums = readFileSync(new URL('SHA256SUMS', folder), 'utf8').split('\n')
    const sum = createHash('sha256').update(bytes).digest('hex')
    if (!sums.includes(`${sum}  ${path}`)) throw new RangeError('its content does not match SHA256SUMS')
    return parse(bytes)
  } catch (error) {
    const problem = error instanceof Error ? error.message.split('\n')[0]! : String(error)
    throw new ColdpoolError('CP_DATA', `data/${path}`, problem, 'the file as `node data/build.ts` writes it')
  }
}
