/**
 * A trace of single references, in their order: a user's own file that a workload replays (services/workload/references.ts).
 *
 * File form, little-endian throughout: the 16 bytes `coldpool refs 1\n`, the number of references (64 bits), the number of
 * pages (32 bits), 32 zero bits; then one 32-bit record a reference: page · 2, and 1 more for a store. Pages are numbered
 * 0 … pages − 1 without large gaps, for memory is kept for each.
 */

/** What a workload is handed: records by number, wherever they lie. */
export interface References {
  readonly pages: number
  readonly count: number
  /** SHA-256 of the whole file, in hexadecimal. */
  readonly digest: string
  /** Fills `into` with the records from number `first` on; there are as many. */
  read(first: number, into: Uint32Array): void
}

export type ReferencesHeader = Pick<References, 'pages' | 'count'>

const MAGIC = 'coldpool refs 1\n'
export const HEADER_BYTES = 32
export const RECORD_BYTES = 4
/** 1 TiB of 4 KiB pages, as much as the DRAM of all hosts may be. */
export const REFERENCE_PAGES_MAX = 2 ** 28

export function encodeReferencesHeader({ pages, count }: ReferencesHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  new TextEncoder().encodeInto(MAGIC, bytes)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(16, BigInt(count), true)
  view.setUint32(24, pages, true)
  return bytes
}

/** Throws a RangeError that says what is wrong with the first bytes of a file of `fileBytes`. */
export function decodeReferencesHeader(bytes: Uint8Array, fileBytes: number): ReferencesHeader {
  if (new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length)) !== MAGIC)
    throw new RangeError('is no file of references')
  if (bytes.length < HEADER_BYTES) throw new RangeError('ends within its header')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const count = Number(view.getBigUint64(16, true))
  const pages = view.getUint32(24, true)
  if (view.getUint32(28, true) !== 0) throw new RangeError('has another form of header')
  if (pages < 1 || pages > REFERENCE_PAGES_MAX)
    throw new RangeError(`has ${pages} pages, and at most ${REFERENCE_PAGES_MAX} can be`)
  if (count < 1) throw new RangeError('has no references')
  if (HEADER_BYTES + count * RECORD_BYTES !== fileBytes) {
    throw new RangeError(`says that it has ${count} references, but has ${fileBytes} bytes`)
  }
  return { pages, count }
}

/** The place of the first record that names a page beyond the last; the number of records if there is none. */
export function firstStrayRecord(records: Uint32Array, pages: number): number {
  const limit = pages * 2
  for (let i = 0; i < records.length; i++) if (records[i]! >= limit) return i
  return records.length
}
