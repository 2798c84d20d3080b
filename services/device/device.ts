/**
 * A compressed CXL memory device that several hosts share. It answers demotions page by page, holds compressed pages in
 * chunks, raises an interrupt when physical capacity runs low, poisons what no longer fits, says how long accesses
 * take under the load of all hosts, and reports hot units to each host's promoter.
 *
 * Order within a step: the flush that is due (so that what is released in this quantum waits for the next), mail in its
 * order, then what follows from it: poison, thresholds, load, hotness.
 *
 * How much of it each host may take is in shares.ts. Left out: dynamic capacity (DCD), ageing and repacking of chunks, the device's own cache beyond a mean
 * metadata cost.
 */
import type { Actor, ActorId, Ordinal, Outbox, Snapshot, Telemetry } from '#shared/actor.ts'
import { assert, ColdpoolError } from '#shared/errors.ts'
import { REFUSAL_REASONS, type BodyOf, type Mail } from '#shared/messages.ts'
import { NEVER, NS_PER_S, nextOnGrid, type Quantum } from '#shared/time.ts'
import { formatBytes } from '#shared/units.ts'
import { Account } from './account.ts'
import { decide } from './admission.ts'
import { Capacity } from './capacity.ts'
import { Hotness } from './hotness.ts'
import { sameLoad } from './load.ts'
import { LoadMeter } from './load-meter.ts'
import { Pool } from './pool.ts'
import { sharesOf, type Shares } from './shares.ts'
import type { DeviceSpec } from './spec.ts'
import { describeDevice, type Marks } from './telemetry.ts'

/** Poison is told at most this often per host. */
const POISON_TOLD_EVERY_NS = NS_PER_S

export class Device implements Actor {
  readonly id: ActorId
  readonly ordinal: Ordinal
  private readonly spec: DeviceSpec
  private readonly hostIndex: ReadonlyMap<number, number>
  private readonly pool: Pool
  private readonly capacity: Capacity
  private readonly shares: Shares | undefined
  private readonly meter: LoadMeter
  private readonly hotness: Hotness
  private readonly accounts: Account[]
  /** When time alone makes it act; NEVER while there is nothing to do. */
  private due = { flush: NEVER, tick: NEVER, epoch: NEVER }
  private marks: Marks = { interrupts: 0, peakUsedBytes: 0, peakStoredPages: 0, minHeadroomBytes: 0, minHeadroomAtNs: 0 }
  /** Pages poisoned in this step, per host; empty between steps. */
  private readonly poisonedNow: number[][]

  constructor(spec: DeviceSpec) {
    this.id = spec.id
    this.ordinal = spec.ordinal
    this.spec = spec
    this.hostIndex = new Map(spec.hosts.map((host, index) => [host.ordinal, index]))
    this.pool = new Pool(spec, spec.hosts.length)
    this.capacity = new Capacity(spec.physicalBytes, spec.lowFraction, spec.highFraction)
    this.shares = sharesOf(spec, this.pool, this.capacity)
    this.meter = new LoadMeter(spec)
    this.hotness = new Hotness(spec)
    this.accounts = spec.hosts.map(() => new Account())
    this.poisonedNow = spec.hosts.map(() => [])
    this.marks.minHeadroomBytes = spec.physicalBytes
  }

  step(now: Quantum, inbox: readonly Mail[], out: Outbox): void {
    if (now >= this.due.flush) this.flush()
    for (const mail of inbox) this.receive(now, mail, out)
    this.reportPoison(now, out)
    this.takeStock(now, out)
    if (now >= this.due.tick) this.reportLoad(now, out)
    if (now >= this.due.epoch) this.reportHotness(out)
  }

  nextWake(): Quantum {
    return Math.min(this.due.flush, this.due.tick, this.due.epoch)
  }

  snapshot(): Snapshot {
    return this.state(this.pool.snapshot(), this.hotness.snapshot())
  }

  peek(): Snapshot {
    return this.state(this.pool.peek(), this.hotness.peek())
  }

  private state(pool: ReturnType<Pool['snapshot']>, hotness: ReturnType<Hotness['snapshot']>): Snapshot {
    return {
      pool,
      capacity: this.capacity.snapshot(),
      meter: this.meter.snapshot(),
      hotness,
      accounts: this.accounts.map((account) => account.snapshot()),
      due: { ...this.due },
      marks: { ...this.marks },
      ...(this.shares && { shares: this.shares.snapshot() }),
    }
  }

  restore(from: Snapshot): void {
    const state = from as unknown as DeviceState
    this.pool.restore(state.pool)
    this.capacity.restore(state.capacity)
    this.meter.restore(state.meter)
    this.hotness.restore(state.hotness)
    this.accounts.forEach((account, host) => account.restore(state.accounts[host]!))
    this.due = { ...state.due }
    this.marks = { ...state.marks }
    this.shares?.restore(state.shares)
  }

