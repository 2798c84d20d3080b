import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeReferencesHeader,
  encodeReferencesHeader,
  firstStrayRecord,
  HEADER_BYTES,
  REFERENCE_PAGES_MAX,
} from './references.ts'

const header = (pages: number, count: number): Uint8Array => encodeReferencesHeader({ pages, count })

describe('the header of a file of references', () => {
  test('comes back as it was, up to files of petabytes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: REFERENCE_PAGES_MAX }), fc.integer({ min: 1, max: 2 ** 50 }), (pages, count) => {
        expect(decodeReferencesHeader(header(pages, count), HEADER_BYTES + 4 * count)).toEqual({ pages, count })
      }),
    )
  })

  test('begins with what a person reads, then little-endian numbers', () => {
    const bytes = header(3, 258)
    expect(new TextDecoder().decode(bytes.subarray(0, 16))).toBe('coldpool refs 1\n')
    expect([...bytes.subarray(16)]).toEqual([2, 1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0])
  })

  test.each<[string, Uint8Array, number, RegExp]>([
    ['another file', new Uint8Array(100), 100, /is no file of references/],
    ['an empty file', new Uint8Array(0), 0, /is no file of references/],
    ['half a header', header(1, 1).subarray(0, 20), 20, /ends within its header/],
    ['a form that is not known', header(1, 1).with(31, 1), 36, /another form of header/],
    ['no pages', header(0, 1), 36, /has 0 pages/],
    ['too many pages', header(REFERENCE_PAGES_MAX + 1, 1), 36, /has 268435457 pages, and at most 268435456/],
    ['no references', header(1, 0), 32, /has no references/],
    ['a file that was cut', header(1, 3), 32 + 11, /says that it has 3 references, but has 43 bytes/],
    ['a file that goes on', header(1, 3), 32 + 16, /says that it has 3 references, but has 48 bytes/],
  ])('is refused with a word on it: %s', (_, bytes, size, message) => {
    expect(() => decodeReferencesHeader(bytes, size)).toThrow(message)
  })
})

test('a record beyond the last page is found where it stands', () => {
  expect(firstStrayRecord(Uint32Array.of(0, 9, 10, 99), 5)).toBe(2)
  expect(firstStrayRecord(Uint32Array.of(0, 9), 5)).toBe(2)
  expect(firstStrayRecord(Uint32Array.of(0xffffffff), REFERENCE_PAGES_MAX)).toBe(0)
})
