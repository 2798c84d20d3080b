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
import type { Trace, TraceName } from './trace.ts'

const DATA = new URL('../data/', import.meta.url)

export function loadProfiles(folder: URL = DATA): Profiles {
  const profiles: Partial<Record<ProfileName, Record<Codec, Uint16Array>>> = {}
  for (const name of PROFILE_NAMES) profiles[name] = load(folder, `compressibility/${name}.csv`, profileOf)
  return profiles as Profiles
}

export function loadDrift(name: DriftName, folder: URL = DATA): Drift {
  return {
    ...load(folder, 'drift/summary.csv', (bytes) => observedOf(name, bytes)),
    ...load(folder, `drift/${name}.csv`, kernelOf),
  }
}

export function loadDrifts(folder: URL = DATA): Drifts {
  return Object.fromEntries(DRIFT_NAMES.map((name) => [name, loadDrift(name, folder)])) as unknown as Drifts
}

export function loadTrace(name: TraceName, folder: URL = DATA): Trace {
  return load(folder, `traces/${name}.trace`, (bytes) => decodeTrace(name, bytes))
}

let content: { readonly profiles: Profiles; readonly drifts: Drifts } | undefined
const traces = new Map<TraceName, Trace>()

/** All that is measured of contents, read once in a process: a sweep asks with each of its runs. Nobody writes into it. */
export function measuredContent(): { readonly profiles: Profiles; readonly drifts: Drifts } {
  return (content ??= { profiles: loadProfiles(), drifts: loadDrifts() })
}

/** As measuredContent(), of a trace. */
export function recordedTrace(name: TraceName): Trace {
  const trace = traces.get(name) ?? loadTrace(name)
  traces.set(name, trace)
  return trace
}

/** Lines `size,lz4,zstd1,deflate1`: how many pages each codec brings to `size` bytes. */
function profileOf(bytes: Uint8Array): Record<Codec, Uint16Array> {
  const rows = tableOf(bytes, new RegExp(`^size,${CODECS.join()}$`)).map((row) => row.map(Number))
  for (const row of rows) {
    const wellFormed = row.every((value) => Number.isSafeInteger(value) && value >= 0) && row[0]! <= PAGE_BYTES
    if (!wellFormed) throw new RangeError(`bad line '${row.join()}'`)
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

/** The line of this drift: how many pages were read for how many seconds, and how many changes were seen. */
function observedOf(name: DriftName, bytes: Uint8Array): Pick<Drift, 'changedPerSecond' | 'observations'> {
  const row = tableOf(bytes, /^name,pages,seconds,observations$/).find(([first]) => first === name)
  if (!row) throw new RangeError(`it has no line for ${name}`)
  const [pages, seconds, observations] = row.slice(1).map(Number) as [number, number, number]
  return { changedPerSecond: observations / pages / seconds, observations }
}

/** Lines `from,to,observations` and the slices' mean changes, by ascending size before. */
function kernelOf(bytes: Uint8Array): Pick<Drift, 'lows' | 'changes' | 'slices'> {
  const rows = tableOf(bytes, /^from,to,observations(,change_\d+)+$/).map((row) => row.map(Number))
  if (rows[0]?.[0] !== 0 || !rows.flat().every(Number.isSafeInteger)) throw new RangeError('its rows do not begin at size 0')
  const changes = rows.map(([, , , ...slices]) => slices)
  return { lows: Uint16Array.from(rows, (row) => row[0]!), changes: Int16Array.from(changes.flat()), slices: changes[0]!.length }
}

/** The cells below a header; every line has as many as the header. */
function tableOf(bytes: Uint8Array, header: RegExp): string[][] {
  const [head, ...lines] = new TextDecoder().decode(bytes).trimEnd().split('\n')
  if (!header.test(head!)) throw new RangeError(`unknown header '${head}'`)
  const rows = lines.map((line) => line.split(','))
  const columns = head!.split(',').length
  if (rows.some((row) => row.length !== columns)) throw new RangeError(`a line has not ${columns} columns`)
  return rows
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
