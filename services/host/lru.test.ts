import { describe, expect, test } from 'vitest'
import { Lru } from './lru.ts'

/** An LRU whose youngest generation holds `pages`. */
function filled(generations: number, pages: number): Lru {
  const lru = new Lru(generations)
  lru.counts[lru.youngestSlot] = pages
  return lru
}

describe.each([
  { generations: 2, walks: 1 },
  { generations: 3, walks: 2 },
  { generations: 4, walks: 2 },
])('with $generations generations', ({ generations, walks }) => {
  test(`untouched pages may be evicted after ${walks} aging walk(s), for the youngest ${walks} generation(s) are left alone`, () => {
    const lru = filled(generations, 10)
    for (let walk = 0; walk < walks; walk++) {
      expect(lru.evictable).toBe(false)
      lru.age()
    }
    expect(lru.evictable).toBe(true)
    expect(lru.counts[lru.oldestSlot]).toBe(10)
  })

  test('no page is lost and no more generations than the limit ever exist, however often it ages', () => {
    const lru = filled(generations, 10)
    for (let walk = 0; walk < 20; walk++) {
      const oldest = lru.oldestSlot
      const folded = lru.age()
      expect(lru.counts[lru.youngestSlot]).toBe(0)
      if (folded >= 0) expect(folded).toBe(oldest)
      lru.counts[lru.youngestSlot]! += 1
      expect(lru.pages).toBe(11 + walk)
      expect(lru.youngest - lru.oldest + 1).toBeLessThanOrEqual(generations)
    }
  })

  test('folding moves the oldest generation into the next, and says whose pages must be told', () => {
    const lru = filled(generations, 0)
    let walked = 0
    while (lru.youngest - lru.oldest + 1 < generations) {
      expect(lru.age()).toBe(-1)
      walked++
    }
    expect(walked).toBe(generations - 1 - Math.min(2, generations - 1))
    for (let sequence = lru.oldest; sequence <= lru.youngest; sequence++) lru.counts[sequence % 4] = sequence + 1
    const { oldest } = lru
    expect(lru.age()).toBe(oldest % 4)
    expect(lru.oldest).toBe(oldest + 1)
    expect(lru.counts[lru.oldestSlot]).toBe(oldest + 1 + oldest + 2)
  })
})

test('generations that have run empty are dropped, but not the ones to keep', () => {
  const lru = filled(4, 5)
  lru.age()
  lru.age()
  lru.counts.fill(0)
  expect(lru.evictable).toBe(false)
  expect(lru.youngest - lru.oldest).toBeGreaterThanOrEqual(1)
})
