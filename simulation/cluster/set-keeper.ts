/**
 * Sets of snapshots: when to take one, and when it is whole. A set is taken at one boundary between grants by all stages,
 * and counts when each has stored its part and the journal has the manifest. It is due a few seconds after the last, so that
 * a recovery repeats little; if none has become whole for long, the run waits until one is, for the same reason.
 */
import type { ConductorEnd } from '#shared/bus/conductor-end.ts'
import { readControl } from '#shared/bus/control.ts'
import { type Dropped, subject, type Subscription, type Wire } from '#shared/bus/wire.ts'
import { ColdpoolError } from '#shared/errors.ts'
import { type Store, StoreFull } from '#shared/observe/store.ts'
import { type Log, Seldom } from '#shared/observe/log.ts'
import { type Located, packSnapshot, putSnapshot } from '#shared/observe/snapshots.ts'
import type { GrantState } from '#services/conductor/grants.ts'
import type { Placement } from './placement.ts'
import type { RunJournal, SetRecord } from './run-journal.ts'

/** A set is due when storing the last one took at most this share of the time since. */
const STORING_SHARE = 0.025
const INTERVAL_MS_MIN = 1000
/** With the time to restore, a recovery stays below 10 s; */
const INTERVAL_MS_MAX = 6000
/** but for states so large that sets would take more than this share of the time. */
const STORING_SHARE_MAX = 0.1
/** To store a rack's first set and to go back to it takes as long as to build the rack this many times over (measured: 5 and 30 s, and 9). */
const BUILDS_PER_SET = 4
const OVERDUE_MS = 8000

export interface SetKeeperOptions {
  /** Without, no set is ever due. */
  readonly wanted: boolean
  /** Hears the number of the grant from which the run can be repeated now. */
  readonly onWhole?: (first: number) => void
}

interface Pending {
  readonly bus: ConductorEnd
  readonly set: string
  readonly generation: number
  readonly first: number
  readonly state: GrantState
  readonly placement: Placement
  readonly stages: (Located | undefined)[]
  readonly beganMs: number
  readonly abort: AbortController
  ledger: Located | undefined
}