  observe(): Telemetry {
    const { spec, pool, meter, accounts, marks, shares } = this
    return describeDevice({ spec, pool, meter, accounts, marks, shares, pressure: this.capacity.level })
  }

  /** Recounts every slot and asserts conservation; for the end of a run and for tests. */
  audit(): void {
    this.pool.audit()
  }

  private receive(now: Quantum, mail: Mail, out: Outbox): void {
    const host = this.hostIndex.get(mail.from)
    assert(host !== undefined, `${this.id} got mail from ${mail.from}, who does not share it`)
    if (mail.kind === 'demote') this.answer(now, host, mail.body, out)
    else if (mail.kind === 'written') this.write(host, mail.body)
    else if (mail.kind === 'landed') this.land(host, mail.body)
    else if (mail.kind === 'stocked') this.stock(host, mail.body)
    else if (mail.kind === 'released') this.release(now, host, mail.body)
    else if (mail.kind === 'traffic') this.meet(now, host, mail.body)
    else if (mail.kind === 'poll') this.tellRemaining(host, out)
    else assert(false, `${this.id} got ${mail.kind}`)
  }

  private tellRemaining(host: number, out: Outbox): void {
    const bytes = this.shares?.remainingBytes(host) ?? this.pool.remainingBytes
    out.send(this.spec.hosts[host]!.ordinal, 'remaining', { bytes })
  }

  private answer(now: Quantum, host: number, demote: BodyOf<'demote'>, out: Outbox): void {
    const { ordinal: to, id } = this.spec.hosts[host]!
    const nowNs = now * this.spec.quantumNs
    const { admitted, refused, reasons } = decide(demote, host, nowNs, this.capacity.level, this.pool, this.spec, this.shares)
    if (admitted.length > 0) out.send(to, 'admitted', { batch: demote.batch, pages: admitted })
    if (refused.length > 0) out.send(to, 'refused', { batch: demote.batch, pages: refused, reasons })
    for (const reason of this.accounts[host]!.refuse(reasons)) {
      out.event('first-refusal', { host: id, reason: REFUSAL_REASONS[reason]! })
    }
  }

  private write(host: number, { pages, sizes }: BodyOf<'written'>): void {
    for (let i = 0; i < pages.length; i++) {
      if ((this.shares ?? this.pool).write(host, pages[i]!, sizes[i]!)) this.poisonedNow[host]!.push(pages[i]!)
    }
  }

  /** Stores of pages that it never admitted. */
  private land(host: number, { pages, sizes }: BodyOf<'landed'>): void {
    for (let i = 0; i < pages.length; i++) {
      if ((this.shares ?? this.pool).land(host, pages[i]!, sizes[i]!)) this.poisonedNow[host]!.push(pages[i]!)
    }
  }

  /** What was here before the run: it takes no more than would have been admitted. */
  private stock(host: number, { hostPages, pages, sizes }: BodyOf<'stocked'>): void {
    const { pool, spec, shares } = this
    pool.stock(host, hostPages, pages, sizes)
    this.hotness.reserve(host, hostPages)
    const fits = shares?.divided === true || (pool.storedPages <= pool.maxSlots && this.capacity.atEase(pool.remainingBytes))
    if (fits && shares?.admits(host) !== false) return
    const { id } = spec.hosts[host]!
    throw new ColdpoolError(
      'CP_SCENARIO_LIMIT',
      `hosts.${id}.pooledAtStart`,
      `got ${pool.storedByHost[host]} pages and more for ${this.id}, which take ${formatBytes(pool.usedByHost[host]!)} of it`,
      `as many as ${this.id} takes without an interrupt, all hosts and their shares considered (physical: ${formatBytes(spec.physicalBytes)})`,
    )
  }

  private release(now: Quantum, host: number, { pages }: BodyOf<'released'>): void {
    for (let i = 0; i < pages.length; i++) (this.shares ?? this.pool).release(host, pages[i]!)
    if (this.pool.pendingZeroBytes > 0 && this.due.flush === NEVER) {
      this.due.flush = nextOnGrid(now, this.spec.flushNs, this.spec.quantumNs)
    }
  }

  private meet(now: Quantum, host: number, traffic: BodyOf<'traffic'>): void {
    const account = this.accounts[host]!
    account.readBytes += traffic.readBytes
    account.writeBytes += traffic.writeBytes
    this.meter.add(host, traffic)
    this.hotness.count(host, traffic)
    // Traffic that arrives on a grid point belongs to the span that ends there.
    if (this.due.tick === NEVER) this.due.tick = this.nextReport(now - 1)
    if (this.due.epoch === NEVER && this.hotness.counting) {
      this.due.epoch = nextOnGrid(now - 1, this.hotness.judgementNs, this.spec.quantumNs)
    }
  }

  private flush(): void {
    ;(this.shares?.claims ?? this.pool).flush()
    this.due.flush = NEVER
  }

