/** Whatever is asked, by whom, and in which order: all observers see one history. */
import { Recorder } from '#shared/recorder.fixture.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ACCESSED, HINTED } from '#shared/page/page-table.ts'
import { FREE, LOCAL, POOLED, SWAPPED } from '#shared/page/transitions.ts'
import { Eviction } from './eviction.ts'
import { HintScan } from './hint-scan.ts'
import { demoteNow, hostSpec, partsOf, profileOf, WORKLOAD } from './host.fixture.ts'

const PAGES = 48
const RATES = [
  { share: 1, reads: 30, writes: 20, miss: 0.4 },
  { share: 1, reads: 4, writes: 0, miss: 1 },
  { share: 1, reads: 0, writes: 1, miss: 0 },
]

const page = fc.nat({ max: PAGES - 1 })
const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('work' as const), ticks: fc.integer({ min: 1, max: 4000 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('scan' as const, 'walkDram' as const, 'walkDevice' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('reveal', 'demote', 'promote', 'decline', 'swap', 'hit'), page }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('rates' as const), order: fc.shuffledSubarray([0, 1, 2], { minLength: 1 }) }),
  },
)

/** The parts at work, and what the test itself knows of them: when each accessed bit was last cleared, and who saw a touch since. */
class Subject {
  readonly parts
  readonly nodes
  readonly scan = new HintScan(PAGES * 4096, 1)
  readonly clearedAt = new Float64Array(PAGES)
  readonly seen = new Set<number>()
  nowNs = 0

  constructor(seed: number) {
    this.parts = partsOf(hostSpec({ seed }))
    const { memory, history, tenancy } = this.parts
    tenancy.profile(WORKLOAD, profileOf(PAGES, RATES), 0)
    const node = (lru: typeof memory.dram, state: number, device: number) =>
      new Eviction(memory, history, tenancy.residents, lru, state, device)
    this.nodes = { walkDram: node(memory.dram, LOCAL, -1), walkDevice: node(memory.nodes[0]!, POOLED, 0) }
    for (let p = 0; p < PAGES; p++) {
      memory.allocate(p, 0)
      memory.table.flags[p]! &= ~ACCESSED
      if (p % 3 > 0) demoteNow(memory, history, p, 0)
    }
  }

  get now(): number {
    return this.parts.tenancy.residents[0]!.work
  }

  do(op: Record<string, unknown>): void {
    const { memory, history, access, tenancy } = this.parts
    const { table } = memory
    const resident = tenancy.residents[0]!
    const p = op['page'] as number
    const state = p === undefined ? FREE : table.state[p]!
    const cleared = (which: number): void => {
      this.clearedAt[which] = this.now
      this.seen.delete(which)
    }
    switch (op['kind']) {
      case 'work': {
        const swapped = this.pagesIn(SWAPPED)
        resident.work += op['ticks'] as number
        this.nowNs += (op['ticks'] as number) * 1e4
        access.tick(resident, op['ticks'] as number, this.nowNs)
        this.#listen()
        // A major fault is a touch.
        for (const faulted of swapped) if (table.state[faulted] !== SWAPPED) this.seen.add(faulted)
        break
      }
      case 'scan':
        this.scan.run((this.nowNs += 1), memory, history, tenancy.residents, access.calendars)
        break
      case 'walkDram':
      case 'walkDevice':
        this.nodes[op['kind']].age()
        for (const walked of this.pagesIn(op['kind'] === 'walkDram' ? LOCAL : POOLED)) cleared(walked)
        break
      case 'reveal':
        history.reveal(p, this.now)
        break
      case 'demote':
        if (state !== LOCAL) break
        demoteNow(memory, history, p, this.now)
        cleared(p)
        break
      case 'promote':
      case 'decline':
        if (state !== POOLED) break
        history.reveal(p, this.now)
        history.unhint(p, this.now)
        memory.startPromotion(p)
        if (op['kind'] === 'promote') memory.arrive(p)
        else memory.decline(p)
        break
      case 'swap':
        if (state !== POOLED && state !== LOCAL) break
        history.reveal(p, this.now)
        history.unhint(p, this.now)
        memory.swapOut(p)
        memory.writeback = 0
        cleared(p)
        break
      case 'hit':
        if (state !== POOLED) break
        // No page is touched while no work is done.
        this.do({ kind: 'work', ticks: 1 })
        access.touchPooled(resident, p, 0, 0)
        this.#listen()
        this.seen.add(p)
        break
      default: {
        const order = op['order'] as number[]
        tenancy.profile(
          WORKLOAD,
          profileOf(
            PAGES,
            order.map((k) => RATES[k]!),
          ),
          this.nowNs,
        )
      }
    }
  }

