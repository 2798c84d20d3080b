/** msgpack as everything here speaks it: plain maps and arrays, no extensions. */
import { Packr } from 'msgpackr'

const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' })

export function pack(value: unknown): Uint8Array {
  return packr.pack(value)
}

/** Throws if it is no msgpack. A `bin` comes as a view of the bytes. */
export function unpack(bytes: Uint8Array): unknown {
  return packr.unpack(bytes)
}
