/**
 * A host: DRAM, reclaim, a swap device, and a node of pooled memory on each of its devices. It is filled by the
 * workloads' allocations, keeps its watermarks by demoting the coldest pages, and brings home what its promoter orders.
 *
 * How pooled pages may be read and written is up to the mapping (mapping.ts). What but demotion lands on a device, isolation/
 * decides; by default nothing. Left out: huge pages, NUMA between sockets.
 */
import type { Actor, Outbox, Snapshot, Telemetry } from '#shared/actor.ts'
import type { BodyOf, Mail } from '#shared/messages.ts'
import { POOLED, PROMOTING } from '#shared/page/transitions.ts'
import { fork, Stream } from '#shared/random.ts'
import { NEVER, nextOnGrid, quantumAt, type Quantum } from '#shared/time.ts'
import { Access } from './access.ts'
import { Allocation } from './allocation.ts'
import { peekClass, restoreClass, snapshotClass, WORK_TICK_NS } from './classes.ts'
import { POLL_NS, TLB_FLUSH_NS } from './costs.ts'
import { Damon } from './damon.ts'
import { Demotion } from './demotion.ts'
import { HintScan } from './hint-scan.ts'
import { History } from './history.ts'
import { Isolation } from './isolation/isolation.ts'
import { Link } from './link.ts'
import { HostMemory } from './memory.ts'
import { OomKiller } from './oom.ts'
import { Pause } from './pause.ts'
import { Promotion } from './promotion.ts'
import { Reclaimer } from './reclaimer.ts'
import { Replayer } from './replay.ts'
import { advance, type Resident } from './resident.ts'
import type { HostSpec } from './spec.ts'
import { Start } from './start.ts'
import { SwapDevice } from './swap.ts'
import { Sweeper } from './sweep.ts'
import { emptyTally, type Tally } from './tally.ts'
import { describeHost } from './telemetry.ts'
import { Tenancy } from './tenancy.ts'
import { Truth } from './truth.ts'
import { watermarks } from './watermarks.ts'
import { WriteBudget } from './write-budget.ts'

export class Host implements Actor {
  readonly id: string
  readonly ordinal: number
  readonly #spec: HostSpec
  readonly #memory: HostMemory
  readonly #links: readonly Link[]
  readonly #tally: Tally = emptyTally()
  readonly #truth: Truth
  readonly #swap: SwapDevice
  readonly #stream: Stream
  readonly #access: Access
  readonly #tenancy: Tenancy
  readonly #sweeper: Sweeper
  readonly #replayer: Replayer
  readonly #demotion: Demotion
  readonly #promotion: Promotion | undefined
  readonly #reclaimer: Reclaimer
  readonly #allocation: Allocation
  readonly #hintScan: HintScan | undefined
  readonly #damon: Damon | undefined
  readonly #isolation: Isolation | undefined
  readonly #oom = new OomKiller()
  readonly #pause: Pause | undefined
  readonly #history: History
  readonly #start: Start | undefined
  #lastQuantum: Quantum = -1
  #lastTickNs = 0
  #nextTick: Quantum = NEVER
  /** Slots held per device when the last step began: what the devices know at the end of a run. */
  #slotsBefore: Float64Array

