import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SWAP_BACKLOG_NS_MAX } from './costs.ts'
import { SwapDevice } from './swap.ts'

/** 4096 ns a page. */
const SPEC = { bytes: 2 ** 30, bytesPerSecond: 1e9, latencyNs: 80_000 }

test('a write gives its frame back after transfer and latency, and not before', () => {
  const swap = new SwapDevice(SPEC)
  swap.write(1000, true)
  expect(swap.nextDueNs).toBeCloseTo(1000 + 4096 + 80_000, 6)
  expect(swap.complete(85_000)).toBe(0)
  expect(swap.complete(85_100)).toBe(1)
  expect(swap.complete(1e9)).toBe(0)
  expect(swap.nextDueNs).toBe(Infinity)
})

test('writes queue up: a thousand pages take as long as the bandwidth says, to within a millisecond', () => {
  const swap = new SwapDevice(SPEC)
  for (let i = 0; i < 1000; i++) swap.write(0, true)
  expect(swap.complete(2.048e6)).toBeLessThanOrEqual(500 + 1e6 / 4096)
  expect(swap.complete(2.048e6 + 1.08e6)).toBeGreaterThan(0)
  expect(swap.complete(4.096e6 + 80_000)).toBeGreaterThan(0)
  expect(swap.nextDueNs).toBe(Infinity)
})

test('a write that holds no frame fills the queue all the same, and returns none', () => {
  const swap = new SwapDevice(SPEC)
  for (let i = 0; i < 1000; i++) swap.write(0, false)
  expect(swap.complete(1e9)).toBe(0)
  swap.write(0, true)
  expect(swap.nextDueNs).toBeCloseTo(1001 * 4096 + 80_000, 3)
})

test('reclaim is held up while more than 20 ms of writes are queued, and goes on when they are not', () => {
  const swap = new SwapDevice(SPEC)
  let pages = 0
  while (!swap.congested(0)) {
    swap.write(0, true)
    pages++
  }
  expect(pages).toBe(Math.floor(SWAP_BACKLOG_NS_MAX / 4096) + 1)
  expect(swap.congested(0)).toBe(true)
  expect(swap.congested(4096)).toBe(false)
})

test('a read takes transfer and latency, and waits for those before it', () => {
  const swap = new SwapDevice(SPEC)
  expect(swap.read(0, 8)).toBeCloseTo(84_096, 6)
  expect(swap.read(0, 8)).toBeCloseTo(88_192, 6)
  expect(swap.read(1e9, 8)).toBeCloseTo(84_096, 6)
})

test('a single reader never waits for itself, and many wait for one page of each other at most', () => {
  const alone = new SwapDevice(SPEC)
  for (let i = 0; i < 50; i++) expect(alone.read(0, 1)).toBeCloseTo(84_096, 6)
  const shared = new SwapDevice(SPEC)
  const waits = Array.from({ length: 50 }, () => shared.read(0, 8))
  expect(Math.max(...waits)).toBeCloseTo(80_000 + 8 * 4096, 6)
})

test('without a swap device nothing is ever ready, and a snapshot continues as the original', () => {
  expect(new SwapDevice({ ...SPEC, bytes: 0 }).nextDueNs).toBe(Infinity)
  const swap = new SwapDevice(SPEC)
  for (let i = 0; i < 600; i++) swap.write(i * 3000, i % 3 > 0)
  swap.read(0, 4)
  const copy = new SwapDevice(SPEC)
  copy.restore(structuredClone(swap.snapshot()))
  const future = (each: SwapDevice) => [
    each.complete(2e6),
    each.read(2e6, 4),
    each.nextDueNs,
    each.congested(2e6),
    each.complete(1e9),
  ]
  const expected = future(swap)
  expect(future(copy)).toEqual(expected)
})

test('every frame comes back once, and never more than a millisecond before its write can be done', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ afterNs: fc.nat({ max: 300_000 }), pages: fc.integer({ min: 1, max: 80 }) }), { minLength: 1 }),
      (bursts) => {
        const swap = new SwapDevice(SPEC)
        let now = 0
        let busyUntil = 0
        let written = 0
        let back = 0
        const due: number[] = []
        for (const { afterNs, pages } of bursts) {
          now += afterNs
          back += swap.complete(now)
          expect(back).toBeLessThanOrEqual(due.filter((time) => time - 1e6 <= now).length)
          expect(back).toBeGreaterThanOrEqual(due.filter((time) => time <= now).length)
          for (let i = 0; i < pages; i++) {
            swap.write(now, true)
            busyUntil = Math.max(busyUntil, now) + 4096
            due.push(busyUntil + 80_000)
          }
          written += pages
        }
        expect(back + swap.complete(Infinity)).toBe(written)
      },
    ),
  )
})
