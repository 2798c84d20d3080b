/** Random lives of pages against a plain model: every page in one state, one class, one generation, one frame or slot. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PAGE_STATES, type PageState } from '#shared/page/lifecycle.ts'
import { GENERATION_MASK } from '#shared/page/page-table.ts'
import { LOCAL, POOLED } from '#shared/page/transitions.ts'
import { Eviction } from './eviction.ts'
import { hostSpec, NODE, partsOf, profileOf, SECOND_DEVICE, WORKLOAD } from './host.fixture.ts'

const PAGES = 40
const RATES = { share: 1, reads: 5, writes: 0, miss: 0.5 }

/** From each state what may be done, and where it leads. */
const MOVES: Readonly<Record<PageState, Readonly<Record<string, PageState>>>> = {
  free: { allocate: 'local' },
  local: { ask: 'demoting', swapOut: 'swapped', release: 'gone' as PageState },
  demoting: { admit: 'pooled', refuse: 'local', release: 'gone' as PageState },
  pooled: { startPromotion: 'promoting', swapOut: 'swapped', poison: 'poisoned', release: 'gone' as PageState },
  promoting: { arrive: 'local', decline: 'pooled', poison: 'poisoned', release: 'gone' as PageState },
  swapped: { swapIn: 'local', release: 'gone' as PageState },
  poisoned: { release: 'gone' as PageState },
}

const step = fc.record({
  page: fc.nat({ max: PAGES - 1 }),
  choice: fc.nat({ max: 11 }),
  device: fc.nat({ max: 1 }),
  age: fc.nat({ max: 9 }),
})

test.each([2, 3, 4])('every conservation law holds after every legal move, with %d generations', (generations) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 200 }), (steps) => {
      const spec = hostSpec({ generations, devices: [NODE, { ...NODE, ordinal: SECOND_DEVICE, id: 'device-2' }] })
      const { memory, history, tenancy } = partsOf(spec)
      tenancy.profile(WORKLOAD, profileOf(PAGES, [RATES, RATES]), 0)
      const resident = tenancy.residents[0]!
      const { table } = memory
      const nodes = [
        new Eviction(memory, history, tenancy.residents, memory.dram, LOCAL, -1),
        ...memory.nodes.map((lru, device) => new Eviction(memory, history, tenancy.residents, lru, POOLED, device)),
      ]
      const states: string[] = Array.from({ length: PAGES }, () => 'free')
      const devices = new Int8Array(PAGES).fill(-1)
      const move = (page: number, name: string, device: number): void => {
        if (name === 'allocate') memory.allocate(page, resident.work)
        else if (name === 'ask') memory.askDemotion(page, (devices[page] = device))
        else if (name === 'swapIn') memory.swapIn(page, resident.work)
        else if (name === 'release') {
          const holds = ['pooled', 'promoting', 'poisoned'].includes(states[page]!)
          expect(memory.release(page)).toBe(holds ? devices[page] : -1)
        } else if (name === 'swapOut' && states[page] === 'local') {
          memory.swapOut(page)
          expect(memory.writeback).toBe(1)
          memory.writeback = 0
        } else memory[name as 'admit' | 'refuse' | 'startPromotion' | 'arrive' | 'decline' | 'poison' | 'swapOut'](page)
      }
      for (const { page, choice, device, age } of steps) {
        const moves = Object.entries(MOVES[states[page] as PageState] ?? {})
        if (moves.length > 0) {
          const [name, after] = moves[choice % moves.length]!
          move(page, name, device)
          states[page] = after
        }
        if (age < nodes.length) {
          resident.work += 5000
          nodes[age]!.age()
          const victim = nodes[age]!.next()
          if (victim >= 0) expect(table.flags[victim]! & GENERATION_MASK).toBe(nodes[age]!.lru.oldestSlot)
        }
        memory.check('property')
        const counted = (...names: string[]) => states.filter((state) => names.includes(state)).length
        PAGE_STATES.forEach((state, i) => expect(table.counts[i]).toBe(counted(state, ...(state === 'free' ? ['gone'] : []))))
        expect(memory.free).toBe(memory.frames - counted('local', 'demoting', 'promoting'))
        expect(memory.swapFree).toBe(memory.swapSlots - counted('swapped'))
        for (const at of [0, 1]) {
          expect(memory.slots[at]).toBe(
            states.filter((state, p) => ['pooled', 'promoting', 'poisoned'].includes(state) && devices[p] === at).length,
          )
        }
        for (const { lru } of nodes) {
          const held = [0, 0, 0, 0]
          for (let p = 0; p < PAGES; p++) {
            const here = lru === memory.dram ? states[p] === 'local' : states[p] === 'pooled' && memory.nodes[devices[p]!] === lru
            if (here) held[table.flags[p]! & GENERATION_MASK]!++
          }
          expect([...lru.counts]).toEqual(held)
          expect(lru.youngest - lru.oldest).toBeLessThan(generations)
        }
        for (const c of memory.classes) {
          const members = [...c.pooledMembers.take()]
          expect(new Set(members).size).toBe(members.length)
          const pooled = states.map((state, p) =>
            ['pooled', 'poisoned'].includes(state) && memory.classes[table.klass[p]!] === c ? p : -1,
          )
          expect(members).toEqual(expect.arrayContaining(pooled.filter((p) => p >= 0)))
        }
      }
      const copy = partsOf(spec)
      copy.tenancy.profile(WORKLOAD, profileOf(PAGES, [RATES, RATES]), 0)
      copy.memory.restore(structuredClone(memory.snapshot()))
      expect(copy.memory.snapshot()).toEqual(memory.snapshot())
    }),
    { seed: 3, numRuns: 30 },
  )
})
