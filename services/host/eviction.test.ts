import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ACCESSED, GENERATION_MASK } from '#shared/page/page-table.ts'
import { LOCAL, POOLED } from '#shared/page/transitions.ts'
import { Eviction } from './eviction.ts'
import { demoteNow, hostSpec, NODE, partsOf, profileOf, SECOND_DEVICE, WORKLOAD } from './host.fixture.ts'

const PAGES = 30
const IDLE = { share: 1, reads: 0, writes: 0, miss: 0 }
const BUSY = { share: 1, reads: 1000, writes: 0, miss: 0.5 }

/** Idle pages 0–9, busy ones 10–19, idle 20–29; accessed bits clear. */
function setting(generations = 4) {
  const parts = partsOf(hostSpec({ generations, devices: [NODE, { ...NODE, ordinal: SECOND_DEVICE, id: 'device-2' }] }))
  const { memory, history, tenancy } = parts
  tenancy.profile(WORKLOAD, profileOf(PAGES, [IDLE, BUSY, IDLE]), 0)
  const resident = tenancy.residents[0]!
  for (let page = 0; page < PAGES; page++) {
    memory.allocate(page, 0)
    memory.table.flags[page]! &= ~ACCESSED
  }
  const eviction = (lru: typeof memory.dram, state: number, device: number) =>
    new Eviction(memory, history, tenancy.residents, lru, state, device)
  return { ...parts, resident, dram: eviction(memory.dram, LOCAL, -1), node: eviction(memory.nodes[1]!, POOLED, 1) }
}

/** Swaps out victims until there is none. */
function drain(memory: ReturnType<typeof setting>['memory'], eviction: Eviction): number[] {
  const victims: number[] = []
  for (let page = eviction.next(); page >= 0; page = eviction.next()) {
    victims.push(page)
    memory.swapOut(page)
  }
  return victims
}

test.each([2, 3, 4])(
  'with %d generations the pages that were not touched between two walks go first, and busy ones stay',
  (generations) => {
    const { memory, resident, dram } = setting(generations)
    for (let walk = 0; walk < 3; walk++) {
      resident.work += 1000
      expect(dram.age()).toBe(PAGES)
    }
    const victims = drain(memory, dram)
    expect(victims.toSorted((x, y) => x - y)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])
    memory.check('eviction')
  },
)

test('a page that was touched since the walk is rescued into the youngest generation, its bit cleared', () => {
  const { memory, resident, dram } = setting()
  // Nobody works, so that all pages grow old alike.
  dram.age()
  dram.age()
  resident.work += 1000
  expect(drain(memory, dram)).toHaveLength(20)
  expect(dram.looked).toBe(PAGES)
  for (let page = 10; page < 20; page++) {
    expect(memory.table.state[page]).toBe(LOCAL)
    expect(memory.table.flags[page]! & GENERATION_MASK).toBe(memory.dram.youngestSlot)
    expect(memory.table.flags[page]! & ACCESSED).toBe(0)
  }
})

test('the walk of one node leaves the pages of all others alone', () => {
  const { memory, history, dram, node } = setting()
  for (let page = 0; page < 20; page++) demoteNow(memory, history, page, 0, page % 2)
  const before = memory.table.flags.slice()
  expect(node.age()).toBe(10)
  node.age()
  expect(drain(memory, node).toSorted((x, y) => x - y)).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19])
  for (let page = 0; page < PAGES; page++) if (page >= 20 || page % 2 === 0) expect(memory.table.flags[page]).toBe(before[page])
  expect(dram.age()).toBe(10)
  memory.check('eviction')
})

test('a refused page comes before the youngest again, but not first', () => {
  const { memory, dram } = setting()
  dram.age()
  dram.age()
  const victim = dram.next()
  memory.askDemotion(victim, 0)
  memory.refuse(victim)
  expect(memory.table.flags[victim]! & GENERATION_MASK).toBe((memory.dram.oldest + 1) % 4)
  const others = drain(memory, dram)
  expect(others).toHaveLength(PAGES - 1)
  dram.age()
  expect(drain(memory, dram)).toEqual([victim])
})

test('the hand goes once round from where it is, over as many blocks as there are, and passes over what has left', () => {
  const pages = 4000
  fc.assert(
    fc.property(fc.nat(pages - 1), fc.integer({ min: 1, max: 400 }), fc.nat(30), (hand, stride, gone) => {
      const { memory, history, tenancy } = partsOf(hostSpec())
      tenancy.profile(WORKLOAD, profileOf(pages, [IDLE]), 0)
      const old: number[] = []
      for (let page = 0; page < pages; page++) {
        memory.allocate(page, 0)
        memory.table.flags[page]! &= ~ACCESSED
      }
      const dram = new Eviction(memory, history, tenancy.residents, memory.dram, LOCAL, -1)
      // Every page is two walks old, but for one in each stride.
      dram.age()
      for (let page = 0; page < pages; page++) if (page % stride !== 0) memory.rejuvenate(page, memory.dram)
      dram.age()
      for (let page = 0; page < pages; page += stride) old.push(page)
      memory.dram.hand = hand
      dram.begin()
      const expected = [...old.filter((page) => page >= hand), ...old.filter((page) => page < hand)]
      const victims: number[] = []
      while (expected.length > 0) {
        const victim = dram.next()
        victims.push(victim)
        expect(victim).toBe(expected.shift())
        memory.swapOut(victim)
        // Reclaim itself may send away another one before the hand has come to it.
        if (victims.length % 7 === 0 && expected.length > gone) memory.swapOut(expected.splice(gone, 1)[0]!)
      }
      memory.check('eviction')
    }),
    { numRuns: 30 },
  )
})

test('what has come to the node before the hand is found when reclaim begins anew', () => {
  const { memory, dram } = setting()
  dram.age()
  memory.swapOut(25)
  dram.age()
  expect(dram.next()).toBe(0)
  memory.swapIn(25, 0)
  memory.table.flags[25]! &= ~ACCESSED
  for (let walk = 0; walk < 3; walk++) dram.age()
  dram.begin()
  expect(drain(memory, dram)).toContain(25)
})
