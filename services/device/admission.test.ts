import { describe, expect, test } from 'vitest'
import { REFUSAL_REASONS } from '#shared/messages.ts'
import { NS_PER_S } from '#shared/time.ts'
import { decide } from './admission.ts'
import { Pool } from './pool.ts'

const OPEN = { offline: [], rejectAboveBytes: Infinity }

function pool(pages: number): Pool {
  return new Pool({ physicalBytes: pages * (4096 + 64), advertisedBytes: 1000 * 4096, chunkBytes: 512, metadataBytes: 64 }, 1)
}

function batch(sizes: readonly number[]) {
  return { pages: Uint32Array.from(sizes.keys()), sizes: Uint16Array.from(sizes) }
}

function reasons(decision: { reasons: Uint8Array }): string[] {
  return [...decision.reasons].map((reason) => REFUSAL_REASONS[reason]!)
}

describe('admission', () => {
  test('admits while a raw page fits beside the reservations in flight, then says full', () => {
    const decision = decide(batch([100, 100, 100]), 0, 0, 0, pool(2), OPEN)
    expect([...decision.admitted]).toEqual([0, 1])
    expect([...decision.refused]).toEqual([2])
    expect(reasons(decision)).toEqual(['full'])
  })

  test('does not look at compressed sizes', () => {
    const zeros = decide(batch([0, 0, 0]), 0, 0, 0, pool(1), OPEN)
    const raw = decide(batch([4096, 4096, 4096]), 0, 0, 0, pool(1), OPEN)
    expect(zeros).toEqual(raw)
  })

  test('refuses everything under pressure, and everything while offline, whatever else holds', () => {
    const offline = { offline: [{ fromNs: NS_PER_S, toNs: 2 * NS_PER_S }], rejectAboveBytes: 10 }
    expect(reasons(decide(batch([4096, 4096]), 0, 0, 1000, pool(0), OPEN))).toEqual(['pressure', 'pressure'])
    expect(reasons(decide(batch([4096]), 0, NS_PER_S, 1000, pool(0), offline))).toEqual(['offline'])
    expect(reasons(decide(batch([5]), 0, NS_PER_S - 1, 0, pool(1), offline))).toEqual([])
    expect(reasons(decide(batch([5]), 0, 2 * NS_PER_S, 0, pool(1), offline))).toEqual([])
  })

  test('refuses what compresses badly only where that option is on, and says full before incompressible', () => {
    const picky = { offline: [], rejectAboveBytes: 2990 }
    const decision = decide(batch([2990, 2991, 4096, 100]), 0, 0, 0, pool(2), picky)
    expect([...decision.admitted]).toEqual([0, 3])
    expect(reasons(decision)).toEqual(['incompressible', 'incompressible'])
    expect(reasons(decide(batch([4096]), 0, 0, 0, pool(0), picky))).toEqual(['full'])
    expect(reasons(decide(batch([4096]), 0, 0, 0, pool(1), OPEN))).toEqual([])
  })
})
