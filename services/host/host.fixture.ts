/** What the tests of this room share: a small host, its parts wired by hand, and a bench that plays everybody else. */
import { Recorder, type Sent } from '#shared/recorder.fixture.ts'
import { ContentSizes, type Drifts, type Profiles } from '#shared/content.ts'
import { assert } from '#shared/errors.ts'
import type { BodyOf, Kind, Mail } from '#shared/messages.ts'
import type { PageTable } from '#shared/page/page-table.ts'
import { fork, Stream } from '#shared/random.ts'
import { NS_PER_MS, NS_PER_S, type Quantum } from '#shared/time.ts'
import { Access } from './access.ts'
import { History } from './history.ts'
import { Host } from './host.ts'
import { Link } from './link.ts'
import type { IsolationSpec } from './isolation/spec.ts'
import { HostMemory } from './memory.ts'
import type { HostSpec } from './spec.ts'
import { SwapDevice } from './swap.ts'
import { emptyTally } from './tally.ts'
import { Tenancy } from './tenancy.ts'
import { Truth } from './truth.ts'
import { watermarks } from './watermarks.ts'

const HOST = 1
export const DEVICE = 2
export const SECOND_DEVICE = 3
export const PROMOTER = 4
export const WORKLOAD = 5
export const NEIGHBOUR = 6

/** Only contents of one size: no test of this room needs measured data. */
const SIZES = new ContentSizes({} as Profiles, {} as Drifts, 'lz4')

export const NODE = {
  ordinal: DEVICE,
  id: 'device-1',
  advertisedBytes: 64 * 2 ** 20,
  chunkBytes: 512,
  pauses: false,
  monitor: undefined,
}

/** 4096 frames (watermarks min 128, low 209, high 290, promo 371), one device, 4096 slots of swap, quantum 1 ms. */
export function hostSpec(changes: Partial<HostSpec> = {}): HostSpec {
  return {
    id: 'host-1',
    ordinal: HOST,
    seed: 1,
    quantumNs: NS_PER_MS,
    tickNs: 10 * NS_PER_MS,
    memoryBytes: 16 * 2 ** 20,
    devices: [NODE],
    watermarkScaleFactor: 200,
    generations: 4,
    demotionBatch: 64,
    access: { policy: 'direct' },
    demotionStores: 'plain',
    proactive: undefined,
    swap: { bytes: 16 * 2 ** 20, bytesPerSecond: 2e9, latencyNs: 80_000 },
    throttle: undefined,
    promotion: undefined,
    sizes: SIZES,
    isolation: undefined,
    start: undefined,
    ...changes,
  }
}

/** Everybody may allocate on the devices: files of 300 pages, a kernel of 100, five times as fast as they fill. */
export const OPEN: IsolationSpec = {
  policy: 'none',
  mems: [0b111, 0b111, 0b111],
  changes: [],
  demotionHonoursMems: true,
  pageCache: { bytes: 300 * 4096, bytesPerSecond: 1500 * 4096, content: 'ratio=2', shares: [0.2, 0.3, 0.5] },
  kernel: { bytes: 100 * 4096, bytesPerSecond: 500 * 4096, content: 'ratio=4', interruptShare: 0.25 },
  tasks: new Map(),
}

export const PROMOTION = {
  ordinal: PROMOTER,
  hints: false,
  damon: false,
  scanBytes: 64 * 2 ** 20,
  scanPeriodNs: NS_PER_S,
  hotAccessesPerSecond: 10,
}

export interface ClassRates {
  readonly share: number
  readonly reads: number
  readonly writes: number
  readonly miss: number
}

/** Idle and compressible by two unless told otherwise. */
export function profileOf(
  pages: number,
  classes: readonly ClassRates[] = [],
  changes: Partial<BodyOf<'profile'>> = {},
): BodyOf<'profile'> {
  const column = (name: keyof ClassRates): Float64Array => Float64Array.from(classes, (c) => c[name])
  return {
    pages,
    allocateBytesPerSecond: 40 * 2 ** 20,
    threads: 1,
    contiguous: 1,
    shift: 0,
    share: classes.length > 0 ? column('share') : Float64Array.of(1),
    reads: column('reads'),
    writes: column('writes'),
    miss: column('miss'),
    stored: ['ratio=2'],
    written: ['ratio=2'],
    sweepBytesPerSecond: 0,
    sweepWrites: 0,
    sweepPooledOnly: 0,
    sweepPasses: 0,
    sweepContent: 'incompressible',
    ...changes,
  }
}

