import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BLOCK_BYTES, blocksOf, cut, hashBlock, isRamp, Ramps, writeRamp } from './blocks.ts'

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

describe('a ramp', () => {
  const of = (bytes: Uint8Array, block = 0): boolean => isRamp(cut(bytes), block)

  test('is a block that one word fills, or whose words go up or down by one step, over the end of 32 bits too', () => {
    expect(of(new Uint8Array(BLOCK_BYTES))).toBe(true)
    expect(of(new Uint8Array(BLOCK_BYTES).fill(2))).toBe(true)
    const bytes = new Uint8Array(2 * BLOCK_BYTES)
    bytes[2 * BLOCK_BYTES - 1] = 1
    expect([of(bytes, 0), of(bytes, 1)]).toEqual([true, false])
    // Not a whole number of words, or no step.
    expect([of(new Uint8Array(BLOCK_BYTES + 6), 1), of(new Uint8Array(BLOCK_BYTES + 4), 1)]).toEqual([false, false])
    expect(of(new Uint8Array(BLOCK_BYTES + 8), 1)).toBe(true)
  })

  test('is written again from its first word and its step', () => {
    const word = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 ** 32 - 1 }))
    fc.assert(
      fc.property(word, word, fc.integer({ min: 2, max: 1500 }), (first, step, length) => {
        const values = Uint32Array.from({ length }, (_, i) => Number((BigInt(first) + BigInt(i) * BigInt(step)) & 0xffff_ffffn))
        const ramps = new Ramps()
        const back = cut(new Uint32Array(length))
        for (let block = 0; block < blocksOf(back); block++) {
          if (length - block * 1024 < 2) continue
          expect(isRamp(cut(values), block)).toBe(true)
          const pair = 2 * ramps.numberOf(cut(values), block)
          writeRamp(back, block, ramps.pairs[pair]!, ramps.pairs[pair + 1]!)
        }
        const whole = length % 1024 === 1 ? length - 1 : length
        expect(back.words.subarray(0, whole)).toEqual(values.subarray(0, whole))
      }),
    )
  })

  test('has one number for all that are the same', () => {
    const ramps = new Ramps()
    const blocks = [new Uint32Array(4), Uint32Array.of(1, 2, 3), new Uint32Array(9), Uint32Array.of(1, 1), Uint32Array.of(1, 2)]
    expect(blocks.map((words) => ramps.numberOf(cut(words), 0))).toEqual([0, 1, 0, 2, 1])
    expect(ramps.pairs).toEqual([0, 0, 1, 1, 1, 0])
  })
})
