/** DAMON's regions, what it finds against what there is to be found, and what it tells. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fork, Stream } from '#shared/random.ts'
import { Recorder } from '#shared/recorder.fixture.ts'
import { Damon } from './damon.ts'
import { type ClassRates, demoteNow, hostSpec, NEIGHBOUR, partsOf, profileOf, PROMOTER, WORKLOAD } from './host.fixture.ts'

/** Pages of a workload, on the device but for every `local`-th, and DAMON, which looks once a tick of 10 ms. */
function watched(pages: number, classes: readonly ClassRates[], seed = 1, local = Infinity) {
  const { memory, history, access, tenancy } = partsOf(hostSpec({ seed, memoryBytes: 2 ** 29 }))
  const { residents } = tenancy
  const add = (workload: number, count: number): void => {
    const base = memory.used
    tenancy.profile(workload, profileOf(count, classes), 0)
    for (let page = base; page < base + count; page++) {
      memory.allocate(page, 0)
      if (page % local !== 0) demoteNow(memory, history, page, 0)
    }
  }
  add(WORKLOAD, pages)
  const parts = { memory, history, residents, promoter: PROMOTER }
  const made = (): Damon => new Damon({ ...parts, stream: new Stream(fork(seed, 'damon')) })
  let damon = made()
  const out = new Recorder('host-1')
  let tick = 0
  const run = (until: number, each: () => void = () => {}) => {
    for (; tick < until; tick++) {
      for (const resident of residents) {
        resident.work += 1000
        access.tick(resident, 1000, tick * 1e7)
      }
      damon.run(tick * 1e7, out)
      each()
    }
  }
  /** Another takes over from its snapshot. */
  const revive = (): void => {
    const saved = structuredClone(damon.snapshot())
    damon = made()
    damon.restore(saved)
  }
  return { memory, out, run, add, revive, regions: () => damon.regions }
}

const idle: ClassRates = { share: 1, reads: 0, writes: 0, miss: 1 }

test('its regions are all pages of workloads, in order and once each, and never more than a thousand, whatever comes', () => {
  const rates = fc.record({
    share: fc.constant(1),
    reads: fc.constantFrom(0, 1, 30, 500),
    writes: fc.constant(1),
    miss: fc.constantFrom(0.1, 1),
  })
  fc.assert(
    fc.property(
      fc.array(rates, { minLength: 1, maxLength: 9 }),
      fc.integer({ min: 1, max: 3000 }),
      fc.nat(),
      (classes, pages, seed) => {
        const { memory, regions, run, add } = watched(pages, classes, seed)
        const check = (): void => {
          let end = 0
          for (const region of regions()) {
            expect(region.start).toBe(end)
            expect(region.end).toBeGreaterThan(region.start)
            end = region.end
          }
          expect(end).toBe(memory.used)
          expect(regions().length).toBeLessThanOrEqual(1000)
        }
        run(130, check)
        add(NEIGHBOUR, 100)
        run(160, check)
      },
    ),
    { numRuns: 25 },
  )
})

describe('a sample', () => {
  /** Of pages that are all touched so often: how often they were found touched, in how many samples. */
  function sampled(reads: number, miss: number): { readonly found: number; readonly samples: number } {
    let found = 0
    let samples = 0
    for (let seed = 1; seed <= 4; seed++) {
      const { regions, run } = watched(4000, [{ share: 1, reads, writes: 0, miss }], seed)
      let before = 0
      run(300, () => {
        const now = regions().reduce((sum, region) => sum + region.found, 0)
        // Counts begin anew with each aggregation, whose last sample is not seen here.
        if (now >= before && now > 0) {
          found += now - before
          samples += regions().length
        }
        before = now
      })
    }
    return { found, samples }
  }

  test.each([
    [20, 1],
    [60, 0.3],
    [100, 0],
  ])('finds pages with %d reads/s of which %d miss touched as often as an enumeration of reads would', (reads, miss) => {
    const { found, samples } = sampled(reads, miss)
    const p = 1 - Math.exp(-reads * 0.01)
    const sigmas = (of: number): number => Math.abs(found - samples * of) / Math.sqrt(samples * of * (1 - of))
    expect(samples).toBeGreaterThan(10_000)
    expect(sigmas(p)).toBeLessThan(4.5)
    expect(sigmas(p * 1.1)).toBeGreaterThan(4.5)
  })
})

