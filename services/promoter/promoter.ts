/**
 * A promotion agent (kpromote): gathers hotness from the devices' monitors, NUMA hint faults and DAMON, lets a strategy decide
 * which pages are hot, and has kmigrated order them home in batches under a rate limit.
 *
 * An ordered page's record is consumed, whatever comes of the order: a page that the host declines must become hot
 * again before it is ordered again, as in the kernel. A unit is all its pages: a coarse granule orders cold neighbours, and pages that
 * are not in the pool at all, which come back as gone.
 *
 * Left out: further sources (IBS, accessed-bit scans). Coverage, accuracy and lateness are the host's to measure, who
 * knows the truth.
 */
import { type Actor, type ActorId, type Ordinal, type Outbox, peekAt, type Snapshot, type Telemetry } from '#shared/actor.ts'
import { assert } from '#shared/errors.ts'
import type { BodyOf, Mail } from '#shared/messages.ts'
import { NS_PER_MS, type Quantum } from '#shared/time.ts'
import { Kmigrated } from './kmigrated.ts'
import { Pghot } from './pghot.ts'
import type { PromoterSpec } from './spec.ts'
import type { Strategy } from './strategy.ts'

export class Promoter implements Actor {
  readonly id: ActorId
  readonly ordinal: Ordinal
  private readonly spec: PromoterSpec
  private readonly strategy: Strategy
  private readonly kmigrated: Kmigrated
  private counters = {
    /** Mails that brought hotness, from any source. */
    reports: 0,
    reportedUnits: 0,
    hintFaults: 0,
    hotHints: 0,
    ordered: 0,
    home: 0,
    declined: 0,
    gone: 0,
    /** Pages put off to the next second, once for each time. */
    rateLimited: 0,
    hotlistDropped: 0,
  }
  /** Pages told by DAMON. */
  private damonPages = 0

  constructor(spec: PromoterSpec, strategy: Strategy = new Pghot(spec)) {
    this.id = spec.id
    this.ordinal = spec.ordinal
    this.spec = spec
    this.strategy = strategy
    this.kmigrated = new Kmigrated(spec)
  }

  step(now: Quantum, inbox: readonly Mail[], out: Outbox): void {
    for (const mail of inbox) {
      if (mail.kind === 'hotlist') this.readHotlist(now, mail.body)
      else if (mail.kind === 'hints') this.readHints(now, mail.body)
      else if (mail.kind === 'damon') this.readDamon(now, mail.body)
      else if (mail.kind === 'promoted') this.settle(mail.body)
      else assert(false, `${this.id} got ${mail.kind}`)
    }
    if (now >= this.kmigrated.wakeAt) this.migrate(now, out)
    if (this.strategy.pending > 0) this.kmigrated.notice(now)
  }

  nextWake(): Quantum {
    return this.kmigrated.wakeAt
  }

  snapshot(): Snapshot {
    return this.state(this.strategy.snapshot())
  }

  peek(): Snapshot {
    return this.state(peekAt(this.strategy))
  }

  private state(strategy: Snapshot): Snapshot {
    return {
      strategy,
      kmigrated: this.kmigrated.snapshot(),
      counters: { ...this.counters },
      ...(this.spec.damon && { damonPages: this.damonPages }),
    }
  }

  restore(from: Snapshot): void {
    const state = from as unknown as {
      strategy: Snapshot
      kmigrated: ReturnType<Kmigrated['snapshot']>
      counters: Promoter['counters']
      damonPages?: number
    }
    this.strategy.restore(state.strategy)
    this.kmigrated.restore(state.kmigrated)
    this.counters = { ...state.counters }
    this.damonPages = state.damonPages ?? 0
  }

  observe(): Telemetry {
    return { ...this.counters, ...(this.spec.damon && { damonPages: this.damonPages }), pending: this.strategy.pending }
  }

  private readHotlist(now: Quantum, { granulePages, units, counts, dropped }: BodyOf<'hotlist'>): void {
    if (!this.spec.chmu) return
    const nowNs = now * this.spec.quantumNs
    this.counters.reports++
    this.counters.reportedUnits += units.length
    this.counters.hotlistDropped += dropped
    for (let i = 0; i < units.length; i++) {
      const first = units[i]! * granulePages
      for (let page = first; page < first + granulePages; page++) this.strategy.record(page, nowNs, counts[i]!)
    }
  }

  private readHints(now: Quantum, { pages, latencyMs }: BodyOf<'hints'>): void {
    if (!this.spec.hints) return
    const nowNs = now * this.spec.quantumNs
    this.counters.reports++
    this.counters.hintFaults += pages.length
    for (let i = 0; i < pages.length; i++) {
      if (latencyMs[i]! * NS_PER_MS >= this.spec.hintLatencyNs) continue
      this.counters.hotHints++
      this.strategy.record(pages[i]!, nowNs, 1)
    }
  }

  private readDamon(now: Quantum, { pages, samples }: BodyOf<'damon'>): void {
    if (!this.spec.damon) return
    const nowNs = now * this.spec.quantumNs
    this.counters.reports++
    this.damonPages += pages.length
    for (let i = 0; i < pages.length; i++) this.strategy.record(pages[i]!, nowNs, samples[i]!)
  }

  private settle({ home, declined, gone }: BodyOf<'promoted'>): void {
    this.counters.home += home.length
    this.counters.declined += declined.length
    this.counters.gone += gone.length
    // Reports that crossed the order on its way speak of pages that have left the pool.
    for (let i = 0; i < home.length; i++) this.strategy.forget(home[i]!)
    for (let i = 0; i < gone.length; i++) this.strategy.forget(gone[i]!)
  }

  private migrate(now: Quantum, out: Outbox): void {
    const pages = this.strategy.take(this.kmigrated.budget(now))
    for (let from = 0; from < pages.length; from += this.spec.batch) {
      out.send(this.spec.hostOrdinal, 'promote', { pages: pages.slice(from, from + this.spec.batch) })
    }
    this.counters.ordered += pages.length
    this.counters.rateLimited += this.strategy.pending
    this.kmigrated.worked(now, pages.length, this.strategy.pending)
  }
}
