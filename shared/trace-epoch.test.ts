import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EpochBuilder } from './trace-epoch.ts'

describe('an epoch gathered from single references', () => {
  test('counts reads and writes by page, pages ascending', () => {
    const builder = new EpochBuilder()
    for (const [page, write] of [
      [7, 0],
      [3, 1],
      [7, 1],
      [7, 0],
      [5000, 1],
    ] as const)
      builder.add(page, write)
    const { pages, reads, writes } = builder.take()
    expect([[...pages], [...reads], [...writes]]).toEqual([
      [3, 7, 5000],
      [0, 2, 0],
      [1, 1, 1],
    ])
  })

  test('is followed by an empty one', () => {
    const builder = new EpochBuilder()
    builder.add(1, 1)
    builder.take()
    expect(builder.take().pages.length).toBe(0)
    builder.add(1, 0)
    expect([...builder.take().writes]).toEqual([0])
  })

  test('lets every reference pass the cache', () => {
    const builder = new EpochBuilder()
    builder.add(2, 0)
    builder.add(2, 1)
    const { reads, writes, llcReads, llcWritebacks } = builder.take()
    expect([llcReads, llcWritebacks]).toEqual([reads, writes])
  })

  test('agrees with a plain count, epoch after epoch', () => {
    const reference = fc.tuple(fc.nat(3000), fc.nat(1))
    fc.assert(
      fc.property(fc.array(fc.array(reference, { maxLength: 200 }), { maxLength: 4 }), (epochs) => {
        const builder = new EpochBuilder()
        for (const epoch of epochs) {
          const plain = new Map<number, [number, number]>()
          for (const [page, write] of epoch) {
            builder.add(page, write)
            const counts = plain.get(page) ?? [0, 0]
            counts[write]!++
            plain.set(page, counts)
          }
          const { pages, reads, writes } = builder.take()
          const expected = [...plain].toSorted(([a], [b]) => a - b).map(([page, [r, w]]) => [page, r, w])
          expect([...pages].map((page, i) => [page, reads[i], writes[i]])).toEqual(expected)
        }
      }),
    )
  })
})
