import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chiSquareExcess } from './chi-square.fixture.ts'
import { fork, hash, hashUnit, Stream } from './random.ts'

const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const words = fc.integer({ min: 0, max: 2 ** 32 - 1 })

describe('every machine agrees on', () => {
  test('the key of a name', () => {
    expect(fork(1, 'host-3/zipf')).toEqual({ a: 3961419878, b: 3650438606 })
    expect(fork(2 ** 40 + 7, 'host-3/zipf')).toEqual({ a: 157083546, b: 2366935992 })
  })

  test('the numbers of a stream', () => {
    const stream = new Stream(fork(1, 'host-3/zipf'))
    expect([stream.u32(), stream.u32(), stream.u32(), stream.u32()]).toEqual([3712135765, 3456667236, 3904422609, 1441782676])
    expect(stream.unit()).toBe(0.4517035096650943)
    expect(stream.below(1000)).toBe(709)
    expect(stream.counter).toBe(6)
  })

  test('the number of a page and a time', () => {
    expect(hash(fork(1, 'a'), 7, 9)).toBe(3179662478)
    expect(hash(fork(1, 'a'), 2 ** 31, 2 ** 32 - 1)).toBe(872028910)
  })
})

describe('a stream', () => {
  test('depends on nothing but its key and its counter', () => {
    fc.assert(
      fc.property(seeds, fc.string(), fc.nat(1000), (seed, name, skipped) => {
        const read = new Stream(fork(seed, name))
        for (let i = 0; i < skipped; i++) read.u32()
        expect(new Stream(fork(seed, name), skipped).u32()).toBe(read.u32())
      }),
    )
  })

  test('goes on past 2^32 numbers without repeating itself', () => {
    const key = fork(1, 'long')
    expect(new Stream(key, 2 ** 32).u32()).not.toBe(new Stream(key, 0).u32())
  })

  test.each([
    ['the low bits', (stream: Stream) => stream.u32() & 255, 256],
    ['the high bits', (stream: Stream) => stream.u32() >>> 24, 256],
    ['below(1000)', (stream: Stream) => stream.below(1000), 1000],
    ['units', (stream: Stream) => Math.floor(stream.unit() * 500), 500],
    ['pairs', (stream: Stream) => (stream.u32() >>> 28) * 16 + (stream.u32() >>> 28), 256],
  ])('is equidistributed: %s', (_, cell, cells) => {
    for (let seed = 1; seed <= 10; seed++) {
      const stream = new Stream(fork(seed, 'equidistribution'))
      expect(excess(200_000, cells, () => cell(stream))).toBeLessThan(1)
    }
  })

  test('stays within its bounds', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 2 ** 32 }), (seed, n) => {
        const stream = new Stream(fork(seed, 'bounds'))
        const drawn = stream.below(n)
        expect(Number.isInteger(drawn) && drawn >= 0 && drawn < n).toBe(true)
        const unit = stream.unit()
        expect(unit > 0 && unit < 1).toBe(true)
      }),
    )
  })
})

describe('names and seeds', () => {
  test('give streams that share nothing', () => {
    const firsts = new Set<number>()
    for (let seed = 0; seed < 30; seed++) {
      for (let host = 0; host < 30; host++) firsts.add(new Stream(fork(seed, `host-${host}/zipf`)).u32())
    }
    expect(firsts.size).toBe(900)
  })

  test('above 2^32 are not cut off', () => {
    expect(fork(5, 'x')).not.toEqual(fork(2 ** 32 + 5, 'x'))
  })

  test('that are neighbours are not correlated', () => {
    const cells = new Float64Array(256)
    for (let seed = 0; seed < 100_000; seed++) {
      const here = new Stream(fork(seed, 'x')).u32() >>> 28
      const there = new Stream(fork(seed + 1, 'x')).u32() >>> 28
      cells[here * 16 + there]!++
    }
    expect(
      chiSquareExcess(
        cells,
        cells.map(() => 100_000 / 256),
      ),
    ).toBeLessThan(1)
  })
})

describe('draws addressed by page and time', () => {
  test.each([
    ['along the pages', (key: ReturnType<typeof fork>, i: number) => hash(key, i, 77) >>> 24],
    ['along time', (key: ReturnType<typeof fork>, i: number) => hash(key, 77, i) >>> 24],
    ['along both', (key: ReturnType<typeof fork>, i: number) => hash(key, i, i) >>> 24],
    ['along time, low bits', (key: ReturnType<typeof fork>, i: number) => hash(key, 77, i) & 255],
  ])('are equidistributed %s', (_, cell) => {
    for (let seed = 1; seed <= 10; seed++) {
      const key = fork(seed, 'addressed')
      let i = 0
      expect(excess(100_000, 256, () => cell(key, i++))).toBeLessThan(1)
    }
  })

  test('lie strictly between 0 and 1', () => {
    fc.assert(
      fc.property(words, words, words, words, (a, b, x, y) => {
        const unit = hashUnit({ a, b }, x, y)
        expect(unit > 0 && unit < 1).toBe(true)
      }),
    )
  })
})

function excess(draws: number, cells: number, draw: () => number): number {
  const counts = new Float64Array(cells)
  for (let i = 0; i < draws; i++) counts[draw()]!++
  return chiSquareExcess(
    counts,
    counts.map(() => draws / cells),
  )
}
