/** What writes do to the compressed sizes of pages, on the device and in DRAM. */
import { expect, test } from 'vitest'
import { Bench, DEVICE, NEIGHBOUR, profileOf, WORKLOAD } from './host.fixture.ts'

const FRAMES = 4096
/** On the average each page has 64 lines written a second. */
const WRITES = { share: 1, reads: 0, writes: 64, miss: 1 }

/** Share of pages of which one line in 64 was not written in `seconds`, within five standard deviations of `n` pages. */
function expectReplaced(share: number, seconds: number, n: number): void {
  const expected = 1 - Math.exp(-seconds)
  expect(Math.abs(share - expected)).toBeLessThan(5 * Math.sqrt((expected * (1 - expected)) / n) + 0.02)
}

test('a line written to a pooled page makes it new content with one chance in 64, and the device hears of it', () => {
  const bench = new Bench()
  bench.post(0, WORKLOAD, 'profile', profileOf(FRAMES + 500))
  bench.run(900)
  const before = [...bench.pools.get(DEVICE)!.values()]
  expect(new Set(before)).toEqual(new Set([2048]))
  bench.post(901, WORKLOAD, 'profile', profileOf(FRAMES + 500, [WRITES], { written: ['incompressible'] }))
  bench.run(1911)
  const sizes = [...bench.pools.get(DEVICE)!.values()]
  expectReplaced(sizes.filter((size) => size === 4096).length / sizes.length, 1, sizes.length)
  expect(sizes.every((size) => size === 2048 || size === 4096)).toBe(true)
})

test('writes that the CPU cache keeps change nothing on the device', () => {
  const bench = new Bench()
  bench.post(0, WORKLOAD, 'profile', profileOf(FRAMES + 500))
  bench.run(900)
  bench.post(901, WORKLOAD, 'profile', profileOf(FRAMES + 500, [{ ...WRITES, miss: 0 }], { written: ['incompressible'] }))
  const pages = new Set(bench.pools.get(DEVICE)!.keys())
  bench.run(905)
  expect([...bench.pools.get(DEVICE)!].filter(([page, size]) => pages.has(page) && size !== 2048)).toEqual([])
})

test('a page written in DRAM is demoted with what was written, by the share of its lines replaced', () => {
  const bench = new Bench()
  bench.post(0, WORKLOAD, 'profile', profileOf(3800, [WRITES], { written: ['incompressible'], allocateBytesPerSecond: 1e9 }))
  bench.post(1000, NEIGHBOUR, 'profile', profileOf(1000))
  bench.run(1150)
  const sizes = bench.out.of('demote').flatMap(({ body }) => [...body.sizes].filter((_size, i) => body.pages[i]! < 3800))
  expect(sizes.length).toBeGreaterThan(150)
  expectReplaced(sizes.filter((size) => size === 4096).length / sizes.length, 1.07, sizes.length)
})