  pagesIn(state: number): number[] {
    return Array.from({ length: PAGES }, (_, p) => p).filter((p) => this.parts.memory.table.state[p] === state)
  }

  /** Hears of hint faults and of what reached the device. */
  #listen(): void {
    const { access, links } = this.parts
    const out = new Recorder('host-1')
    links[0]!.reportTraffic(out, 1)
    for (const { body } of out.of('traffic')) for (const p of body.pages) this.seen.add(p)
    for (const p of access.hintPages.take()) this.seen.add(p)
    access.hintPages.clear()
    access.hintLatencyMs.clear()
  }
}

test('a touch that a hint fault, a miss or a major fault has seen stands in the accessed bit, and times agree', () => {
  fc.assert(
    fc.property(fc.nat({ max: 1000 }), fc.array(operation, { minLength: 5, maxLength: 60 }), (seed, operations) => {
      const subject = new Subject(seed)
      const { memory } = subject.parts
      const { table } = memory
      for (const op of operations) {
        const before = { known: table.known.slice(), flags: table.flags.slice() }
        subject.do(op)
        const { now } = subject
        for (let p = 0; p < PAGES; p++) {
          const accessed = (table.flags[p]! & ACCESSED) !== 0
          const hinted = (table.flags[p]! & HINTED) !== 0
          if (subject.seen.has(p)) expect(accessed).toBe(true)
          expect(table.last[p]).toBeLessThanOrEqual(now)
          // Touched since the bit was cleared, or not: the bit and the time of the last touch say the same.
          expect(table.last[p]! > subject.clearedAt[p]!).toBe(accessed)
          if (hinted) expect(table.known[p]).toBeGreaterThan(now)
          else expect(table.known[p]).toBeLessThanOrEqual(now)
          if (!hinted && (before.flags[p]! & HINTED) === 0) expect(table.known[p]).toBeGreaterThanOrEqual(before.known[p]!)
        }
        memory.check('property')
      }
    }),
    { seed: 1, numRuns: 80 },
  )
})

test('what is revealed in parts is what is revealed at once: a part that was touched makes the whole touched', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 1000 }),
      fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 30 }),
      (seed, steps) => {
        const { memory, history, tenancy } = partsOf(hostSpec({ seed }))
        tenancy.profile(WORKLOAD, profileOf(20, [RATES[0]!]), 0)
        const { table } = memory
        let now = 0
        const parts = new Set<number>()
        for (let p = 0; p < 20; p++) {
          memory.allocate(p, 0)
          table.flags[p]! &= ~ACCESSED
        }
        for (const step of steps) {
          const from = now
          now += step
          for (let p = 0; p < 20; p++) {
            if ((now + p) % 3 === 0) continue
            const last = table.last[p]!
            history.reveal(p, now)
            if (table.last[p]! > last) parts.add(p)
            // Asked again, nothing new is drawn, for the past least of all.
            const answer = [table.last[p], table.known[p], table.flags[p]]
            history.reveal(p, now)
            history.reveal(p, from)
            expect([table.last[p], table.known[p], table.flags[p]]).toEqual(answer)
          }
        }
        for (let p = 0; p < 20; p++) {
          history.reveal(p, now)
          if (parts.has(p)) expect(table.flags[p]! & ACCESSED).not.toBe(0)
          expect(table.last[p]! > 0).toBe((table.flags[p]! & ACCESSED) !== 0)
        }
      },
    ),
    { seed: 2, numRuns: 100 },
  )
})
