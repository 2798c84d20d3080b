/** The budget of writable pages: its books, its agreement with a reference that enumerates every store, and its polls. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HINTED, PAGE_BYTES } from '#shared/page/page-table.ts'
import { LOCAL, POOLED } from '#shared/page/transitions.ts'
import { fork, Stream } from '#shared/random.ts'
import { Recorder } from '#shared/recorder.fixture.ts'
import { HintScan } from './hint-scan.ts'
import { Bench, demoteNow, DEVICE, hostSpec, NODE, partsOf, profileOf, SECOND_DEVICE, WORKLOAD } from './host.fixture.ts'
import { chiSquare, count, type Counts } from './statistics.fixture.ts'
import { WriteBudget } from './write-budget.ts'

const ACCESS = { policy: 'write-budget', pollNs: 1e8, share: 0.5 } as const
const PAGES = 50

describe('the books', () => {
  const event = fc.record({
    what: fc.constantFrom('take', 'take', 'take', 'leave', 'refill'),
    page: fc.nat({ max: PAGES - 1 }),
    pages: fc.nat({ max: 40 }),
  })

  test('never have more tokens out than the last answer of each device allows, and count each page once', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 20, maxLength: 300 }), (events) => {
        const budget = new WriteBudget(ACCESS, 2)
        const open = [new Set<number>(), new Set<number>()]
        const limit = [0, 0]
        for (const { what, page, pages } of events) {
          const device = page % 2
          if (what === 'take' && !budget.writable(page)) {
            const granted = budget.take(device)
            expect(granted).toBe(open[device]!.size < limit[device]!)
            if (granted) {
              budget.open(page, device)
              open[device]!.add(page)
            }
          }
          if (what === 'leave') {
            budget.leave(page)
            open[device]!.delete(page)
          }
          if (what === 'refill') {
            limit[device] = Math.floor(pages / 2)
            budget.refill(device, pages * PAGE_BYTES, (closed) => {
              budget.close(closed)
              expect(open[device]!.delete(closed)).toBe(true)
            })
          }
          for (const each of [0, 1]) expect(open[each]!.size).toBeLessThanOrEqual(limit[each]!)
          expect(budget.observe()).toMatchObject({
            'tokens.out': open[0]!.size + open[1]!.size,
            'tokens.budget': limit[0]! + limit[1]!,
          })
          for (let p = 0; p < PAGES; p++) expect(budget.writable(p)).toBe(open[p % 2]!.has(p))
        }
        const copy = new WriteBudget(ACCESS, 2)
        copy.restore(structuredClone(budget.snapshot()))
        expect(copy.snapshot()).toEqual(budget.snapshot())
      }),
      { seed: 11, numRuns: 100 },
    )
  })
})

describe('against the reference that enumerates every store', () => {
  const RATES = { share: 1, reads: 6, writes: 2, miss: 0.4 }
  const POOL = 3000
  const TOKENS = 700
  /** Half the tokens are taken back here. */
  const CUT = 20
  const END = 40
  const SEEDS = [1, 2, 3, 4, 5, 6]

  interface Seen {
    /** By page: what it is at the cut and at the end, and how many lines it wrote on the device before and after the cut. */
    readonly pages: readonly string[]
    readonly faults: number
  }

  function enumerate(seed: number, speed = 1): Seen {
    const stream = new Stream(fork(seed, 'reference'))
    const touches: { at: number; page: number; write: boolean; miss: boolean }[] = []
    for (let page = 0; page < POOL; page++) {
      for (let at = 0; ;) {
        at += -Math.log(stream.unit()) / ((speed * (RATES.reads + RATES.writes)) / 100)
        if (at > END) break
        touches.push({ at, page, write: stream.unit() < RATES.writes / 8, miss: stream.unit() < RATES.miss })
      }
    }
    touches.sort((x, y) => x.at - y.at)
    const state = Array.from({ length: POOL }, () => 'read-only')
    const writes = Array.from({ length: POOL }, () => [0, 0])
    const atCut: string[] = []
    let budget = TOKENS
    let out = 0
    let faults = 0
    for (const { at, page, write, miss } of touches) {
      if (at > CUT && atCut.length === 0) {
        atCut.push(...state)
        budget = TOKENS / 2
        const writable = state.flatMap((each, p) => (each === 'writable' ? [p] : []))
        for (; out > budget; out--) state[writable.splice(stream.below(writable.length), 1)[0]!] = 'read-only'
      }
      if (write && state[page] === 'read-only') {
        faults++
        state[page] = out < budget ? 'writable' : 'home'
        if (out < budget) out++
      }
      if (write && miss && state[page] === 'writable') writes[page]![at > CUT ? 1 : 0]!++
    }
    return { pages: state.map((end, p) => `${atCut[p]} ${end} ${writes[p]!.join()}`), faults }
  }

  function reveal(seed: number): Seen {
    const { memory, history, access, tenancy, links, tally } = partsOf(hostSpec({ seed, access: ACCESS, memoryBytes: 2 ** 27 }))
    const budget = memory.mapping as WriteBudget
    tenancy.profile(WORKLOAD, profileOf(POOL, [RATES]), 0)
    const resident = tenancy.residents[0]!
    for (let page = 0; page < POOL; page++) {
      memory.allocate(page, 0)
      demoteNow(memory, history, page, 0)
    }
    const refill = (tokens: number) =>
      budget.refill(0, tokens * 2 * PAGE_BYTES, (page) => void access.faults.protect(page, resident, budget))
    const stateOf = (page: number) =>
      memory.table.state[page] === LOCAL ? 'home' : budget.writable(page) ? 'writable' : 'read-only'
    refill(TOKENS)
    const writes = Array.from({ length: POOL }, () => [0, 0])
    let atCut: string[] = []
    for (let tick = 1; tick <= END; tick++) {
      resident.work += 1000
      access.tick(resident, 1000, tick * 1e7)
      expect(budget.observe()['tokens.out']).toBeLessThanOrEqual(budget.observe()['tokens.budget']!)
      const out = new Recorder('host-1')
      links[0]!.reportTraffic(out, 1)
      for (const { body } of out.of('traffic')) {
        body.pages.forEach((page, i) => {
          writes[page]![tick > CUT ? 1 : 0]! += body.writes[i]!
        })
      }
      if (tick !== CUT) continue
      atCut = writes.map((_, page) => stateOf(page))
      refill(TOKENS / 2)
    }
    return { pages: writes.map((each, page) => `${atCut[page]} ${stateOf(page)} ${each.join()}`), faults: tally.writeFaults }
  }

  test('what becomes of a page, and what it writes where it lies, has one distribution', () => {
    const lazy = SEEDS.map((seed) => reveal(seed))
    const reference = SEEDS.map((seed) => enumerate(seed))
    const tally = (seen: readonly Seen[]): Counts => {
      const counts: Counts = new Map()
      for (const { pages } of seen) for (const cell of pages) count(counts, cell)
      return counts
    }
    SEEDS.forEach((_, i) => expect(chiSquare(tally([lazy[i]!]), tally([reference[i]!]))).toBeGreaterThan(0.001 / SEEDS.length))
    expect(chiSquare(tally(lazy), tally(reference))).toBeGreaterThan(0.001)
    expect(chiSquare(tally(lazy), tally(SEEDS.map((seed) => enumerate(seed, 1.08))))).toBeLessThan(0.001)
    // Faults: every page that was ever stored to, and once more what was protected and stored to again.
    const faults = (seen: readonly Seen[]) => seen.reduce((sum, each) => sum + each.faults, 0)
    expect(Math.abs(faults(lazy) - faults(reference))).toBeLessThan(5 * Math.sqrt(2 * SEEDS.length * POOL * 0.25))
  })
})