  constructor(spec: HostSpec) {
    this.id = spec.id
    this.ordinal = spec.ordinal
    this.#spec = spec
    const marks = watermarks(spec.memoryBytes, spec.watermarkScaleFactor)
    const memory = new HostMemory(spec)
    const links = spec.devices.map((device) => new Link(device, spec.demotionStores, spec.throttle))
    const swap = new SwapDevice(spec.swap)
    const stream = new Stream(fork(spec.seed, `${spec.id}/events`))
    const contentKey = fork(spec.seed, `${spec.id}/content`)
    const history = new History(
      memory.table,
      memory.classes,
      memory.mapping,
      fork(spec.seed, `${spec.id}/touches`),
      fork(spec.seed, `${spec.id}/hints`),
    )
    const tally = this.#tally
    const truth = new Truth(spec.quantumNs)
    this.#truth = truth
    const faultStream = new Stream(fork(spec.seed, `${spec.id}/faults`))
    const { tickNs } = spec
    // What is not mapped cannot be marked.
    const hints = spec.promotion?.hints === true && memory.mapping.readable
    const access = new Access({ memory, history, links, swap, tally, marks, truth, stream, faultStream, tickNs, hints })
    const hotPerSecond = spec.promotion?.hotAccessesPerSecond ?? Infinity
    const tenancy = new Tenancy({ memory, history, access, links, truth, sizes: spec.sizes, hotPerSecond })
    const { residents } = tenancy
    const isHot = (page: number): boolean => tenancy.isHot(page)
    const isolation =
      spec.isolation &&
      new Isolation({
        ...spec,
        spec: spec.isolation,
        memory,
        links,
        residents,
        marks,
        contentKey,
        landed: (page) => tenancy.landed(page),
      })
    this.#start = spec.start && new Start({ spec: spec.start, memory, links, residents, tally, truth, contentKey })
    const demotion: Demotion = new Demotion({
      memory,
      history,
      links,
      residents,
      tally,
      truth,
      contentKey,
      batch: spec.demotionBatch,
      isHot,
      swapOut: (page, nowNs) => this.#reclaimer.swapOutLocal(page, nowNs),
      isolation,
    })
    this.#reclaimer = new Reclaimer({
      spec,
      memory,
      history,
      residents,
      links,
      swap,
      access,
      demotion,
      tally,
      truth,
      marks,
      isolation,
    })
    this.#allocation = new Allocation(memory, access, tally, marks, isolation)
    this.#isolation = isolation
    if (isolation?.system.arriving === true) this.#nextTick = nextOnGrid(0, spec.tickNs, spec.quantumNs)
    this.#memory = memory
    this.#links = links
    this.#swap = swap
    this.#stream = stream
    this.#history = history
    this.#access = access
    this.#tenancy = tenancy
    this.#demotion = demotion
    this.#sweeper = new Sweeper(memory, history, access, contentKey)
    this.#replayer = new Replayer({
      memory,
      access,
      allocate: (resident, page) => this.#allocation.touch(resident, page),
      hotPerSecond,
      crossed: (page, hot) => tenancy.crossed(page, hot),
    })
    if (spec.promotion !== undefined) {
      this.#promotion = new Promotion({
        memory,
        history,
        links,
        residents,
        tally,
        truth,
        marks,
        isHot,
        promoter: spec.promotion.ordinal,
        wakeKswapd: () => this.#reclaimer.wake(),
      })
      if (hints) this.#hintScan = new HintScan(spec.promotion.scanBytes, spec.promotion.scanPeriodNs)
      const damonStream = new Stream(fork(spec.seed, `${spec.id}/damon`))
      const { ordinal: promoter } = spec.promotion
      if (spec.promotion.damon) this.#damon = new Damon({ memory, history, residents, stream: damonStream, promoter })
    }
    if (spec.devices.some((device) => device.pauses)) this.#pause = new Pause(memory, spec.devices.length)
    this.#slotsBefore = memory.slots.slice()
  }

  step(now: Quantum, inbox: readonly Mail[], out: Outbox): void {
    const nowNs = now * this.#spec.quantumNs
    this.#slotsBefore.set(this.#memory.slots)
    const faulted = this.#faulted
    this.#tenancy.at(nowNs)
    this.#isolation?.change(nowNs, out)
    this.#promotion?.arrive()
    this.#memory.writeback -= this.#swap.complete(nowNs)
    for (const mail of inbox) this.#receive(mail, nowNs, out)
    this.#start?.begin(nowNs, out)
    this.#demotion.settle()
    if (now >= this.#nextTick) this.#tick(now, nowNs, out)
    const spanNs = Math.min(now - this.#lastQuantum, 1) * this.#spec.quantumNs
    for (const resident of this.#tenancy.residents) {
      if (resident.alive && this.#pause?.holds(resident) !== true) this.#allocation.populate(resident, spanNs)
    }
    this.#reclaimer.run(nowNs, spanNs, out)
    this.#isolation?.tell(out)
    for (const link of this.#links) link.flush(out)
    if (!faulted && this.#faulted) out.event('first-fault', { kind: this.#tally.writeFaults > 0 ? 'write' : 'access' })
    this.#lastQuantum = now
    if (this.#nextTick === NEVER && this.#tenancy.residents.some((resident) => resident.alive)) {
      this.#nextTick = nextOnGrid(now, this.#spec.tickNs, this.#spec.quantumNs)
      this.#lastTickNs = nowNs
    }
  }

  /** Whether a mapping has ever stopped an access. */
  get #faulted(): boolean {
    return this.#tally.writeFaults + this.#access.faults.accessFaults > 0
  }

  nextWake(now: Quantum): Quantum {
    const busy =
      this.#reclaimer.active ||
      this.#promotion?.busy === true ||
      this.#tenancy.residents.some((resident) => this.#allocation.wanted(resident))
    if (busy) return now + 1
    const swapDone =
      this.#swap.nextDueNs === Infinity ? NEVER : Math.max(now + 1, quantumAt(this.#swap.nextDueNs, this.#spec.quantumNs))
    return Math.min(this.#nextTick, swapDone, this.#isolation?.nextWake(now) ?? NEVER)
  }

  #receive(mail: Mail, nowNs: number, out: Outbox): void {
    switch (mail.kind) {
      case 'profile':
        this.#tenancy.profile(mail.from, mail.body, nowNs)
        break
      case 'accesses':
        this.#tenancy.accesses(mail.from, mail.body)
        break
      case 'left': {
        const resident = this.#tenancy.of(mail.from)
        if (resident) this.#tenancy.remove(resident)
        break
      }
      case 'admitted': {
        this.#tally.kernelNs += this.#demotion.admitted(this.#device(mail.from), mail.body, nowNs)
        break
      }
      case 'refused':
        this.#demotion.refused(mail.body, nowNs)
        break
      case 'pressure':
        this.#links[this.#device(mail.from)]!.pressure = mail.body.level
        break
      case 'load':
        this.#load(this.#device(mail.from), mail.body)
        break
      case 'remaining':
        this.#refill(this.#device(mail.from), mail.body.bytes)
        break
      case 'poisoned':
        this.#poison(mail.body.pages)
        break
      case 'pause':
        this.#pause?.tell(this.#device(mail.from), mail.body.paused === 1, nowNs)
        break
      case 'promote':
        this.#promotion?.order(mail.body.pages, nowNs, out)
        break
      default:
        break
    }
  }

  #load(device: number, load: BodyOf<'load'>): void {
    this.#links[device]!.load = load
    this.#access.overload(this.#tenancy.residents, device, this.#spec.tickNs)
  }

  /** Slots were poisoned; nothing notices until a read hits one. A page that has left in the meantime is safe. */
  #poison(pages: Uint32Array): void {
    for (const page of pages) {
      const state = this.#memory.table.state[page]
      if (state !== POOLED && state !== PROMOTING) continue
      this.#memory.poison(page)
      this.#truth.end(page)
    }
  }

  #tick(now: Quantum, nowNs: number, out: Outbox): void {
    const spanNs = nowNs - this.#lastTickNs
    this.#lastTickNs = nowNs
    this.#nextTick = nextOnGrid(now, this.#spec.tickNs, this.#spec.quantumNs)
    this.#access.starved = false
    for (const { throttle, load } of this.#links) throttle?.adapt(load.devLoad)
    this.#pause?.tick(this.#tenancy.residents, nowNs)
    for (const resident of this.#tenancy.residents) if (resident.alive) this.#work(resident, nowNs, out)
    for (const resident of this.#tenancy.residents) if (resident.alive && resident.doom !== '') this.#kill(resident, out)
    if (this.#hintScan) {
      const { residents } = this.#tenancy
      this.#tally.kernelNs += this.#hintScan.run(nowNs, this.#memory, this.#history, residents, this.#access.calendars)
    }
    if (this.#spec.promotion) this.#access.tellHints(this.#spec.promotion.ordinal, out)
    this.#tally.kernelNs += this.#damon?.run(nowNs, out) ?? 0
    this.#isolation?.system.arrive(this.#spec.tickNs)
    this.#reclaimer.tick()
    this.#reclaimer.proactive(nowNs, spanNs, out)
    this.#demotion.ask(out)
    for (const link of this.#links) link.reportTraffic(out, spanNs)
    this.#poll(nowNs, out)
    const victim = this.#oom.tick(
      this.#tenancy.residents,
      this.#memory,
      this.#tally,
      this.#allocation.takeStalled() || this.#access.starved,
    )
    if (victim) {
      victim.doom = 'oom'
      this.#tally.oomKills++
      this.#kill(victim, out)
    }
    const idle = !this.#tenancy.residents.some((resident) => resident.alive) && this.#isolation?.system.arriving !== true
    if (idle) this.#nextTick = NEVER
  }

  #poll(nowNs: number, out: Outbox): void {
    const { mapping } = this.#memory
    if (!(mapping instanceof WriteBudget) || !mapping.pollDue(nowNs)) return
    for (const link of this.#links) out.send(link.spec.ordinal, 'poll', {})
    this.#tally.kernelNs += this.#links.length * POLL_NS
  }

  /** A device has said how much room it has; what is writable beyond the budget that follows is protected again. */
  #refill(device: number, remainingBytes: number): void {
    const { mapping } = this.#memory
    if (!(mapping instanceof WriteBudget)) return
    let walkNs = 0
    mapping.refill(device, remainingBytes, (page) => {
      walkNs += this.#access.faults.protect(page, this.#tenancy.residents[this.#memory.ownerOf(page)]!, mapping)
    })
    this.#tally.kernelNs += walkNs > 0 ? walkNs + TLB_FLUSH_NS : 0
  }

  /** One tick of a workload's life. */
  #work(resident: Resident, nowNs: number, out: Outbox): void {
    const ticks = advance(resident, nowNs)
    this.#access.tick(resident, ticks, nowNs)
    if (resident.sweep) this.#sweeper.tick(resident, resident.sweep, ticks)
    if (resident.replay) this.#replayer.tick(resident, resident.replay, ticks)
    this.#access.settle(resident)
    out.send(resident.ordinal, 'progress', {
      workNs: resident.work * WORK_TICK_NS,
      allocated: resident.allocated,
      epochsDone: resident.replay?.epochsDone ?? 0,
      sweepPassesDone: resident.sweep?.passesDone ?? 0,
    })
  }

  #kill(resident: Resident, out: Outbox): void {
    const cause = resident.doom
    out.event('killed', { workload: resident.ordinal, cause, pages: resident.allocated })
    this.#tenancy.remove(resident)
    out.send(resident.ordinal, 'killed', { cause })
  }

  #device(ordinal: number): number {
    return this.#links.findIndex((link) => link.spec.ordinal === ordinal)
  }

  snapshot(): Snapshot {
    return this.#state(this.#memory.snapshot(), snapshotClass)
  }

  peek(): Snapshot {
    return this.#state(this.#memory.snapshot(this.#memory.table.peek()), peekClass)
  }

  #state(memory: Record<string, unknown>, classOf: typeof snapshotClass): Snapshot {
    const flooded = this.#history.snapshot()
    return {
      memory,
      classes: this.#memory.classes.map(classOf),
      ...(flooded.length > 0 && { flooded }),
      tenancy: this.#tenancy.snapshot(),
      access: this.#access.snapshot(),
      links: this.#links.map((link) => link.snapshot()),
      swap: this.#swap.snapshot(),
      demotion: this.#demotion.snapshot(),
      promotion: this.#promotion?.snapshot() ?? null,
      reclaimer: this.#reclaimer.snapshot(),
      allocation: this.#allocation.snapshot(),
      hintScan: this.#hintScan?.snapshot() ?? null,
      ...(this.#damon && { damon: this.#damon.snapshot() }),
      oom: this.#oom.snapshot(),
      truth: this.#truth.snapshot(),
      ...(this.#isolation && { isolation: this.#isolation.snapshot() }),
      tally: { ...this.#tally },
      stream: this.#stream.counter,
      lastQuantum: this.#lastQuantum,
      lastTickNs: this.#lastTickNs,
      nextTick: this.#nextTick,
      slotsBefore: this.#slotsBefore.slice(),
      ...(this.#start && { start: this.#start.snapshot() }),
      ...(this.#pause && { pause: this.#pause.snapshot() }),
      ...(this.#memory.mapping.direct
        ? {}
        : { mapping: this.#memory.mapping.snapshot(), faults: this.#access.faults.snapshot() }),
    }
  }

  restore(from: Snapshot): void {
    const part = (name: string): Record<string, unknown> => from[name] as Record<string, unknown>
    this.#memory.restore(part('memory'))
    const classes = from['classes'] as Record<string, unknown>[]
    this.#memory.classes.length = 0
    for (const saved of classes) this.#memory.classes.push(restoreClass(saved, (text) => this.#spec.sizes.resolve(text)))
    this.#history.restore((from['flooded'] as number[] | undefined) ?? [])
    this.#tenancy.restore(part('tenancy'))
    this.#access.restore(part('access'))
    this.#links.forEach((link, i) => link.restore((from['links'] as Record<string, unknown>[])[i]!))
    this.#swap.restore(part('swap'))
    this.#demotion.restore(part('demotion'))
    this.#promotion?.restore(part('promotion'))
    this.#reclaimer.restore(part('reclaimer'))
    this.#allocation.restore(part('allocation'))
    this.#hintScan?.restore(part('hintScan'))
    this.#damon?.restore(part('damon'))
    this.#oom.restore(part('oom'))
    this.#truth.restore(part('truth'))
    this.#isolation?.restore(part('isolation'))
    Object.assign(this.#tally, part('tally'))
    this.#stream.counter = from['stream'] as number
    this.#lastQuantum = from['lastQuantum'] as number
    this.#lastTickNs = from['lastTickNs'] as number
    this.#nextTick = from['nextTick'] as number
    this.#slotsBefore.set(from['slotsBefore'] as Float64Array)
    this.#start?.restore(part('start'))
    this.#pause?.restore(part('pause'))
    if (this.#memory.mapping.direct) return
    this.#memory.mapping.restore(part('mapping'))
    this.#access.faults.restore(part('faults'))
  }

  observe(): Telemetry {
    this.#memory.check(this.id)
    return describeHost({
      memory: this.#memory,
      links: this.#links,
      tally: this.#tally,
      truth: this.#truth,
      access: this.#access,
      tenancy: this.#tenancy,
      start: this.#start,
      isolation: this.#isolation,
      pause: this.#pause,
      lastQuantum: this.#lastQuantum,
      slotsBefore: this.#slotsBefore,
    })
  }
}
