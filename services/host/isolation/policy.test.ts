import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allNodes, Cgroups, DRAM, ROOT, SYSTEM, WORKLOADS } from './cgroups.ts'
import { boundTo, rebind } from './mempolicy.ts'
import { POLICIES, Rules, TRAITS } from './policy.ts'
import { deal, roomsOf } from './zonelist.ts'

const DEVICE = 0b010
const SECOND = 0b100
const ALL = allNodes(2)
const mask = fc.integer({ min: 1, max: ALL })
const open = [ALL, ALL, ALL]
const locked = [ALL, ALL, DRAM]

describe('the cgroup tree', () => {
  test('a child has no node that its parent lacks, and never none', () => {
    fc.assert(
      fc.property(mask, mask, mask, (...asked) => {
        const cgroups = new Cgroups(asked)
        for (const child of [SYSTEM, WORKLOADS]) {
          const effective = cgroups.effective(child)
          expect(effective & ~cgroups.effective(ROOT)).toBe(0)
          expect(effective).not.toBe(0)
        }
      }),
    )
  })

  test('a child gets back what it asked for when its parent has it again', () => {
    const cgroups = new Cgroups([ALL, ALL, DEVICE | DRAM])
    cgroups.write(ROOT, DRAM)
    expect(cgroups.effective(WORKLOADS)).toBe(DRAM)
    cgroups.write(ROOT, ALL)
    expect(cgroups.effective(WORKLOADS)).toBe(DEVICE | DRAM)
  })
})

describe('a bound task', () => {
  test('keeps its place among the nodes of its cgroup, not its memory', () => {
    expect(rebind({ nodes: DRAM, mems: DRAM | DEVICE }, DEVICE)).toEqual({ nodes: DEVICE, mems: DEVICE })
    expect(rebind({ nodes: DEVICE, mems: DRAM | DEVICE }, DEVICE | SECOND).nodes).toBe(SECOND)
    expect(rebind({ nodes: DRAM, mems: DRAM | DEVICE }, DRAM | SECOND).nodes).toBe(DRAM)
  })

  test('always has a node, and only nodes of its cgroup', () => {
    fc.assert(
      fc.property(mask, mask, mask, (nodes, before, after) => {
        const policy = rebind({ nodes, mems: before }, after)
        expect(policy.nodes & after).not.toBe(0)
        expect(policy.nodes & ~after).toBe(0)
        expect(boundTo({ nodes, mems: before }, after) & ~after).toBe(0)
      }),
    )
  })
})

describe('a zonelist', () => {
  const pages = fc.integer({ min: 0, max: 1000 })
  const triple = fc.array(pages, { minLength: 3, maxLength: 3 })
  const rooms = (free: number[], low: number[], min: number[]) => {
    const made = roomsOf(free.length)
    made.free.set(free)
    made.low.set(low)
    made.min.set(min)
    return made
  }

  test('a distant node with room is taken before the near one goes below its low watermark', () => {
    const into = new Float64Array(2)
    expect(deal(DRAM | DEVICE, 100, rooms([150, 80], [100, 30], [50, 20]), into)).toBe(100)
    expect([...into]).toEqual([50, 50])
    expect(deal(DRAM | DEVICE, 150, rooms([150, 80], [100, 30], [50, 20]), into)).toBe(150)
    expect([...into]).toEqual([100, 50])
  })

  test('of DRAM alone it gives what lies above the min watermark, as a host without devices does', () => {
    fc.assert(
      fc.property(pages, pages, pages, pages, (want, free, low, gap) => {
        const into = new Float64Array(1)
        deal(DRAM, want, rooms([free], [low], [Math.max(0, low - gap)]), into)
        expect(into[0]).toBe(Math.max(0, Math.min(want, free - Math.max(0, low - gap))))
      }),
    )
  })

  test('gives no page twice, none below the min watermark, and none on a node that is not allowed', () => {
    fc.assert(
      fc.property(mask, pages, triple, triple, triple, (allowed, want, free, low, min) => {
        const into = new Float64Array(3)
        const granted = deal(allowed, want, rooms(free, low, min), into)
        expect(into.reduce((a, b) => a + b)).toBe(granted)
        expect(granted).toBeLessThanOrEqual(want)
        into.forEach((taken, node) => {
          expect(taken).toBeGreaterThanOrEqual(0)
          if ((allowed & (1 << node)) === 0) expect(taken).toBe(0)
          if (taken > 0) expect(free[node]! - taken).toBeGreaterThanOrEqual(Math.min(low[node]!, min[node]!))
        })
      }),
    )
  })
})

