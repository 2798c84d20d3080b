import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FREE, LOCAL, POISONED, POOLED, SWAPPED } from '#shared/page/transitions.ts'
import type { Access } from './access.ts'
import type { History } from './history.ts'
import type { HostMemory } from './memory.ts'
import type { Resident, Sweep } from './resident.ts'
import { Sweeper } from './sweep.ts'

const BASE = 3

/** Overwrites what is pooled, and nothing else; every third page that is hit is poisoned by it. */
function bear(states: readonly number[], given: Partial<Sweep>) {
  const state = Uint8Array.from([POOLED, POOLED, POOLED, ...states, POOLED])
  const hit: number[] = []
  const touchPooled = (_: Resident, page: number): void => {
    if (hit.push(page) % 3 === 0) state[page] = POISONED
  }
  const access = { faults: { meet: () => true }, fault: () => true, touchPooled, resize: () => {} } as unknown as Access
  const memory = { table: { state, size: new Uint16Array(state.length).fill(1) } } as unknown as HostMemory
  const sweep = {
    pooledOnly: true,
    writes: true,
    passes: 0,
    cursor: 0,
    carry: 0,
    passesDone: 0,
    content: { after: () => 1 },
    ...given,
  }
  const resident = { base: BASE, pages: states.length, work: 0 } as unknown as Resident
  const sweeper = new Sweeper(memory, { touch: () => {} } as unknown as History, access, 0 as never)
  return { state, hit, sweep: sweep as unknown as Sweep, tick: () => sweeper.tick(resident, sweep as unknown as Sweep, 1) }
}

describe('a bear', () => {
  test('hits the pooled pages of its range in order, round and round, one lap a tick at most', () => {
    const given = fc.record({
      states: fc.array(fc.constantFrom(FREE, LOCAL, SWAPPED, POISONED, POOLED), { minLength: 1, maxLength: 12 }),
      pagesPerTick: fc.integer({ min: 1, max: 15 }),
      passes: fc.nat(3),
      ticks: fc.integer({ min: 1, max: 6 }),
    })
    fc.assert(
      fc.property(given, ({ states, pagesPerTick, passes, ticks }) => {
        const { state, hit, sweep, tick } = bear(states, { pagesPerTick, passes })
        const expected = { state: Uint8Array.from(state), hit: [] as number[], cursor: 0, passesDone: 0 }
        for (let i = 0; i < ticks; i++) {
          tick()
          let due = pagesPerTick
          for (let looked = 0; due > 0 && looked < states.length; looked++) {
            if (passes > 0 && expected.passesDone >= passes) break
            const page = BASE + expected.cursor
            if (expected.state[page] === POOLED) {
              if (expected.hit.push(page) % 3 === 0) expected.state[page] = POISONED
              due--
            }
            expected.cursor = (expected.cursor + 1) % states.length
            if (expected.cursor === 0) expected.passesDone++
          }
        }
        expect({ state, hit, cursor: sweep.cursor, passesDone: sweep.passesDone }).toEqual(expected)
      }),
    )
  })

  test('does not look at each page of a range that it has poisoned', () => {
    const states = Array.from({ length: 1 << 20 }, () => POISONED)
    const { state, sweep, tick } = bear(states, { pagesPerTick: 100 })
    let pooled = 0
    const looking = fastest(() => {
      for (let page = 0; page < state.length; page++) if (state[page] === POOLED) pooled++
    })
    expect(pooled % 4).toBe(0)
    expect(fastest(tick)).toBeLessThan(looking)
    expect(sweep).toMatchObject({ cursor: 0, passesDone: RUNS })
  })
})

const RUNS = 30

/** Milliseconds; of several, so that another process is no matter. */
function fastest(work: () => void): number {
  let least = Infinity
  for (let i = 0; i < RUNS; i++) {
    const startMs = performance.now()
    work()
    least = Math.min(least, performance.now() - startMs)
  }
  return least
}
