/**
 * The edge where a trace of single references comes from a user's file (form: shared/references.ts). Opening it reads all of
 * it once: every record is checked and the whole is hashed, so that nothing but a file that changes can fail on the way. Memory stays the same
 * for files of any size. In a cluster it is the workload's process that opens it, under the same path.
 */
import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { ColdpoolError } from '#shared/errors.ts'
import { decodeReferencesHeader, firstStrayRecord, HEADER_BYTES, RECORD_BYTES, type References } from '#shared/references.ts'
import { printable } from '#shared/scenario/problems.ts'

const RECORDS_AT_A_TIME = 2 ** 18
const EXPECTED = 'a file of references (shared/references.ts), the same under this path wherever the workload may run'

/** Hears how much of a file has been read, for a person who waits; at last all of it. */
export type OnReading = (path: string, bytes: number, ofBytes: number) => void

/** Throws a ColdpoolError, CP_TRACE. */
export function openReferences(path: string, onReading: OnReading = () => {}): References {
  return new ReferenceFile(path, onReading)
}

class ReferenceFile implements References {
  readonly pages: number
  readonly count: number
  readonly digest: string
  readonly #path: string
  readonly #seen: Stats

  constructor(path: string, onReading: OnReading) {
    this.#path = path
    const { header, digest, seen } = this.#with((file) => {
      const stats = fstatSync(file)
      if (!stats.isFile()) throw new RangeError(stats.isDirectory() ? 'is a directory' : 'is no regular file')
      const first = new Uint8Array(HEADER_BYTES)
      const found = decodeReferencesHeader(first.subarray(0, readSync(file, first, 0, HEADER_BYTES, 0)), stats.size)
      const hash = createHash('sha256').update(first)
      const records = new Uint32Array(Math.min(RECORDS_AT_A_TIME, found.count))
      for (let at = 0; at < found.count; at += records.length) {
        const some = records.subarray(0, Math.min(records.length, found.count - at))
        fill(file, at, some)
        const stray = firstStrayRecord(some, found.pages)
        if (stray < some.length) {
          throw new RangeError(`its reference ${at + stray} is to page ${some[stray]! >>> 1}, and the last is ${found.pages - 1}`)
        }
        hash.update(some)
        onReading(path, HEADER_BYTES + (at + some.length) * RECORD_BYTES, stats.size)
      }
      return { header: found, digest: hash.digest('hex'), seen: stats }
    })
    this.pages = header.pages
    this.count = header.count
    this.digest = digest
    this.#seen = seen
  }

  read(first: number, into: Uint32Array): void {
    this.#with((file) => {
      const { size, mtimeMs, ino } = fstatSync(file)
      if (size !== this.#seen.size || mtimeMs !== this.#seen.mtimeMs || ino !== this.#seen.ino) {
        throw new RangeError('has changed since the run began')
      }
      fill(file, first, into)
    })
  }

  #with<T>(work: (file: number) => T): T {
    try {
      const file = openSync(this.#path, 'r')
      try {
        return work(file)
      } finally {
        closeSync(file)
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      const problem =
        error instanceof RangeError && code === undefined
          ? error.message
          : code === 'ENOENT'
            ? 'there is no such file where this workload runs'
            : `cannot be read (${code})`
      throw new ColdpoolError('CP_TRACE', printable(this.#path), printable(problem), EXPECTED)
    }
  }
}

function fill(file: number, first: number, into: Uint32Array): void {
  const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength)
  for (let done = 0; done < bytes.length;) {
    const read = readSync(file, bytes, done, bytes.length - done, HEADER_BYTES + first * RECORD_BYTES + done)
    if (read === 0) throw new RangeError('has become shorter')
    done += read
  }
}