export class SetKeeper {
  readonly #wire: Wire
  readonly #store: Store
  readonly #journal: RunJournal
  readonly #dropped: Dropped
  readonly #log: Log
  readonly #trouble = new Seldom()
  readonly #options: SetKeeperOptions
  #pending: Pending | undefined
  /** The last set that became whole. */
  #whole = ''
  #lastMs = Infinity
  #intervalMs = INTERVAL_MS_MIN
  #overdueMs = OVERDUE_MS
  #count = 0
  #subscription: Subscription | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(wire: Wire, store: Store, journal: RunJournal, dropped: Dropped, log: Log, options: SetKeeperOptions) {
    this.#wire = wire
    this.#store = store
    this.#journal = journal
    this.#dropped = dropped
    this.#log = log
    this.#options = options
  }

  open(): void {
    const at = subject(this.#journal.order.run, 'stored', '*', 'conductor')
    this.#subscription = this.#wire.subscribe(at, (bytes, from) => this.#hear(bytes, from.split('.')[3]!))
  }

  close(): void {
    this.#subscription?.stop()
    this.drop()
  }

  /** A generation begins: what was under way will never be whole, and until it has begun no set is due. */
  drop(): void {
    this.#pending?.abort.abort()
    this.#pending = undefined
    this.#lastMs = Infinity
  }

  /** The first grants of a generation took so long, for states were built in them. Until more would be repeated than a set costs, none is due. */
  begun(tookMs: number): void {
    this.#lastMs = this.#wire.now()
    this.#intervalMs = Math.max(INTERVAL_MS_MIN, BUILDS_PER_SET * tookMs)
  }

  /** Whether the next grant may and should take a set: it holds all stages as they are before one quantum, so none may have stepped further. */
  isDue(bus: ConductorEnd, { last }: GrantState): boolean {
    const isTime = this.#pending === undefined && this.#wire.now() - this.#lastMs >= this.#intervalMs
    return this.#options.wanted && isTime && bus.furthest <= last
  }

  /** So long has the set under way been waited for that the run should wait too. */
  get overdue(): boolean {
    return this.#pending !== undefined && this.#wire.now() - this.#pending.beganMs > this.#overdueMs
  }

  /** The next grant takes a set. */
  begin(bus: ConductorEnd, state: GrantState, placement: Placement, ledger: unknown): void {
    const { generation } = this.#journal
    const set = `${generation}-${++this.#count}`
    const { slots, stageOf } = placement
    const pending: Pending = {
      bus,
      set,
      generation,
      first: bus.number + 1,
      state,
      placement: { slots, stageOf: [...stageOf] },
      stages: slots.map(() => undefined),
      beganMs: this.#wire.now(),
      abort: new AbortController(),
      ledger: undefined,
    }
    this.#pending = pending
    void this.#put(ledger, pending.abort.signal, (located) => {
      pending.ledger = located
      this.#finish(pending)
    })
    bus.takeSet(set)
  }

  /** The conductor's own stage. */
  keepOwn(set: string, saved: unknown): void {
    const pending = this.#pending
    if (pending?.set !== set) return
    void this.#put(saved, pending.abort.signal, (located) => {
      pending.stages[0] = located
      this.#finish(pending)
    })
  }

  /** All that became whole so far is in the journal. */
  settled(): Promise<void> {
    return this.#writing
  }

  async #put(value: unknown, signal: AbortSignal, keep: (located: Located) => void): Promise<void> {
    const place = { run: this.#journal.order.run, role: 'conductor' }
    try {
      const onTrouble = (error: Error): void =>
        this.#trouble.say((held) => this.#log.warn({ problem: error.message, held }, 'a snapshot cannot be stored; trying again'))
      keep(await putSnapshot(this.#store, place, packSnapshot(value), signal, onTrouble))
    } catch (error) {
      if (!signal.aborted) this.#log.error({ problem: (error as Error).message }, 'a snapshot could not be stored')
    }
  }

  #hear(bytes: Uint8Array, role: string): void {
    const body = readControl(bytes, ['stored'], this.#dropped)?.body
    // It is said again and again, in case it was lost.
    if (body === undefined || body.set === this.#whole) return
    const pending = this.#pending
    if (pending === undefined || body.set !== pending.set || body.generation !== pending.generation)
      return this.#dropped.count('old')
    if (pending.placement.slots[body.stage]?.roles[0] !== role) return this.#dropped.count('stranger')
    if (pending.stages[body.stage]) return
    const { object, chunks, bytes: size, digest, positions } = body
    pending.stages[body.stage] = { object, chunks, bytes: size, digest, positions }
    this.#finish(pending)
  }

  #finish(pending: Pending): void {
    const { set, first, state, placement, ledger } = pending
    const stages = pending.stages.filter((located) => located !== undefined)
    if (this.#pending !== pending || ledger === undefined || stages.length < pending.stages.length) return
    this.#writing = this.#write(pending, { set, first, state, placement, stages, ledger })
  }

  async #write(pending: Pending, record: SetRecord): Promise<void> {
    try {
      await this.#journal.whole(record)
    } catch (error) {
      // Another conductor has the run.
      if (error instanceof ColdpoolError) return pending.bus.abandon(error)
      if (!(error instanceof StoreFull)) throw error
      // It stays pending, so that the run comes to wait; the next try is the next set's.
      this.#log.warn({ problem: error.message }, 'the journal is full')
      setTimeout(() => this.#pending === pending && this.#finish(pending), INTERVAL_MS_MIN).unref()
      return
    }
    if (this.#pending !== pending) return
    const tookMs = this.#wire.now() - pending.beganMs
    const longestMs = Math.max(INTERVAL_MS_MAX, tookMs / STORING_SHARE_MAX)
    this.#intervalMs = Math.min(longestMs, Math.max(INTERVAL_MS_MIN, tookMs / STORING_SHARE))
    this.#overdueMs = Math.max(OVERDUE_MS, 2 * tookMs)
    this.#lastMs = pending.beganMs
    this.#whole = pending.set
    this.#pending = undefined
    this.#options.onWhole?.(pending.first)
  }
}
