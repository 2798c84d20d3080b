import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeTrace, encodeTrace, type Trace, type TraceEpoch } from './trace.ts'

const count = fc.oneof(fc.nat(200), fc.integer({ min: 0, max: 2 ** 32 - 1 }))
const epoch = fc
  .uniqueArray(fc.nat(999), { maxLength: 30 })
  .chain((pages) =>
    fc.tuple(fc.constant(pages.toSorted((a, b) => a - b)), fc.array(fc.tuple(count, count, count, count), lengthOf(pages))),
  )
  .map(([pages, rows]): TraceEpoch => {
    const column = (index: 0 | 1 | 2 | 3) => Uint32Array.from(rows, (row) => row[index])
    return { pages: Uint32Array.from(pages), reads: column(0), writes: column(1), llcReads: column(2), llcWritebacks: column(3) }
  })
const trace = fc.array(fc.tuple(epoch, count), { maxLength: 5 }).map((epochs): Trace => ({
  name: 'any',
  pages: 1000,
  epochs: epochs.map(([e]) => e),
  instructions: Float64Array.from(epochs, ([, n]) => n),
}))

function lengthOf(items: readonly unknown[]): { minLength: number; maxLength: number } {
  return { minLength: items.length, maxLength: items.length }
}

const small: Trace = {
  name: 'small',
  pages: 300,
  epochs: [
    {
      pages: Uint32Array.of(0, 299),
      reads: Uint32Array.of(1, 2 ** 32 - 1),
      writes: Uint32Array.of(0, 128),
      llcReads: Uint32Array.of(0, 0),
      llcWritebacks: Uint32Array.of(16384, 7),
    },
  ],
  instructions: Float64Array.of(2_883_044),
}

test('a trace comes back from its file form as it was', () => {
  expect(decodeTrace('small', encodeTrace(small))).toEqual(small)
  fc.assert(
    fc.property(trace, (t) => {
      expect(decodeTrace('any', encodeTrace(t))).toEqual(t)
    }),
  )
})

test('every truncated trace file, and one with bytes behind its end, is refused', () => {
  const bytes = encodeTrace(small)
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decodeTrace('small', bytes.subarray(0, length)), `${length} bytes`).toThrow(RangeError)
  }
  expect(() => decodeTrace('small', Uint8Array.of(...bytes, 0))).toThrow('goes on after its last epoch')
})

test('arbitrary bytes give a trace or a RangeError, nothing else', () => {
  const head = encodeTrace(small).subarray(0, 17)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (tail) => {
      expect(outcome(Uint8Array.of(...head, ...tail))).toMatch(/^(a trace|RangeError)$/)
    }),
  )
})

function outcome(bytes: Uint8Array): string {
  try {
    decodeTrace('any', bytes)
    return 'a trace'
  } catch (error) {
    return (error as Error).name
  }
}

test('an epoch that names a page beyond the last is refused', () => {
  const [only] = small.epochs
  const bad = { ...small, epochs: [{ ...only!, pages: Uint32Array.of(0, 300) }] }
  expect(() => decodeTrace('small', encodeTrace(bad))).toThrow('out of range')
})