describe('a host with a budget', () => {
  const SPEC = { access: ACCESS, devices: [NODE, { ...NODE, ordinal: SECOND_DEVICE, id: 'device-2' }] }

  function pooled(): Bench {
    const bench = new Bench(SPEC)
    bench.remainingBytes = 200 * PAGE_BYTES
    bench.post(0, WORKLOAD, 'profile', profileOf(4096 + 500))
    bench.run(900)
    return bench
  }

  test('asks every device once a period, and no other host asks at all', () => {
    const bench = pooled()
    const polls = bench.out.of('poll')
    expect(polls.filter(({ to }) => to === DEVICE).map(({ quantum }) => quantum)).toEqual([
      10, 100, 200, 300, 400, 500, 600, 700, 800, 900,
    ])
    expect(polls.filter(({ to }) => to === SECOND_DEVICE)).toHaveLength(10)
    expect(new Bench().run(300).out.of('poll')).toEqual([])
  })

  test('writes in place while there are tokens, then brings home; a smaller answer protects what is too much', () => {
    const bench = pooled()
    expect(bench.seen['tokens.budget']).toBe(200)
    bench.post(901, WORKLOAD, 'profile', profileOf(4096 + 500, [{ share: 1, reads: 0, writes: 100, miss: 1 }]))
    bench.run(940)
    expect(bench.seen['tokens.out']).toBe(200)
    expect(bench.seen['tokens.taken']).toBeGreaterThanOrEqual(200)
    expect(bench.seen['writeFaults']).toBeGreaterThan(bench.seen['tokens.taken']!)
    bench.remainingBytes = 50 * PAGE_BYTES
    bench.run(1010)
    expect(bench.seen['tokens.budget']).toBe(50)
    expect(bench.seen['tokens.out']).toBeLessThanOrEqual(50)
    expect(bench.seen['tokens.revoked']).toBeGreaterThan(0)
  })

  test('has no tokens while the device has no room: every write brings its page home', () => {
    const bench = new Bench(SPEC)
    bench.remainingBytes = 0
    bench.post(0, WORKLOAD, 'profile', profileOf(4596))
    bench.post(700, WORKLOAD, 'profile', profileOf(4596, [{ share: 1, reads: 0, writes: 1, miss: 1 }]))
    bench.run(800)
    expect(bench.seen['tokens.taken']).toBe(0)
    expect(bench.seen['writeFaults']).toBeGreaterThan(10)
    bench.remainingBytes = 2 ** 20
    expect(bench.run(1000).seen['tokens.taken']).toBeGreaterThan(10)
  })
})

