import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BLOCK_BYTES, cut, fillOf, hashBlock } from './blocks.ts'

function hashOf(bytes: Uint8Array, block = 0): string {
  const out = new Uint32Array(2 * (block + 1))
  hashBlock(cut(bytes), block, out)
  return out.subarray(2 * block).join(' ')
}

describe('the hash of a block', () => {
  test('differs when one word does', () => {
    const block = fc.uint8Array({ minLength: 1, maxLength: BLOCK_BYTES })
    fc.assert(
      fc.property(block, fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, at, by) => {
        const other = bytes.slice()
        other[at % bytes.length]! ^= by
        expect(hashOf(other)).not.toBe(hashOf(bytes))
      }),
    )
  })

  test('has no two alike among many that differ by little, in neither of its words', () => {
    const bytes = new Uint8Array(BLOCK_BYTES)
    const seen: Set<number>[] = [new Set(), new Set()]
    const out = new Uint32Array(2)
    let blocks = 0
    for (let i = 0; i < BLOCK_BYTES; i += 61) {
      for (let j = 0; j < BLOCK_BYTES; j += 67) {
        // Two words changed, often of one lane.
        bytes[i]!++
        bytes[j]! += 3
        hashBlock(cut(bytes), 0, out)
        seen[0]!.add(out[0]!)
        seen[1]!.add(out[1]!)
        blocks++
        bytes[i]!--
        bytes[j]! -= 3
      }
    }
    // A hash of 32 bits has 0.002 pairs alike among 4,000.
    expect(seen[0]!.size).toBeGreaterThan(blocks - 3)
    expect(seen[1]!.size).toBeGreaterThan(blocks - 3)
  })

  test('is of its own block and of its length', () => {
    const bytes = new Uint8Array(2 * BLOCK_BYTES + 7).map((_, i) => i * 31)
    for (const block of [0, 1, 2])
      expect(hashOf(bytes, block)).toBe(hashOf(bytes.slice(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES)))
    expect(hashOf(bytes.subarray(0, BLOCK_BYTES - 1))).not.toBe(hashOf(bytes.subarray(0, BLOCK_BYTES)))
    expect(new Set([0, 1, 2, 3, 4, 5, 8].map((length) => hashOf(new Uint8Array(length)))).size).toBe(7)
  })
})

test('a word fills a block when it is all that is in there', () => {
  const of = (bytes: Uint8Array, block = 0): number | undefined => fillOf(cut(bytes), block)
  expect(of(new Uint8Array(BLOCK_BYTES))).toBe(0)
  expect(of(new Uint8Array(BLOCK_BYTES).fill(2))).toBe(0x02020202)
  const bytes = new Uint8Array(2 * BLOCK_BYTES)
  bytes[2 * BLOCK_BYTES - 1] = 1
  expect([of(bytes, 0), of(bytes, 1)]).toEqual([0, undefined])
  // Not a whole number of words.
  expect(of(new Uint8Array(BLOCK_BYTES + 2), 1)).toBeUndefined()
  expect(of(new Uint8Array(BLOCK_BYTES + 8), 1)).toBe(0)
})
