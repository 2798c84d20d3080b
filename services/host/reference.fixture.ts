/**
 * The slow, obvious account of what the lazy model must agree with: every access of every page is enumerated, one by one,
 * and each is sent through the CPU cache by a coin. Observers look at the list of what happened. Beside it, the same
 * schedule of questions put to the lazy model. Where the mapping forbids an access, the page comes home by a fault.
 */
import { Recorder } from '#shared/recorder.fixture.ts'
import { ACCESSED, GENERATION_MASK } from '#shared/page/page-table.ts'
import { LOCAL, POOLED, SWAPPED } from '#shared/page/transitions.ts'
import { fork, Stream } from '#shared/random.ts'
import { Eviction } from './eviction.ts'
import { HintScan } from './hint-scan.ts'
import type { AccessSpec } from './spec.ts'
import { demoteNow, hostSpec, partsOf, profileOf, swapNow, WORKLOAD, type ClassRates } from './host.fixture.ts'

/** Work ticks of one accounting tick: 10 ms. */
const TICK = 1000

export interface Schedule {
  readonly pages: number
  /** Accounting ticks. */
  readonly end: number
  /** Rates per second of equal parts of the range, and from `change` on. */
  readonly before: readonly ClassRates[]
  readonly after: readonly ClassRates[]
  readonly change: number
  /** Aging walks, which clear the accessed bits. */
  readonly walks: readonly number[]
  readonly scans: readonly number[]
  /** Ends of CHMU epochs. */
  readonly epochs: readonly number[]
  /** Default direct. */
  readonly access?: AccessSpec
  /** Ends of ticks when odd pages that came home are demoted again. */
  readonly demotions?: readonly number[]
}

/** What the observers saw of one page. Even pages lie in DRAM, odd ones on the device, or in swap where that is all there is. */
export interface Observation {
  readonly klass: number
  readonly pooled: boolean
  /** By walk: the accessed bit. */
  readonly touched: string
  /** Accounting ticks from scan to fault. */
  readonly hints: readonly number[]
  /** By epoch: reads and writes that reached the device. */
  readonly misses: readonly number[]
  readonly writes: readonly number[]
  /** Ticks of the faults that brought it home. */
  readonly faults: readonly number[]
  /** Work ticks from the last touch to the end; NaN if it was never touched. */
  readonly idle: number
}

export function enumerate(schedule: Schedule, seed: number, speed = 1): Observation[] {
  const stream = new Stream(fork(seed, 'reference'))
  return Array.from({ length: schedule.pages }, (_, page) => enumeratePage(schedule, page, stream, speed))
}

function enumeratePage(schedule: Schedule, page: number, stream: Stream, speed: number): Observation {
  const klass = Math.floor((page * schedule.before.length) / schedule.pages)
  const pooled = page % 2 === 1
  const forbidden = FORBIDDEN[schedule.access?.policy ?? 'direct']
  const touches: { tick: number; miss: boolean; write: boolean }[] = []
  const live = (rates: ClassRates, from: number, to: number): void => {
    const perTick = ((rates.reads + rates.writes) * speed) / 100_000
    for (let t = from; ;) {
      t += -Math.log(stream.unit()) / perTick
      if (t > to) return
      const miss = stream.unit() < rates.miss
      touches.push({ tick: Math.ceil(t), miss, write: stream.unit() < rates.writes / (rates.reads + rates.writes) })
    }
  }
  live(schedule.before[klass]!, 0, schedule.change * TICK)
  live(schedule.after[klass]!, schedule.change * TICK, schedule.end * TICK)

  let away = pooled
  let accessed = false
  let scannedAt = -1
  let touched = ''
  const hints: number[] = []
  const misses = schedule.epochs.map(() => 0)
  const writes = schedule.epochs.map(() => 0)
  const faults: number[] = []
  for (let tick = 1; tick <= schedule.end; tick++) {
    const epoch = schedule.epochs.findIndex((end) => tick <= end)
    for (const touch of touches) {
      if (touch.tick <= (tick - 1) * TICK || touch.tick > tick * TICK) continue
      accessed = true
      if (scannedAt >= 0) hints.push(tick - scannedAt)
      scannedAt = -1
      if (away && forbidden(touch)) {
        faults.push(tick)
        away = false
      }
      if (away && touch.miss) misses[epoch]!++
      if (away && touch.miss && touch.write) writes[epoch]!++
    }
    if (away && scannedAt < 0 && schedule.scans.includes(tick)) scannedAt = tick
    if (schedule.walks.includes(tick)) {
      touched += accessed ? '1' : '0'
      accessed = false
    }
    if (!pooled || away || !schedule.demotions?.includes(tick)) continue
    away = true
    accessed = false
  }
  return { klass, pooled, touched, hints, misses, writes, faults, idle: schedule.end * TICK - (touches.at(-1)?.tick ?? NaN) }
}