/** The parts of a host that hold and touch pages, without reclaim. */
export function partsOf(spec: HostSpec = hostSpec()) {
  const memory = new HostMemory(spec)
  const links = spec.devices.map((device) => new Link(device, spec.demotionStores, spec.throttle))
  const swap = new SwapDevice(spec.swap)
  const key = (name: string) => fork(spec.seed, name)
  const history = new History(memory.table, memory.classes, memory.mapping, key('touches'), key('hints'))
  const tally = emptyTally()
  const truth = new Truth(spec.quantumNs)
  const marks = watermarks(spec.memoryBytes, spec.watermarkScaleFactor)
  const streams = { stream: new Stream(key('events')), faultStream: new Stream(key('faults')) }
  const access = new Access({ memory, history, links, swap, tally, marks, truth, ...streams, tickNs: spec.tickNs, hints: false })
  const tenancy = new Tenancy({ memory, history, access, links, truth, sizes: spec.sizes, hotPerSecond: Infinity })
  return { memory, links, swap, history, tally, truth, marks, access, tenancy }
}

/** A page goes from DRAM to a device, compressed to half. */
export function demoteNow(memory: HostMemory, history: History, page: number, now: number, device = 0): void {
  history.reveal(page, now)
  memory.askDemotion(page, device)
  memory.table.size[page] = 2048
  memory.admit(page)
}

/** A page goes from DRAM to swap, and its frame is free at once. */
export function swapNow(memory: HostMemory, history: History, page: number, now: number): void {
  history.reveal(page, now)
  memory.swapOut(page)
  memory.writeback--
}

type Answer = 'admit' | 'refuse' | 'silence'

/** A host among doubles. The device keeps its books as strictly as a real one; what it answers is the test's to say. */
export class Bench {
  host: Host
  readonly spec: HostSpec
  readonly out = new Recorder('host-1')
  answer: Answer = 'admit'
  /** What a device says when it is asked for its remaining capacity. */
  remainingBytes = 2 ** 20
  /** What a device holds: page → size, −1 while reserved. */
  readonly pools = new Map<number, Map<number, number>>()
  readonly #due = new Map<Quantum, Mail[]>()
  #wake: Quantum = Infinity

  constructor(changes: Partial<HostSpec> = {}) {
    this.spec = hostSpec(changes)
    this.host = new Host(this.spec)
    for (const { ordinal } of this.spec.devices) this.pools.set(ordinal, new Map())
  }

  /** Mail that the host finds at the start of a quantum. */
  post<K extends Kind>(quantum: Quantum, from: number, kind: K, body: BodyOf<K>): void {
    const mails = this.#due.get(quantum) ?? []
    mails.push({ from, to: HOST, sequence: 0, kind, body } as unknown as Mail)
    this.#due.set(quantum, mails)
  }

  /** As a stage would: steps the host when it has mail or wants to wake, up to and including `until`. */
  run(until: Quantum): this {
    for (; this.out.now <= until; this.out.now++) {
      const now = this.out.now
      const inbox = (this.#due.get(now) ?? []).toSorted((x, y) => x.from - y.from)
      this.#due.delete(now)
      if (inbox.length === 0 && this.#wake > now) continue
      const before = this.out.sent.length
      this.host.step(now, inbox, this.out)
      this.#wake = this.host.nextWake(now)
      assert(this.#wake > now, 'an actor wakes in the future')
      for (const sent of this.out.sent.slice(before)) this.#deliver(sent)
      this.host.observe()
    }
    return this
  }

  get seen(): Record<string, number> {
    return this.host.observe()
  }

  /** The host's page table, as its snapshot shows it. */
  get table(): PageTable {
    return (this.host.snapshot()['memory'] as { table: PageTable }).table
  }

  #deliver({ quantum, to, kind, body }: Sent): void {
    const pool = this.pools.get(to)
    if (pool === undefined) return
    if (kind === 'demote') this.#demote(quantum, to, pool, body as BodyOf<'demote'>)
    if (kind === 'landed' || kind === 'stocked') {
      const { pages, sizes } = body as BodyOf<'landed' | 'stocked'>
      pages.forEach((page, i) => {
        assert(!pool.has(page), `page ${page} lands but is already on the device`)
        pool.set(page, sizes[i]!)
      })
    }
    if (kind === 'poll') this.post(quantum + 2, to, 'remaining', { bytes: this.remainingBytes })
    if (kind === 'written') {
      const { pages, sizes } = body as BodyOf<'written'>
      pages.forEach((page, i) => {
        assert(pool.has(page), `page ${page} is written but not on the device`)
        pool.set(page, sizes[i]!)
      })
    }
    if (kind === 'released') {
      for (const page of (body as BodyOf<'released'>).pages)
        assert(pool.delete(page), `page ${page} is released but not on the device`)
    }
  }

  #demote(quantum: Quantum, device: number, pool: Map<number, number>, { batch, pages }: BodyOf<'demote'>): void {
    for (const page of pages) assert(!pool.has(page), `page ${page} is asked for but already on the device`)
    if (this.answer === 'silence') return
    if (this.answer === 'refuse') {
      this.post(quantum + 2, device, 'refused', { batch, pages, reasons: new Uint8Array(pages.length) })
      return
    }
    for (const page of pages) pool.set(page, -1)
    this.post(quantum + 2, device, 'admitted', { batch, pages })
  }
}
