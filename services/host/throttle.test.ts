/** Accesses that wait because the device is loaded: by how much, how that grows and goes, and whom it slows. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Bench, DEVICE, NEIGHBOUR, profileOf, WORKLOAD } from './host.fixture.ts'
import { Throttle } from './throttle.ts'

const SPEC = { moderate: 0.1, severe: 0.5, most: 2 }
const [LIGHT, OPTIMAL, MODERATE, SEVERE] = [0, 1, 2, 3] as const

describe('the wait', () => {
  const after = (...classes: number[]): number => {
    const throttle = new Throttle(SPEC)
    for (const devLoad of classes) throttle.adapt(devLoad)
    return throttle.delay
  }

  test('grows a little under moderate load, much under severe, stays under optimal and goes under light', () => {
    expect(after(MODERATE)).toBeCloseTo(0.1)
    expect(after(SEVERE)).toBeCloseTo(0.5)
    expect(after(SEVERE, MODERATE, OPTIMAL, OPTIMAL)).toBeCloseTo(0.6)
    expect(after(SEVERE, LIGHT, LIGHT)).toBeCloseTo(0.3)
  })

  test('is never negative, and never longer than it may be', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: LIGHT, max: SEVERE }), { maxLength: 60 }), (classes) => {
        expect(after(...classes)).toBeGreaterThanOrEqual(0)
        expect(after(...classes)).toBeLessThanOrEqual(SPEC.most)
      }),
    )
  })
})

/** A workload with pages in the pool that it reads and writes, and one of a few pages that stay in DRAM. */
function bench(throttle: typeof SPEC | undefined, devLoadAt: Readonly<Record<number, number>>): Bench {
  const made = new Bench({ throttle })
  made.post(0, NEIGHBOUR, 'profile', profileOf(10, [{ share: 1, reads: 5000, writes: 0, miss: 1 }]))
  made.post(0, WORKLOAD, 'profile', profileOf(4400, [{ share: 1, reads: 100, writes: 100, miss: 1 }], { threads: 2 }))
  for (const [quantum, devLoad] of Object.entries(devLoadAt)) {
    const load = { rawReadNs: 200, compressedReadNs: 500, zeroReadNs: 200, writeNs: 200, utilisation: 0.5 }
    made.post(Number(quantum), DEVICE, 'load', { ...load, devLoad })
  }
  return made.run(900)
}

const workNs = (made: Bench, workload: number): number =>
  made.out.of('progress').findLast(({ to }) => to === workload)!.body.workNs
const linesAfter = (made: Bench, from: number): number =>
  made.out
    .of('traffic')
    .filter(({ quantum }) => quantum > from)
    .reduce((sum, { body }) => sum + body.pages.length, 0)

describe('a host that heeds its devices', () => {
  const quiet = { 500: OPTIMAL }
  const loaded = { 500: SEVERE }

  test('issues fewer accesses to a loaded one, and says how long they waited', () => {
    const heeding = bench(SPEC, loaded)
    const deaf = bench(undefined, loaded)
    expect(linesAfter(heeding, 600)).toBeLessThan(linesAfter(deaf, 600))
    expect(workNs(heeding, WORKLOAD)).toBeLessThan(workNs(deaf, WORKLOAD))
    expect(heeding.seen['throttledSeconds']).toBeGreaterThan(0)
    expect(deaf.seen['throttledSeconds']).toBe(0)
    // Threads share the wait.
    const lostSeconds = (workNs(deaf, WORKLOAD) - workNs(heeding, WORKLOAD)) / 1e9
    expect(lostSeconds / (heeding.seen['throttledSeconds']! / 2)).toBeGreaterThan(0.9)
  })

  test('does not slow who has nothing there', () => {
    expect(workNs(bench(SPEC, loaded), NEIGHBOUR)).toBe(workNs(bench(undefined, loaded), NEIGHBOUR))
  })

  test('is as any other while the load is optimal', () => {
    const heeding = bench(SPEC, quiet)
    expect(heeding.out.sent).toEqual(bench(undefined, quiet).out.sent)
    expect(heeding.seen['throttledSeconds']).toBe(0)
  })

  test('goes back to its pace when the load is light', () => {
    const relieved = bench(SPEC, { 500: SEVERE, 540: LIGHT })
    expect(relieved.seen['throttledSeconds']).toBeGreaterThan(0)
    expect(relieved.seen['throttledSeconds']).toBe(
      bench(SPEC, { 500: SEVERE, 540: LIGHT, 890: OPTIMAL }).seen['throttledSeconds'],
    )
    expect(workNs(relieved, WORKLOAD)).toBeGreaterThan(workNs(bench(SPEC, loaded), WORKLOAD))
  })
})

test('a host that does not heed them has no state for it', () => {
  const [link] = bench(undefined, {}).host.snapshot()['links'] as Record<string, unknown>[]
  expect(link).not.toHaveProperty('throttle')
})