/** Whether an access of a page that is not in DRAM is a fault. */
const FORBIDDEN: Readonly<Record<AccessSpec['policy'], (touch: { write: boolean }) => boolean>> = {
  direct: () => false,
  'read-only': ({ write }) => write,
  'fault-on-access': () => true,
  'swap-only': () => true,
  // Its tokens are shared by all pages: write-budget.test.ts has a reference of its own.
  'write-budget': () => false,
}

export function reveal(schedule: Schedule, seed: number): Observation[] {
  const policy = schedule.access ?? { policy: 'direct' }
  // With room for all pages: nobody waits for a frame here.
  const { memory, history, access, tenancy, links } = partsOf(hostSpec({ seed, access: policy, memoryBytes: 2 ** 27 }))
  const { table } = memory
  const { pages } = schedule
  const sendAway = policy.policy === 'swap-only' ? swapNow : demoteNow
  tenancy.profile(WORKLOAD, profileOf(pages, schedule.before), 0)
  const resident = tenancy.residents[0]!
  for (let page = 0; page < pages; page++) {
    memory.allocate(page, 0)
    table.flags[page]! &= ~ACCESSED
    if (page % 2 === 1) sendAway(memory, history, page, 0)
  }
  const { residents } = tenancy
  const nodes = [
    new Eviction(memory, history, residents, memory.dram, LOCAL, -1),
    new Eviction(memory, history, residents, memory.nodes[0]!, POOLED, 0),
  ]
  const scan = new HintScan(pages * 4096, TICK)
  const touched = Array.from({ length: pages }, () => '')
  const hints: number[][] = Array.from({ length: pages }, () => [])
  const misses = Array.from({ length: pages }, () => schedule.epochs.map(() => 0))
  const writes = Array.from({ length: pages }, () => schedule.epochs.map(() => 0))
  const faults: number[][] = Array.from({ length: pages }, () => [])
  const away = Uint8Array.from({ length: pages }, (_, page) => page % 2)
  for (let tick = 1; tick <= schedule.end; tick++) {
    const nowNs = tick * 1e7
    resident.work += TICK
    access.tick(resident, TICK, nowNs)
    for (let i = 0; i < access.hintPages.length; i++) hints[access.hintPages.items[i]!]!.push(access.hintLatencyMs.items[i]! / 10)
    for (let page = 1; page < pages; page += 2) {
      if (away[page] === 0 || table.state[page] !== LOCAL) continue
      faults[page]!.push(tick)
      away[page] = 0
    }
    access.hintPages.clear()
    access.hintLatencyMs.clear()
    const epoch = schedule.epochs.indexOf(tick)
    if (epoch >= 0) {
      const out = new Recorder('host-1')
      links[0]!.reportTraffic(out, 1)
      for (const { body } of out.of('traffic')) {
        body.pages.forEach((page, i) => {
          misses[page]![epoch]! += body.reads[i]!
          writes[page]![epoch]! += body.writes[i]!
        })
      }
    }
    if (tick === schedule.change) tenancy.profile(WORKLOAD, profileOf(pages, schedule.after), nowNs)
    if (schedule.scans.includes(tick)) scan.run(nowNs, memory, history, residents, access.calendars)
    if (schedule.walks.includes(tick)) {
      for (const node of nodes) node.age()
      for (let page = 0; page < pages; page++) {
        const young = nodes[table.state[page] === LOCAL ? 0 : 1]!.lru.youngestSlot
        touched[page] += table.state[page] !== SWAPPED && (table.flags[page]! & GENERATION_MASK) === young ? '1' : '0'
      }
    }
    if (!schedule.demotions?.includes(tick)) continue
    for (let page = 1; page < pages; page += 2) {
      if (away[page] === 1) continue
      sendAway(memory, history, page, resident.work)
      away[page] = 1
    }
  }
  return touched.map((bits, page) => ({
    klass: table.klass[page]!,
    pooled: page % 2 === 1,
    touched: bits,
    hints: hints[page]!,
    misses: misses[page]!,
    writes: writes[page]!,
    faults: faults[page]!,
    idle: table.last[page] === 0 ? NaN : resident.work - table.last[page]!,
  }))
}
