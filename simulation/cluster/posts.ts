/**
 * Who holds which stage of the run: fills the posts, assigns them, notices who is lost, and has a silent one replaced as
 * soon as somebody stands by. As long as a post is vacant the run waits; it never goes on without.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { StageId } from '#shared/bus/bus.ts'
import { StageLost } from '#shared/bus/conductor-end.ts'
import { readControl } from '#shared/bus/control.ts'
import { type Dropped, subject, type Subscription, type Wire } from '#shared/bus/wire.ts'
import type { StageStatus } from '#shared/observe/broadcast.ts'
import type { Log } from '#shared/observe/log.ts'
import type { Located } from '#shared/observe/snapshots.ts'
import type { PlacedCommand } from './placed-command.ts'
import { place, type Member, type Placement, type Slot } from './placement.ts'
import { HELLO_MS } from './crew.ts'
import { type Hand, type Roster, SILENT_MS } from './roster.ts'

export interface Orders {
  readonly generation: number
  readonly placement: Placement
  /** Those that took effect before the first grant. */
  readonly commands: readonly PlacedCommand[]
  readonly first: number
  /** Where the snapshots lie; undefined: start afresh. */
  readonly stages: readonly Located[] | undefined
}

const LOOK_MS = 50
/** Before stages are dealt out, nobody new has come for this long; unless all are there, or one for each actor that is no workload. */
const SETTLE_MS = 2500
const ASSIGN_AGAIN_MS = 1000
const NOWHERE: Located = { object: '', chunks: 0, bytes: 0, digest: '', positions: [] }

export class Posts {
  readonly #wire: Wire
  readonly #roster: Roster
  readonly #order: { readonly run: string; readonly scenario: string }
  readonly #dropped: Dropped
  readonly #log: Log
  readonly #onLost: (lost: StageLost) => void
  /** So many are to come. */
  readonly #stages: number
  /** Made once: who was lost is replaced where he stood. */
  #placement: Placement | undefined
  #slots: readonly Slot[] = []
  /** By stage number; the conductor's own has none. */
  #holders: (string | undefined)[] = []
  #ready = new Set<StageId>()
  readonly #silent = new Set<StageId>()
  #generation = 0
  #lastCameMs = 0
  #readyMs = Infinity
  /** Since all posts were filled. */
  #lost: StageLost | undefined
  #subscriptions: Subscription[] = []
  /** Whom the run waits for, in words. */
  remark = ''
  #saidMs = 0
  #logged = ''

  constructor(
    wire: Wire,
    roster: Roster,
    order: { readonly run: string; readonly scenario: string },
    dropped: Dropped,
    log: Log,
    onLost: (lost: StageLost) => void,
    stages = 0,
  ) {
    this.#wire = wire
    this.#roster = roster
    this.#order = order
    this.#dropped = dropped
    this.#log = log
    this.#onLost = onLost
    this.#stages = stages
  }

