/**
 * A recorded page trace and its file form. An epoch is a fixed number of data references (10^6 in the recordings here);
 * per epoch and page it holds exact counts. Left out: the order of accesses inside an epoch, and addresses inside a page.
 *
 * File form: the line `coldpool trace 1`, then unsigned LEB128 numbers only: pages, epochs; per epoch its rows and its
 * instructions; then for each epoch its columns one after the other: pages (ascending, as gaps to the one before, less
 * one), reads, writes, llcReads, llcWritebacks. Not compressed, so that a rebuild gives the same bytes on every machine.
 */
import { assert } from './errors.ts'

/** The recordings in data/. */
export const TRACE_NAMES = ['redis', 'sqlite'] as const
export type TraceName = (typeof TRACE_NAMES)[number]

export interface TraceEpoch {
  /** Ascending page numbers, and beside each its counts. */
  readonly pages: Uint32Array
  readonly reads: Uint32Array
  readonly writes: Uint32Array
  /** What passes a last-level cache (of 1 MiB, in the recordings): lines of 64 B fetched and written back. No rows: everything. */
  readonly llcReads: Uint32Array
  readonly llcWritebacks: Uint32Array
}

export interface Trace {
  readonly name: string
  /** Pages touched over the whole trace, numbered 0 … pages − 1 by first touch. */
  readonly pages: number
  readonly epochs: readonly TraceEpoch[]
  /** Instructions executed in each epoch. */
  readonly instructions: Float64Array
}

const MAGIC = 'coldpool trace 1\n'
/** The most bytes that a number below 2^32 takes. */
const MOST_BYTES = 5

export function encodeTrace(trace: Trace): Uint8Array {
  const rows = trace.epochs.reduce((sum, epoch) => sum + epoch.pages.length, 0)
  const bytes = new Uint8Array(MAGIC.length + MOST_BYTES * (2 + 2 * trace.epochs.length + 5 * rows))
  let at = new TextEncoder().encodeInto(MAGIC, bytes).written
  const put = (value: number): void => {
    assert(value >= 0 && value < 2 ** 32 && Number.isInteger(value), `a trace holds unsigned 32-bit numbers, not ${value}`)
    while (value > 127) {
      bytes[at++] = (value % 128) | 128
      value = Math.floor(value / 128)
    }
    bytes[at++] = value
  }
  put(trace.pages)
  put(trace.epochs.length)
  for (let i = 0; i < trace.epochs.length; i++) {
    put(trace.epochs[i]!.pages.length)
    put(trace.instructions[i]!)
  }
  for (const epoch of trace.epochs) {
    let next = 0
    for (const page of epoch.pages) {
      put(page - next)
      next = page + 1
    }
    for (const column of [epoch.reads, epoch.writes, epoch.llcReads, epoch.llcWritebacks]) {
      for (const value of column) put(value)
    }
  }
  return bytes.slice(0, at)
}

/** Throws a RangeError that says what is wrong with the bytes. */
export function decodeTrace(name: string, bytes: Uint8Array): Trace {
  if (new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) throw new RangeError('not a trace file')
  let at = MAGIC.length
  const take = (): number => {
    let byte = bytes[at++]
    if (byte === undefined) throw new RangeError('the trace file ends too early')
    if (byte < 128) return byte
    let value = byte - 128
    for (let scale = 128; byte >= 128; scale *= 128) {
      byte = bytes[at++]
      if (byte === undefined || scale > 2 ** 28) throw new RangeError('a number of the trace file has no end')
      value += (byte & 127) * scale
    }
    if (value >= 2 ** 32) throw new RangeError('a number of the trace file exceeds 32 bits')
    return value
  }
  const column = (rows: number): Uint32Array => {
    const values = new Uint32Array(rows)
    for (let i = 0; i < rows; i++) values[i] = take()
    return values
  }

  const pages = take()
  const count = take()
  if (count * 2 > bytes.length) throw new RangeError('the trace file is shorter than its epochs')
  const rows = new Uint32Array(count)
  const instructions = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    rows[i] = take()
    instructions[i] = take()
    if (rows[i]! > pages) throw new RangeError('an epoch of the trace file touches more pages than there are')
  }
  const epochs: TraceEpoch[] = []
  for (const n of rows) {
    if (n * 5 > bytes.length - at) throw new RangeError('the trace file ends too early')
    const touched = column(n)
    let next = 0
    for (let i = 0; i < n; i++) {
      next += touched[i]!
      touched[i] = next++
    }
    if (next > pages) throw new RangeError('a page number of the trace file is out of range')
    epochs.push({ pages: touched, reads: column(n), writes: column(n), llcReads: column(n), llcWritebacks: column(n) })
  }
  if (at !== bytes.length) throw new RangeError('the trace file goes on after its last epoch')
  return { name, pages, epochs, instructions }
}