describe('who may allocate on a device', () => {
  /** Root task, service, workload, kernel thread, interrupt. */
  const reach = (rules: Rules) =>
    [rules.task(ROOT), rules.task(SYSTEM), rules.task(WORKLOADS), rules.kernelThread(), rules.interrupt()].map(
      (nodes) => (nodes & ~DRAM) !== 0,
    )

  test.each([
    ['none', open, [true, true, true, true, true]],
    ['mempolicy', open, [true, true, false, true, true]],
    ['cpuset', locked, [true, true, false, true, true]],
    ['cpuset', [DRAM, ALL, ALL], [false, false, false, false, true]],
    ['zone-movable', open, [true, true, true, false, false]],
    ['zone-device', open, [false, false, false, false, false]],
    ['private-node', open, [false, false, false, false, false]],
    ['dedicated-driver', open, [false, false, false, false, false]],
  ] as const)('%s, with %j', (policy, mems, expected) => {
    expect(reach(new Rules(policy, 2, mems, true))).toEqual(expected)
  })

  test('DRAM is open to the kernel under every policy', () => {
    for (const policy of POLICIES) {
      const rules = new Rules(policy, 2, open, true)
      expect(rules.kernelThread() & rules.interrupt() & DRAM).toBe(DRAM)
    }
  })

  test('demotion follows the nodes of the page’s cgroup in later kernels, and no cpuset up to 6.15 or where the node is apart', () => {
    expect(new Rules('cpuset', 2, locked, true).demotion(WORKLOADS)).toBe(0)
    expect(new Rules('cpuset', 2, [DRAM, ALL, ALL], true).demotion(WORKLOADS)).toBe(0)
    expect(new Rules('cpuset', 2, [ALL, ALL, DRAM | SECOND], true).demotion(WORKLOADS)).toBe(SECOND)
    expect(new Rules('cpuset', 2, locked, false).demotion(WORKLOADS)).toBe(DEVICE | SECOND)
    for (const policy of POLICIES.filter((each) => !TRAITS[each].user)) {
      expect(new Rules(policy, 2, locked, true).demotion(WORKLOADS)).toBe(DEVICE | SECOND)
    }
  })

  test('a workload bound to DRAM is rebound onto the device when its cgroup loses DRAM, and comes back with it', () => {
    const rules = new Rules('mempolicy', 1, [0b11, 0b11, 0b11], true)
    expect(rules.task(WORKLOADS)).toBe(DRAM)
    rules.change(WORKLOADS, DEVICE)
    expect(rules.task(WORKLOADS)).toBe(DEVICE)
    const twin = new Rules('mempolicy', 1, [0b11, 0b11, 0b11], true)
    twin.restore(rules.snapshot())
    rules.change(WORKLOADS, DRAM | DEVICE)
    twin.change(WORKLOADS, DRAM | DEVICE)
    expect(rules.task(WORKLOADS)).toBe(DRAM)
    expect(twin.snapshot()).toEqual(rules.snapshot())
  })

  test('a task that starts where its cgroup lacks DRAM cannot bind to it: only its cgroup holds it', () => {
    const rules = new Rules('mempolicy', 2, [ALL, ALL, DEVICE | SECOND], true)
    expect(rules.task(WORKLOADS)).toBe(DEVICE | SECOND)
    expect(rules.bound(WORKLOADS)).toBe(false)
  })
})