test('a page marked for a hint fault keeps its mark when it is protected, and its first touch is drawn anew, of reads alone', () => {
  const { memory, history, access, tenancy } = partsOf(hostSpec({ access: ACCESS, memoryBytes: 2 ** 27 }))
  const budget = memory.mapping as WriteBudget
  const pages = 2000
  tenancy.profile(WORKLOAD, profileOf(pages, [{ share: 1, reads: 0, writes: 50, miss: 0 }]), 0)
  const resident = tenancy.residents[0]!
  for (let page = 0; page < pages; page++) {
    memory.allocate(page, 0)
    demoteNow(memory, history, page, 0)
  }
  budget.refill(0, pages * 2 * PAGE_BYTES, () => {})
  resident.work += 100_000
  access.tick(resident, 100_000, 1e9)
  expect(budget.observe()['tokens.out']).toBe(pages)
  new HintScan(pages * PAGE_BYTES, 1).run(1e9, memory, history, tenancy.residents, access.calendars)
  budget.refill(0, 0, (page) => void access.faults.protect(page, resident, budget))
  for (let page = 0; page < pages; page++) {
    expect(memory.table.state[page]).toBe(POOLED)
    expect(memory.table.flags[page]! & HINTED).not.toBe(0)
    expect(memory.table.known[page]).toBe(0xffffffff)
  }
})
