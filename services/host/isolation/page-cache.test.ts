import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hostSpec, OPEN } from '../host.fixture.ts'
import { HostMemory } from '../memory.ts'
import { DRAM_NODE, nodeOf } from './cgroups.ts'
import { leakOrigin } from './origins.ts'
import { PageCache } from './page-cache.ts'

const PAGES = 6
const ORIGIN = leakOrigin('pageCache', 'systemService')

function cacheOf() {
  const memory = new HostMemory(hostSpec({ isolation: { ...OPEN, pageCache: { ...OPEN.pageCache!, bytes: PAGES * 4096 } } }))
  const released: number[] = []
  const cache = new PageCache(memory, 0, PAGES, (_, page) => released.push(page))
  const add = (node: number): number => {
    const page = cache.add(node)
    if (node === DRAM_NODE) memory.take(page)
    else memory.land(page, node - 1, 100, 0, ORIGIN)
    return page
  }
  return { memory, cache, released, add }
}

test('reclaim drops the page that was cached first, of the node that is short, and tells its device', () => {
  const { memory, cache, released, add } = cacheOf()
  const device = nodeOf(0)
  const added = [DRAM_NODE, device, DRAM_NODE, device].map(add)
  expect(memory.free).toBe(4096 - 2)
  expect(cache.drop(device)).toBe(true)
  expect(released).toEqual([added[1]])
  expect(cache.drop(DRAM_NODE)).toBe(true)
  expect([memory.free, cache.cached(DRAM_NODE), cache.cached(device), cache.absent]).toEqual([4096 - 1, 1, 1, PAGES - 2])
  cache.drop(DRAM_NODE)
  expect(cache.drop(DRAM_NODE)).toBe(false)
})

test('whatever is cached and dropped: a page is in one place, the counts are right, and a snapshot goes on alike', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 1 })), { maxLength: 40 }), (moves) => {
      const { memory, cache, add } = cacheOf()
      const held = [new Set<number>(), new Set<number>()]
      for (const [adds, node] of moves) {
        if (adds && cache.absent > 0) {
          const page = add(node)
          expect(held.some((pages) => pages.has(page))).toBe(false)
          held[node]!.add(page)
        } else if (!adds && cache.drop(node)) {
          const oldest = held[node]!.values().next().value!
          held[node]!.delete(oldest)
        }
        memory.check('host')
        expect([cache.cached(0), cache.cached(1)]).toEqual(held.map((pages) => pages.size))
        expect(cache.absent).toBe(PAGES - held[0]!.size - held[1]!.size)
      }
      const twin = cacheOf()
      twin.memory.restore(structuredClone(memory.snapshot()))
      twin.cache.restore(structuredClone(cache.snapshot()))
      for (const node of [0, 1]) while (cache.drop(node)) expect(twin.cache.drop(node)).toBe(true)
      expect(twin.cache.snapshot()).toEqual(cache.snapshot())
      expect(memory.free).toBe(4096)
    }),
  )
})