  private reportPoison(now: Quantum, out: Outbox): void {
    const nowNs = now * this.spec.quantumNs
    this.spec.hosts.forEach(({ ordinal, id }, host) => {
      const account = this.accounts[host]!
      const poisoned = this.poisonedNow[host]!
      if (poisoned.length > 0) {
        account.poisonedPages += poisoned.length
        account.poisonUntold += poisoned.length
        // A page may have been given back in the same step.
        const pages = Uint32Array.from(poisoned.filter((page) => this.pool.isPoisoned(host, page)))
        if (pages.length > 0) out.send(ordinal, 'poisoned', { pages })
        poisoned.length = 0
      }
      if (account.poisonUntold === 0 || nowNs - account.poisonToldAtNs < POISON_TOLD_EVERY_NS) return
      out.event('poison', { host: id, pages: account.poisonUntold })
      account.poisonUntold = 0
      account.poisonToldAtNs = nowNs
    })
  }

  /** Peaks, conservation, thresholds. */
  private takeStock(now: Quantum, out: Outbox): void {
    const { pool, marks } = this
    pool.check()
    const headroomBytes = pool.remainingBytes
    marks.peakUsedBytes = Math.max(marks.peakUsedBytes, pool.usedBytes)
    marks.peakStoredPages = Math.max(marks.peakStoredPages, pool.storedPages)
    if (headroomBytes < marks.minHeadroomBytes) {
      marks.minHeadroomBytes = headroomBytes
      marks.minHeadroomAtNs = now * this.spec.quantumNs
    }
    this.accounts.forEach((account, host) => {
      account.peakUsedBytes = Math.max(account.peakUsedBytes, pool.usedByHost[host]!)
    })
    if (this.shares?.divided !== true) this.watchThresholds(headroomBytes, out)
    if (this.shares) this.tellShares(this.shares, out)
  }

  private watchThresholds(headroomBytes: number, out: Outbox): void {
    if (!this.capacity.crossed(headroomBytes)) return
    this.marks.interrupts++
    const level = this.capacity.level
    // With shares, they say whom it concerns.
    if (!this.shares) for (const { ordinal } of this.spec.hosts) out.send(ordinal, 'pressure', { level })
    out.event(level > 0 ? 'low-threshold' : 'high-threshold', { headroomBytes })
  }

  private tellShares(shares: Shares, out: Outbox): void {
    for (const { host, level, paused } of shares.takeStock()) {
      const { ordinal, id } = this.spec.hosts[host]!
      const told = { host: id, takenBytes: shares.claims.taken(host), shareBytes: shares.shareBytes(host) }
      if (level !== undefined) {
        out.send(ordinal, 'pressure', { level })
        out.event(level > 0 ? 'share-pressed' : 'share-eased', told)
        if (shares.divided) this.marks.interrupts++
      }
      if (paused !== undefined) {
        out.send(ordinal, 'pause', { paused: paused ? 1 : 0 })
        out.event(paused ? 'share-paused' : 'share-resumed', told)
      }
    }
  }

  /** Hosts report their traffic on the tick's grid, and a quantum later it is here. */
  private nextReport(now: Quantum): Quantum {
    return nextOnGrid(now - 1, this.spec.tickNs, this.spec.quantumNs) + 1
  }

  private reportLoad(now: Quantum, out: Outbox): void {
    const before = this.meter.load
    const load = this.meter.close((host, plain, compressed, at) => this.accounts[host]!.read(plain, compressed, at))
    // A loaded device looks again a tick later, so that its hosts learn when it is idle.
    this.due.tick = load.utilisation > 0 ? this.nextReport(now) : NEVER
    // What is offered beyond capacity is owed anew in every tick.
    if (sameLoad(before, load) && load.utilisation <= 1) return
    for (const { ordinal } of this.spec.hosts) out.send(ordinal, 'load', load)
  }

  private reportHotness(out: Outbox): void {
    this.due.epoch = NEVER
    for (const { host, body } of this.hotness.endEpoch()) {
      const { id, promoterOrdinal } = this.spec.hosts[host]!
      const account = this.accounts[host]!
      if (account.hotlistDropped === 0 && body.dropped > 0) out.event('chmu-drop', { host: id })
      account.hotlistDropped += body.dropped
      if (promoterOrdinal !== undefined) out.send(promoterOrdinal, 'hotlist', body)
    }
  }
}

interface DeviceState {
  readonly pool: ReturnType<Pool['snapshot']>
  readonly capacity: unknown
  readonly meter: ReturnType<LoadMeter['snapshot']>
  readonly hotness: ReturnType<Hotness['snapshot']>
  readonly accounts: readonly ReturnType<Account['snapshot']>[]
  readonly due: { flush: Quantum; tick: Quantum; epoch: Quantum }
  readonly marks: Marks
  readonly shares?: unknown
}
