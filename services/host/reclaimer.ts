/**
 * Reclaim in all its forms: kswapd of the DRAM node between its watermarks, the kswapds of the device nodes under
 * pressure, direct reclaim (tasks lend their own time), and proactive reclaim of pages that have been cold for long, or of as many as
 * pressure allows.
 */
import type { Outbox } from '#shared/actor.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { DEMOTING, LOCAL, POOLED } from '#shared/page/transitions.ts'
import { NS_PER_S } from '#shared/time.ts'
import type { Access } from './access.ts'
import { WORK_TICK_NS } from './classes.ts'
import { COPY_PAGE_NS, DROP_PAGE_NS, MIGRATE_PAGE_NS, SCAN_PAGE_NS, SWAP_OUT_PAGE_NS, WALK_PAGE_NS } from './costs.ts'
import type { Demotion } from './demotion.ts'
import { Eviction } from './eviction.ts'
import type { History } from './history.ts'
import { DRAM_NODE, nodeOf } from './isolation/cgroups.ts'
import type { Isolation } from './isolation/isolation.ts'
import type { Link } from './link.ts'
import type { HostMemory } from './memory.ts'
import { Kswapd } from './reclaim.ts'
import type { Resident } from './resident.ts'
import { Senpai } from './senpai.ts'
import type { ColdAgeSpec, HostSpec } from './spec.ts'
import type { SwapDevice } from './swap.ts'
import type { Tally } from './tally.ts'
import type { Truth } from './truth.ts'
import { watermarks, type Watermarks } from './watermarks.ts'

export interface ReclaimerParts {
  readonly spec: HostSpec
  readonly memory: HostMemory
  readonly history: History
  readonly residents: readonly Resident[]
  readonly links: readonly Link[]
  readonly swap: SwapDevice
  readonly access: Access
  readonly demotion: Demotion
  readonly tally: Tally
  readonly truth: Truth
  readonly marks: Watermarks
  readonly isolation: Isolation | undefined
}

/** D: one walk makes every page young, two more leave it in the oldest of three generations, the first that may be evicted. */
const AGING_WALKS_MAX = 3

/**
 * Ticks in a row whose one walk found too few victims before reclaim walks on within a tick. Two suffice where pages are left
 * untouched for a tick: the first walk clears the bits that allocation has set, the second tells idle from busy. D.
 */
const BARREN_TICKS_MAX = 2

/** A memory node with its own LRU and its own kswapd. */
interface Node {
  readonly eviction: Eviction
  readonly kswapd: Kswapd
  /** The tick that the next two speak of. Between two ticks no page is touched, so walks are counted by the tick. */
  tick: number
  walks: number
  /** Reclaim asked for more victims than there were. */
  ranOut: boolean
  /** Ticks in a row that ran out; stays while more than one walk a tick is needed. */
  barrenTicks: number
}

export class Reclaimer {
  readonly #parts: ReclaimerParts
  readonly #dram: Node
  readonly #nodes: readonly Node[]
  readonly #target: number
  /** kswapd found neither device nor swap for its victims; it tries again in the next tick. */
  #backOff = false
  #ticks = 0
  readonly #senpai: Senpai | undefined
  #proactiveCarry = 0
  #proactiveHand = 0

  constructor(parts: ReclaimerParts) {
    this.#parts = parts
    const { memory, history, residents, marks, spec } = parts
    const node = (lru: Eviction['lru'], state: number, device: number): Node => ({
      eviction: new Eviction(memory, history, residents, lru, state, device),
      kswapd: new Kswapd(),
      tick: -1,
      walks: 0,
      ranOut: false,
      barrenTicks: 0,
    })
    if (spec.proactive !== undefined && !('ageNs' in spec.proactive)) this.#senpai = new Senpai(spec.proactive)
    this.#dram = node(memory.dram, LOCAL, -1)
    this.#nodes = memory.nodes.map((lru, device) => node(lru, POOLED, device))
    this.#target = spec.promotion === undefined ? marks.high : marks.promo
  }

  get active(): boolean {
    return this.#dram.kswapd.active || this.#nodes.some((node) => node.kswapd.active)
  }

  wake(): void {
    this.#dram.kswapd.wake()
  }

  tick(): void {
    this.#ticks++
    this.#backOff = false
  }

  /** One quantum of reclaim, `spanNs` after the last. */
  run(nowNs: number, spanNs: number, out: Outbox): void {
    this.#reclaimDram(nowNs, spanNs, out)
    this.#nodes.forEach((node, device) => this.#reclaimNode(node, device, nowNs, spanNs))
  }

