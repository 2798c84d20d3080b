import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EpochBuilder } from './trace-epoch.ts'

const record = (page: number, write: number): number => page * 2 + write

describe('an epoch gathered from single references', () => {
  test('counts reads and writes by page, pages ascending', () => {
    const builder = new EpochBuilder(5001, 5)
    builder.add(Uint32Array.of(record(7, 0), record(3, 1), record(7, 1)))
    builder.add(Uint32Array.of(record(7, 0), record(5000, 1)))
    const { pages, reads, writes } = builder.take()
    expect([[...pages], [...reads], [...writes]]).toEqual([
      [3, 7, 5000],
      [0, 2, 0],
      [1, 1, 1],
    ])
  })

  test('is followed by an empty one', () => {
    const builder = new EpochBuilder(2, 300)
    builder.add(new Uint32Array(300).fill(record(1, 1)))
    builder.take()
    expect(builder.take().pages.length).toBe(0)
    builder.add(Uint32Array.of(record(1, 0)))
    expect(builder.take()).toMatchObject({ reads: Uint32Array.of(1), writes: Uint32Array.of(0) })
  })

  test('says nothing of a cache, so that every reference passes it', () => {
    const builder = new EpochBuilder(3, 2)
    builder.add(Uint32Array.of(record(2, 0), record(2, 1)))
    const { llcReads, llcWritebacks } = builder.take()
    expect([llcReads.length, llcWritebacks.length]).toEqual([0, 0])
  })

  test('agrees with a plain count, epoch after epoch, however hot a page is', () => {
    const run = fc.record({
      page: fc.nat(40),
      write: fc.nat(1),
      times: fc.oneof(fc.nat(3), fc.integer({ min: 120, max: 700 })),
    })
    fc.assert(
      fc.property(fc.array(fc.array(run, { maxLength: 30 }), { minLength: 1, maxLength: 4 }), (epochs) => {
        const builder = new EpochBuilder(41, 30 * 700)
        for (const epoch of epochs) {
          const plain = new Map<number, [number, number]>()
          for (const { page, write, times } of epoch) {
            builder.add(new Uint32Array(times).fill(record(page, write)))
            const counts = plain.get(page) ?? [0, 0]
            counts[write]! += times
            if (counts[0] + counts[1] > 0) plain.set(page, counts)
          }
          const { pages, reads, writes } = builder.take()
          const expected = [...plain].toSorted(([a], [b]) => a - b).map(([page, [r, w]]) => [page, r, w])
          expect([...pages].map((page, i) => [page, reads[i], writes[i]])).toEqual(expected)
        }
      }),
    )
  })
})
