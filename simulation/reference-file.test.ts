import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { encodeReferencesHeader } from '#shared/references.ts'
import { openReferences } from './reference-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'coldpool-references-'))
afterAll(() => rmSync(folder, { recursive: true }))

const PAGES = 1000
/** More than are read at a time, and no multiple of it. */
const COUNT = 300_001
const records = Uint32Array.from({ length: COUNT }, (_, i) => (i * 7919) % (2 * PAGES))

function write(name: string, content: Uint32Array = records): string {
  const path = join(folder, name)
  const header = encodeReferencesHeader({ pages: PAGES, count: content.length })
  writeFileSync(path, Buffer.concat([header, new Uint8Array(content.buffer)]))
  return path
}

describe('a file of references', () => {
  test('is read from anywhere, and known by its digest', () => {
    const path = write('whole')
    const file = openReferences(path)
    expect(file).toMatchObject({ pages: PAGES, count: COUNT })
    expect(file.digest).toBe(createHash('sha256').update(readFileSync(path)).digest('hex'))
    for (const [first, length] of [
      [0, 10],
      [299_990, 11],
      [12_345, 100_000],
    ] as const) {
      const into = new Uint32Array(length)
      file.read(first, into)
      expect(into).toEqual(records.subarray(first, first + length))
    }
  })

  test('tells how much of it has been read, and at last that all has', () => {
    const path = write('told')
    const told: unknown[] = []
    openReferences(path, (...said) => told.push(said))
    const size = 32 + 4 * COUNT
    expect(told).toEqual([
      [path, 32 + 4 * 2 ** 18, size],
      [path, size, size],
    ])
  })

  test('is refused when a record names no page, which is told by its number', () => {
    const stray = records.with(COUNT - 2, 2 * PAGES + 1)
    expect(() => openReferences(write('stray', stray))).toThrow(
      /^CP_TRACE .*stray: its reference 299999 is to page 1000, and the last is 999; expected a file of references/,
    )
  })

  test('is refused when it is not there, no file, or another kind of file', () => {
    mkdirSync(join(folder, 'folder'))
    writeFileSync(join(folder, 'text'), 'web-1 web-2 web-3 web-4 web-5 web-6\n')
    expect(() => openReferences(join(folder, 'none'))).toThrow(
      /^CP_TRACE .*none: there is no such file where this workload runs;/,
    )
    expect(() => openReferences(join(folder, 'folder'))).toThrow(/^CP_TRACE .*folder: is a directory;/)
    expect(() => openReferences(join(folder, 'text'))).toThrow(/^CP_TRACE .*text: is no file of references;/)
  })

  test('that changes while it is replayed is an error, and no other trace', () => {
    const path = write('changing')
    const file = openReferences(path)
    write('changing', records.subarray(0, 10).slice())
    expect(() => file.read(0, new Uint32Array(5))).toThrow(/^CP_TRACE .*changing: has changed since the run began;/)
  })
})