  /** What the device refuses stays (P: FACTS 5). */
  proactive(nowNs: number, spanNs: number, out: Outbox): void {
    const { spec, memory } = this.#parts
    if (spec.proactive === undefined || memory.nodes.length === 0 || !memory.mapping.demotes || memory.used === 0) return
    if ('ageNs' in spec.proactive) this.#byAge(spec.proactive, nowNs, spanNs, out)
    else this.#byPressure(nowNs, out)
  }

  /** As many of the coldest pages as Senpai says (senpai.ts). */
  #byPressure(nowNs: number, out: Outbox): void {
    const { memory, demotion, tally, access } = this.#parts
    const stalledNs = tally.directReclaimStallNs + access.swapInStallNs + access.faults.stallNs
    const pages = this.#senpai!.due(nowNs, stalledNs, memory.table.counts[LOCAL]!)
    // It works in its own time, not in kswapd's.
    const purse = { budgetNs: 0 }
    this.#dram.eviction.begin()
    for (let picked = 0; picked < pages; picked++) {
      const page = this.#victim(this.#dram, purse)
      if (page < 0) return
      if (demotion.possible(page)) demotion.pick(page, true, nowNs, out)
      else memory.rejuvenate(page, memory.dram)
    }
  }

  /** Pages untouched for long enough, up to the rate. */
  #byAge(proactive: ColdAgeSpec, nowNs: number, spanNs: number, out: Outbox): void {
    const { spec, memory, history, residents, demotion } = this.#parts
    const { table, used } = memory
    const age = proactive.ageNs / WORK_TICK_NS
    this.#proactiveCarry = Math.min(
      this.#proactiveCarry + (proactive.bytesPerSecond * spanNs) / NS_PER_S / PAGE_BYTES,
      spec.demotionBatch * 8,
    )
    // Two turns of the hand per age find every page that has got that old.
    const looks = Math.ceil((used * spanNs * 2) / proactive.ageNs)
    for (let looked = 0; looked < looks && this.#proactiveCarry >= 1; looked++) {
      if (this.#proactiveHand >= used) this.#proactiveHand = 0
      const page = this.#proactiveHand++
      if (table.state[page] !== LOCAL || page < memory.firstPage || !demotion.possible(page)) continue
      const { work } = residents[memory.ownerOf(page)]!
      history.reveal(page, work)
      if (work - table.last[page]! < age) continue
      this.#proactiveCarry--
      demotion.pick(page, true, nowNs, out)
    }
  }

  /** Swaps a local page out; false if swap is full or its queue too long. */
  swapOutLocal(page: number, nowNs: number): boolean {
    const { memory, swap, tally } = this.#parts
    if (memory.swapFree <= 0 || swap.congested(nowNs)) {
      this.#backOff = true
      return false
    }
    memory.swapOut(page)
    swap.write(nowNs, true)
    tally.swappedOut++
    tally.kernelNs += SWAP_OUT_PAGE_NS
    this.#dram.kswapd.budgetNs -= SWAP_OUT_PAGE_NS
    return true
  }

  #reclaimDram(nowNs: number, spanNs: number, out: Outbox): void {
    const { memory, marks, access, demotion } = this.#parts
    const { kswapd } = this.#dram
    if (memory.free < marks.low) kswapd.wake()
    if (memory.free >= this.#target) kswapd.sleep()
    if (kswapd.active) kswapd.budgetNs = Math.min(kswapd.budgetNs + spanNs, spanNs)
    kswapd.budgetNs += access.directBudgetNs
    access.directBudgetNs = 0
    if (!kswapd.active) return
    let goal = this.#target - memory.free - memory.table.counts[DEMOTING]! - memory.writeback
    while (goal > 0 && this.#dropFile(this.#dram, DRAM_NODE)) goal--
    if (this.#backOff) return
    this.#dram.eviction.begin()
    while (goal > 0 && kswapd.budgetNs > 0) {
      const page = this.#victim(this.#dram)
      if (page < 0) break
      if (demotion.possible(page)) {
        demotion.pick(page, false, nowNs, out)
        kswapd.budgetNs -= MIGRATE_PAGE_NS + COPY_PAGE_NS
      } else if (memory.nodes.length > 0 && memory.mapping.demotes && memory.swapFree <= 0) {
        // Its cgroup has no node to demote to, and swap is full: the page is kept, others may go.
        memory.rejuvenate(page, memory.dram)
        continue
      } else if (!this.swapOutLocal(page, nowNs)) break
      goal--
    }
    demotion.ask(out)
  }

  /** P: on pressure p the node's watermark is boosted by managed·p/1000, and kswapd reclaims to swap what lies beyond. */
  #reclaimNode(node: Node, device: number, nowNs: number, spanNs: number): void {
    const { spec, memory, history, residents, links, swap, tally, truth, isolation } = this.#parts
    const link = links[device]!
    const managed = Math.floor(link.spec.advertisedBytes / PAGE_BYTES)
    const boost = (managed * link.pressure) / 1000
    const wanted = watermarks(link.spec.advertisedBytes, spec.watermarkScaleFactor).high + boost
    const short = (): boolean => link.pressure > 0 && memory.slots[device]! > 0 && managed - memory.slots[device]! < wanted
    if (isolation?.reclaimed !== false && short()) node.kswapd.wake()
    else node.kswapd.sleep()
    if (!node.kswapd.active) return
    node.kswapd.budgetNs = Math.min(node.kswapd.budgetNs + spanNs, spanNs)
    let dropping = true
    while (dropping && short()) dropping = this.#dropFile(node, nodeOf(device))
    const { table } = memory
    node.eviction.begin()
    while (short() && node.kswapd.budgetNs > 0 && memory.swapFree > 0 && !swap.congested(nowNs)) {
      const page = this.#victim(node)
      if (page < 0) break
      history.unhint(page, residents[memory.ownerOf(page)]!.work)
      truth.end(page)
      memory.swapOut(page)
      link.copyOut(table.size[page]!)
      link.release(page)
      swap.write(nowNs, false)
      tally.swappedOut++
      tally.swappedOutPooled++
      tally.kernelNs += SWAP_OUT_PAGE_NS
      node.kswapd.budgetNs -= SWAP_OUT_PAGE_NS
    }
  }

  /** Clean page cache goes first, for it costs no write. False if the node has none, or its kswapd no time. */
  #dropFile({ kswapd }: Node, node: number): boolean {
    const { isolation, tally } = this.#parts
    if (kswapd.budgetNs <= 0 || isolation?.system.cache.drop(node) !== true) return false
    kswapd.budgetNs -= DROP_PAGE_NS
    tally.kernelNs += DROP_PAGE_NS
    return true
  }

  /** The next victim of a node; ages the node first if its old generations are used up. −1 if there is none now. */
  #victim(node: Node, purse: { budgetNs: number } = node.kswapd): number {
    const { tally } = this.#parts
    const { eviction } = node
    if (node.tick !== this.#ticks) this.#beginTick(node)
    // Where a tick touches nearly every page, a walk finds them all young; what is found untouched right after is a victim.
    const walksMax = node.barrenTicks < BARREN_TICKS_MAX ? 1 : AGING_WALKS_MAX
    for (;;) {
      const page = eviction.next()
      purse.budgetNs -= eviction.looked * SCAN_PAGE_NS
      eviction.looked = 0
      if (page >= 0) return page
      if (node.walks >= walksMax || eviction.lru.pages === 0) break
      node.walks++
      const walkNs = eviction.age() * WALK_PAGE_NS
      purse.budgetNs -= walkNs
      tally.kernelNs += walkNs
      tally.agings++
    }
    node.ranOut = true
    return -1
  }

  /** What the tick before has taught about how many walks are needed. */
  #beginTick(node: Node): void {
    if (node.ranOut) node.barrenTicks++
    else if (node.walks <= 1) node.barrenTicks = 0
    node.tick = this.#ticks
    node.walks = 0
    node.ranOut = false
  }

  snapshot(): Record<string, unknown> {
    return {
      nodes: [this.#dram, ...this.#nodes].map(({ eviction: _eviction, kswapd, ...counts }) => ({
        kswapd: kswapd.snapshot(),
        ...counts,
      })),
      backOff: this.#backOff,
      ticks: this.#ticks,
      proactiveCarry: this.#proactiveCarry,
      proactiveHand: this.#proactiveHand,
      ...(this.#senpai && { senpai: this.#senpai.snapshot(), swapInStallNs: this.#parts.access.swapInStallNs }),
    }
  }

  restore(from: Record<string, unknown>): void {
    const nodes = from['nodes'] as (Omit<Node, 'eviction' | 'kswapd'> & { kswapd: Record<string, unknown> })[]
    ;[this.#dram, ...this.#nodes].forEach((node, i) => {
      const { kswapd, ...counts } = nodes[i]!
      node.kswapd.restore(kswapd)
      Object.assign(node, counts)
    })
    this.#backOff = from['backOff'] as boolean
    this.#ticks = from['ticks'] as number
    this.#proactiveCarry = from['proactiveCarry'] as number
    this.#proactiveHand = from['proactiveHand'] as number
    if (this.#senpai === undefined) return
    this.#senpai.restore(from['senpai'] as Record<string, unknown>)
    this.#parts.access.swapInStallNs = from['swapInStallNs'] as number
  }
}