  open(): void {
    this.#lastCameMs = this.#wire.now()
    this.#subscriptions = [
      this.#wire.subscribe(subject(this.#order.run, 'ready', '*', 'conductor'), (bytes, at) =>
        this.#hearReady(bytes, at.split('.')[3]!),
      ),
      this.#wire.every(LOOK_MS * 5, () => this.#look()),
    ]
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.stop()
  }

  came(hand: Hand, before: Hand | undefined): void {
    this.#lastCameMs = this.#wire.now()
    if (before === undefined) return
    const stage = this.#holders.indexOf(before.instance)
    if (stage < 0) return
    this.#log.warn({ stage, name: hand.name }, 'a process came back without its memory')
    this.#vacate(stage, `${hand.name} was started again`)
  }

  /** Resolves when every post has somebody to hold it. Makes the placement if there is none yet. `check` may throw to end the wait. */
  async fill(given: Placement | undefined, members: readonly Member[], check: () => void): Promise<Placement> {
    if (given) this.#placement = given
    for (;;) {
      check()
      this.#placement ??= this.#place(members)
      const placement = this.#placement
      if (placement) {
        this.#slots = placement.slots
        const vacant = this.#fillVacant()
        if (vacant.length === 0) {
          this.#lost = undefined
          this.#readyMs = Infinity
          return placement
        }
        this.#say(`waiting for ${vacant.map((stage) => this.#slots[stage]!.name).join(', ')}`)
      }
      await sleep(LOOK_MS)
    }
  }

  /** Resolves when every stage has taken its assignment. Throws StageLost. */
  async assign(orders: Orders, check: () => void): Promise<void> {
    this.#generation = orders.generation
    this.#ready = new Set([0])
    let saidMs = -Infinity
    for (;;) {
      const late = this.#slots.flatMap((_, stage) => (this.#ready.has(stage) ? [] : [stage]))
      if (late.length === 0) {
        this.#say('')
        this.#readyMs = this.#wire.now()
        return
      }
      check()
      this.#throwIfLost()
      if (this.#wire.now() - saidMs > ASSIGN_AGAIN_MS) {
        saidMs = this.#wire.now()
        for (const stage of late) this.#tell(stage, orders)
      }
      this.#say(
        `waiting for ${late.map((stage) => this.#slots[stage]!.name).join(', ')} to take up ${late.length > 1 ? 'their posts' : 'its post'}`,
      )
      await sleep(LOOK_MS / 5)
    }
  }

  /** All may stand by. */
  dismiss(reason: string): void {
    const { run } = this.#order
    for (const instance of this.#holders) {
      if (instance !== undefined) this.#roster.tell(instance, 'go', { instance, run, generation: this.#generation, reason })
    }
    this.#holders = []
    this.#slots = []
  }

  status(actorsOf: (stage: StageId) => string[]): StageStatus[] {
    return this.#slots.map(({ name, roles }, stage) => {
      const hand = this.#hand(stage)
      const own = stage === 0
      const silentMs = hand ? this.#roster.silentMs(hand) : 0
      const state = own ? 'live' : hand === undefined ? 'missing' : silentMs > SILENT_MS ? 'silent' : 'live'
      return {
        name: hand?.name ?? name,
        roles: [...roles],
        actors: actorsOf(stage),
        state,
        silentSeconds: Math.round(silentMs / 100) / 10,
      }
    })
  }

  standby(): string[] {
    return this.#free().map(({ name }) => name)
  }

  /** Of all stages, and the conductor's own. */
  dropped(own: Readonly<Record<string, number>>): Record<string, number> {
    const total: Record<string, number> = { ...own }
    for (const { dropped } of this.#roster.hands) {
      for (const [cause, count] of Object.entries(dropped)) total[cause] = (total[cause] ?? 0) + count
    }
    return total
  }

  #place(members: readonly Member[]): Placement | undefined {
    const offers = this.#free()
    const placed = place(members, offers)
    if ('lacking' in placed) {
      this.#say(`waiting for ${placed.lacking.map((role) => `a ${role}`).join(', ')}`)
      return undefined
    }
    const settled = this.#wire.now() - this.#lastCameMs > SETTLE_MS
    const wanted = this.#stages || members.filter(({ role }) => role !== 'conductor' && role !== 'workload').length
    // One that carries nothing but workloads stands for none of these actors.
    const counted = placed.slots.slice(1).filter(({ roles }) => this.#stages > 0 || roles[0] !== 'workload')
    if (counted.length >= wanted || settled) return placed
    this.#say(`${counted.length} stages of ${wanted} are there; waiting whether more come`)
    return undefined
  }

  /** Gives the posts that stay vacant. One that held a post, by name, gets it back before anybody else. */
  #fillVacant(): StageId[] {
    this.#holders.length = this.#slots.length
    for (const byName of [true, false]) {
      for (let stage = 1; stage < this.#slots.length; stage++) {
        if (this.#hand(stage)) continue
        const { name, roles } = this.#slots[stage]!
        const hand = this.#free().find(
          (free) =>
            (!byName || free.name === name) && free.roles[0] === roles[0] && roles.every((role) => free.roles.includes(role)),
        )
        this.#holders[stage] = hand?.instance
      }
    }
    return this.#slots.flatMap((_, stage) => (stage > 0 && this.#holders[stage] === undefined ? [stage] : []))
  }

  #free(): Hand[] {
    return this.#roster.hands.filter((hand) => !this.#holders.includes(hand.instance) && this.#roster.silentMs(hand) <= SILENT_MS)
  }

  #hand(stage: StageId): Hand | undefined {
    const instance = this.#holders[stage]
    return instance === undefined ? undefined : this.#roster.of(instance)
  }

  #vacate(stage: StageId, why: string): void {
    const instance = this.#holders[stage]
    this.#holders[stage] = undefined
    this.#silent.delete(stage)
    if (instance !== undefined) this.#roster.retire(instance, 'another process has taken your place')
    this.#lose(stage, why)
  }

  #throwIfLost(): void {
    if (this.#lost) throw this.#lost
  }

  #lose(stage: StageId, why: string): void {
    this.#lost = new StageLost(stage, why)
    this.#onLost(this.#lost)
  }

  #look(): void {
    // What is over within a second is not worth a line.
    if (this.remark !== this.#logged && this.#wire.now() - this.#saidMs > HELLO_MS) {
      this.#logged = this.remark
      if (this.remark !== '') this.#log.info({}, this.remark)
    }
    for (let stage = 1; stage < this.#slots.length; stage++) {
      const hand = this.#hand(stage)
      if (hand === undefined) {
        if (this.#holders[stage] !== undefined) this.#vacate(stage, 'it is gone')
        continue
      }
      // It is there, but has dropped what it carried, or never heard of it.
      const settled = hand.heardMs - this.#readyMs > SETTLE_MS
      if (settled && (hand.run !== this.#order.run || hand.generation !== this.#generation))
        this.#lose(stage, 'it has dropped its post')
      const silent = this.#roster.silentMs(hand) > SILENT_MS
      if (silent && !this.#silent.has(stage)) {
        this.#silent.add(stage)
        this.#say(`waiting for ${hand.name}, which has said nothing for ${SILENT_MS / 1000} s`)
        this.#log.warn({ stage, name: hand.name }, 'a stage is silent; the run waits for it')
      }
      if (!silent && this.#silent.delete(stage)) {
        this.#say('')
        this.#log.info({ stage, name: hand.name }, 'a silent stage speaks again')
      }
      const { roles } = this.#slots[stage]!
      if (silent && this.#free().some((free) => free.roles[0] === roles[0] && roles.every((role) => free.roles.includes(role)))) {
        this.#vacate(stage, `${hand.name} was silent, and another stands by`)
      }
    }
  }

  #tell(stage: StageId, { generation, placement, commands, first, stages }: Orders): void {
    const { run, scenario } = this.#order
    const { object, chunks, bytes, digest } = stages?.[stage] ?? NOWHERE
    const roles = placement.slots.map((slot) => slot.roles[0]!)
    const instance = this.#holders[stage]!
    this.#roster.tell(instance, 'assign', {
      instance,
      run,
      generation,
      stage,
      roles,
      placement: placement.stageOf,
      scenario,
      commands,
      first,
      object,
      chunks,
      bytes,
      digest,
    })
  }

  #hearReady(bytes: Uint8Array, role: string): void {
    const body = readControl(bytes, ['ready'], this.#dropped)?.body
    if (body === undefined) return
    const { generation, stage, instance } = body
    if (generation !== this.#generation) this.#dropped.count('old')
    else if (this.#slots[stage]?.roles[0] !== role) this.#dropped.count('stranger', 'a ready in the name of another role')
    else if (this.#holders[stage] !== instance) this.#dropped.count('stranger', 'a ready of another process')
    else if (this.#ready.has(stage)) this.#dropped.count('double')
    else this.#ready.add(stage)
  }

  #say(remark: string): void {
    if (remark === this.remark) return
    this.remark = remark
    this.#saidMs = this.#wire.now()
  }
}
