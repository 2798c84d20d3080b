/**
 * Rebuilds the files of this folder from the recordings: `node data/build.ts [SOURCE_DIR] [TARGET_DIR]`. Same source,
 * same bytes, on any machine. README.md says what each file holds.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { PROFILE_NAMES } from '../shared/content.ts'
import { encodeTrace, TRACE_NAMES } from '../shared/trace.ts'
import type { TraceEpoch } from '../shared/trace.ts'

/** LZ4 1.9.4 brings 4096 equal bytes to this; no other page of the recordings gets so small. */
const ZERO_PAGE_LZ4_BYTES = 26
const DRIFT_BINS = 16
const DRIFT_SLICES = 32

const folder = import.meta.dirname
if (process.argv[1] === import.meta.filename) {
  build(process.argv[2] ?? join(folder, '../../shared/data'), process.argv[3] ?? folder)
}

export function build(source: string, target: string): void {
  const files = new Map<string, string | Uint8Array>()
  files.set('compressibility/summary.csv', readFileSync(join(source, 'compressibility/summary.csv'), 'utf8'))
  for (const name of PROFILE_NAMES) {
    files.set(`compressibility/${name}.csv`, profile(table(source, `compressibility/${name}`)))
  }
  const redis = drift(table(source, 'drift/redis_json'))
  files.set('drift/summary.csv', `name,pages,seconds,observations\nredis_json,${redis.measured.join()}\n`)
  files.set('drift/redis_json.csv', redis.kernel)
  files.set('traces/summary.csv', traceSummary(readFileSync(join(source, 'traces/summary.csv'), 'utf8')))
  for (const name of TRACE_NAMES) {
    files.set(`traces/${name}.trace`, trace(name, table(source, `traces/${name}`), table(source, `traces/epochs/${name}`)))
  }

  const sums: string[] = []
  for (const [path, content] of files) {
    mkdirSync(join(target, path, '..'), { recursive: true })
    writeFileSync(join(target, path), content)
    sums.push(`${createHash('sha256').update(content).digest('hex')}  ${path}\n`)
  }
  writeFileSync(join(target, 'SHA256SUMS'), sums.join(''))
}

/** The rows below the header of a packed CSV. */
function table(source: string, path: string): string[][] {
  const text = gunzipSync(readFileSync(join(source, `${path}.csv.gz`))).toString('latin1')
  return text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
}

/** Rows kind,zero,lz4,zstd1,deflate1, a page each → a histogram of sizes, zero pages as size 0. */
function profile(rows: readonly string[][]): string {
  const counts = Array.from({ length: 4097 }, () => [0, 0, 0])
  for (const [, zero, ...sizes] of rows) {
    sizes.forEach((size, codec) => counts[zero === '1' ? 0 : Number(size)]![codec]!++)
  }
  const lines = counts.map((codecs, size) => (codecs.some((count) => count > 0) ? `${size},${codecs.join()}\n` : ''))
  return `size,lz4,zstd1,deflate1\n${lines.join('')}`
}

/** Rows t_s,page_index,changed,lz4 → how a changed page's size moves, by its size before; and pages, seconds, changes. */
function drift(rows: readonly string[][]): { kernel: string; measured: number[] } {
  const last = new Map<string, number>()
  const moves: { before: number; change: number }[] = []
  let seconds = 0
  for (const [t, page, changed, lz4] of rows) {
    const size = Number(lz4) === ZERO_PAGE_LZ4_BYTES ? 0 : Number(lz4)
    if (changed === '1') moves.push({ before: last.get(page!)!, change: size - last.get(page!)! })
    last.set(page!, size)
    seconds = Math.max(seconds, Number(t))
  }

  const sizes = moves.map((move) => move.before).filter((size) => size > 0)
  sizes.sort((a, b) => a - b)
  const edges = Array.from({ length: DRIFT_BINS }, (_, bin) => sizes[Math.floor((bin * sizes.length) / DRIFT_BINS)]!)
  // Zero pages have a row of their own; the first bin begins right above them.
  const lows = [0, 1, ...edges.slice(1)]
  const lines = lows.map((from, row) => {
    const to = lows[row + 1] ?? 4097
    const changes = moves.filter(({ before }) => before >= from && before < to).map((move) => move.change)
    changes.sort((a, b) => a - b)
    return `${[from, to - 1, changes.length, ...sliceMeans(changes)].join()}\n`
  })
  const head = ['from', 'to', 'observations', ...Array.from({ length: DRIFT_SLICES }, (_, slice) => `change_${slice}`)]
  return { kernel: `${head.join()}\n${lines.join('')}`, measured: [last.size, seconds, moves.length] }
}

/** Means of equal slices of ascending values: unlike quantiles they keep the mean of the whole. */
function sliceMeans(values: readonly number[]): number[] {
  return Array.from({ length: DRIFT_SLICES }, (_, slice) => {
    const part = values.slice(
      Math.floor((slice * values.length) / DRIFT_SLICES),
      Math.floor(((slice + 1) * values.length) / DRIFT_SLICES),
    )
    return Math.round(part.reduce((sum, value) => sum + value, 0) / part.length) + 0
  })
}

/** The lines of the traces that are kept here. */
function traceSummary(text: string): string {
  const [head, ...lines] = text.trimEnd().split('\n')
  const kept = lines.filter((line) => TRACE_NAMES.some((name) => line.startsWith(`${name},`)))
  return `${[head, ...kept].join('\n')}\n`
}

/** Rows epoch,page,reads,writes,llc_reads,llc_writebacks and epoch,instructions, both in ascending order. */
function trace(name: string, rows: readonly string[][], instructionRows: readonly string[][]): Uint8Array {
  const byEpoch: number[][][] = instructionRows.map(() => [])
  let pages = 0
  for (const row of rows) {
    const [epoch, ...values] = row.map(Number)
    byEpoch[epoch!]!.push(values)
    pages = Math.max(pages, values[0]! + 1)
  }
  const epochs = byEpoch.map((lines): TraceEpoch => {
    const column = (index: number): Uint32Array => Uint32Array.from(lines, (line) => line[index]!)
    return { pages: column(0), reads: column(1), writes: column(2), llcReads: column(3), llcWritebacks: column(4) }
  })
  return encodeTrace({ name, pages, epochs, instructions: Float64Array.from(instructionRows, (row) => Number(row[1])) })
}