describe('once a second', () => {
  test('it tells the young pages of what is hot, and few of the rest', () => {
    const { out, run } = watched(20_000, [
      { share: 0.1, reads: 30, writes: 0, miss: 0.5 },
      { ...idle, share: 0.9 },
    ])
    run(500)
    const told = out.of('damon')
    expect(told.map(({ to }) => to)).toEqual([PROMOTER, PROMOTER, PROMOTER, PROMOTER])
    const pages = [...told.at(-1)!.body.pages]
    expect(new Set(pages).size).toBe(pages.length)
    expect(pages.every((page) => page < 2000)).toBe(true)
    expect(pages.length).toBeGreaterThan(1800)
    expect(told.at(-1)!.body.samples.every((samples) => samples > 0 && samples <= 10)).toBe(true)
  })

  test('it is silent where nothing is touched, and of what is not on a device', () => {
    const still = watched(5000, [idle])
    still.run(300)
    expect(still.out.of('damon')).toEqual([])
    // Ten parts of what is all alike, each cut in three at most.
    expect(still.regions().length).toBeLessThanOrEqual(60)
    const half = watched(5000, [{ ...idle, reads: 50 }], 1, 2)
    half.run(300)
    const pages = half.out.of('damon').flatMap(({ body }) => [...body.pages])
    expect(pages.length).toBeGreaterThan(3500)
    expect(pages.every((page) => page % 2 === 1)).toBe(true)
  })

  test('it tells no page that was not touched since it told before, though its region was', () => {
    const { memory, out, run } = watched(5000, [{ share: 1, reads: 3, writes: 0, miss: 0.5 }])
    let heard = 0
    let before = 0
    let work = 0
    let told = 0
    run(450, () => {
      work += 1000
      const reports = out.of('damon')
      if (reports.length === heard) return
      heard = reports.length
      const { pages } = reports.at(-1)!.body
      expect(pages.every((page) => memory.table.last[page]! > before)).toBe(true)
      told += pages.length
      before = work
    })
    expect(heard).toBe(4)
    expect(told).toBeGreaterThan(1000)
  })

  test('it goes on as if nothing had happened when it is revived from its snapshot', () => {
    const rates = [
      { share: 0.5, reads: 2, writes: 0, miss: 0.5 },
      { ...idle, share: 0.5 },
    ]
    const straight = watched(5000, rates)
    straight.run(450)
    const broken = watched(5000, rates)
    for (const tick of [55, 100, 101, 149, 260, 350]) {
      broken.run(tick)
      broken.revive()
    }
    broken.run(450)
    expect(straight.out.of('damon')).toHaveLength(4)
    expect(broken.out.sent).toEqual(straight.out.sent)
    expect(broken.regions()).toEqual(straight.regions())
  })

  test('it looks at 200 MiB of regions at most, those touched most first', () => {
    const { out, run } = watched(90_000, [
      { share: 0.5, reads: 8, writes: 0, miss: 0 },
      { share: 0.5, reads: 100, writes: 0, miss: 0 },
    ])
    run(210)
    const { pages, samples } = out.of('damon').at(-1)!.body
    expect(pages.length).toBeLessThanOrEqual(51_200)
    expect(pages.length).toBeGreaterThan(45_000)
    expect(samples).toEqual(samples.toSorted((x, y) => y - x))
    expect(pages.filter((page) => page >= 45_000).length).toBeGreaterThan(40_000)
  })
})
