/**
 * What decides a run, as records in the journal, in order: its scenario, its generations, its stamped commands, its whole
 * sets of snapshots, and now and then the digest of what was done. From them a conductor that was killed goes on.
 */
import { deserialize, serialize } from 'node:v8'
import type { TrailMark } from '#shared/bus/conductor-end.ts'
import type { Stamped } from '#shared/command.ts'
import { subject } from '#shared/bus/wire.ts'
import { JOURNAL_STREAM, SNAPSHOT_STREAM, type Store, StoreAway, StoreFull, superseded } from '#shared/observe/store.ts'
import { type Located, newName } from '#shared/observe/snapshots.ts'
import type { GrantState } from '#services/conductor/grants.ts'
import type { Placement } from './placement.ts'
import { setTimeout as sleep } from 'node:timers/promises'

/** What the run is, as it was opened. */
export interface RunOrder {
  readonly run: string
  /** The scenario as it is run, overrides and all. */
  readonly scenario: string
  readonly folder: string
  /** The keys of foreign workloads are derived from it. */
  readonly secret: string
  /** Wall time in ms since 1970, for the verdict's wall seconds. */
  readonly openedMs: number
  /** Commands from a file, stamped before the run began. */
  readonly script: readonly Stamped[]
}

/** A whole set of snapshots, at one boundary between grants. */
export interface SetRecord {
  readonly set: string
  /** Number of the grant before whose step the snapshots were taken. */
  readonly first: number
  readonly state: GrantState
  readonly placement: Placement
  /** By stage number. */
  readonly stages: readonly Located[]
  readonly ledger: Located
}

interface Records {
  order: RunOrder
  generation: { readonly generation: number }
  command: { readonly generation: number; readonly stamped: Stamped }
  placement: { readonly generation: number; readonly placement: Placement }
  set: { readonly generation: number; readonly set: SetRecord }
  trail: { readonly generation: number; readonly mark: TrailMark }
  closed: Record<string, never>
}
type RecordKind = keyof Records

const AWAY_RETRY_MS = 300

export class RunJournal {
  readonly #store: Store
  readonly #scope: string
  readonly order: RunOrder
  readonly commands: Stamped[] = []
  readonly trail: TrailMark[] = []
  /** As the actors were dealt out at the start. */
  placement: Placement | undefined
  set: SetRecord | undefined
  generation = 0
  /** Where the last generation stands; two conductors cannot both write the next. */
  #generationAt = 0
  #setAt = 0
  #trailAt: number[] = []
  /** A resumed journal has begun its generation already. */
  #begun = false
  #closed = false

  private constructor(store: Store, scope: string, order: RunOrder) {
    this.#store = store
    this.#scope = scope
    this.order = order
  }

  /** The run of this lobby that is not finished, or, if its conductor died over that, not closed; undefined if there is none. */
  static async resume(store: Store, scope: string): Promise<RunJournal | undefined> {
    const pointer = await stubbornly(() => store.last(pointerOf(scope)))
    if (!pointer) return undefined
    const run = Buffer.from(pointer.bytes).toString('utf8')
    const first = await stubbornly(() => store.next(subject(run, 'journal', 'conductor', 'order'), 1))
    if (!first) return undefined
    const journal = new RunJournal(store, scope, deserialize(first.bytes) as RunOrder)
    const read = await journal.#read(first.sequence + 1)
    if (journal.#closed) return journal
    // What the one before wrote while we read counts too, for it was written before our generation began.
    const generation = journal.generation + 1
    const at = await journal.#write('generation', { generation }, journal.#generationAt)
    await journal.#read(read, at)
    journal.generation = generation
    journal.#generationAt = at
    journal.#begun = true
    return journal
  }

  static async open(store: Store, scope: string, order: RunOrder): Promise<RunJournal> {
    const journal = new RunJournal(store, scope, order)
    await journal.#write('order', order)
    const at = await stubbornly(() => store.append(pointerOf(scope), Buffer.from(order.run), newName()))
    await stubbornly(() => store.trim(JOURNAL_STREAM, pointerOf(scope), at))
    return journal
  }

  /** The run is over; what is left of it is to be removed. */
  get closed(): boolean {
    return this.#closed
  }

  /** Throws CP_SUPERSEDED if another conductor has begun it. */
  async nextGeneration(): Promise<number> {
    if (this.#begun) this.#begun = false
    else await this.#begin()
    return this.generation
  }

  /** Whoever repeats the run from its start deals out the actors in the same way. Throws StoreFull. */
  async placed(placement: Placement): Promise<void> {
    await this.#write('placement', { generation: this.generation, placement })
    this.placement = placement
  }

  /** Before anything is written but into the journal: throws CP_SUPERSEDED if another conductor has begun a generation. */
  async stillOurs(): Promise<void> {
    const at = subject(this.order.run, 'journal', 'conductor', 'generation')
    const last = await stubbornly(() => this.#store.last(at))
    if (last?.sequence !== this.#generationAt) throw superseded(at)
  }

  /** Throws StoreFull: then the command must not take effect. Throws CP_SUPERSEDED: then nobody will obey it. */
  async command(stamped: Stamped): Promise<void> {
    await this.#write('command', { generation: this.generation, stamped })
    await this.stillOurs()
    this.commands.push(stamped)
  }

  /** From now on the run can be restored from this set; what lay before it is forgotten. */
  async whole(set: SetRecord): Promise<void> {
    const before = this.set
    const beforeAt = this.#setAt
    this.#setAt = await this.#write('set', { generation: this.generation, set })
    await this.stillOurs()
    this.set = set
    if (before) {
      // A set needs chunks of earlier ones.
      const needed = new Set(placesOf(set))
      await this.#remove(
        SNAPSHOT_STREAM,
        placesOf(before).filter((place) => !needed.has(place)),
      )
      await this.#remove(JOURNAL_STREAM, [beforeAt])
    }
    await this.#remove(JOURNAL_STREAM, this.#trailAt.splice(0))
    // What is left of sets that never became whole.
    await this.#trim(SNAPSHOT_STREAM, `coldpool.${this.order.run}.snapshot.>`, Math.min(...placesOf(set)))
  }

  /** Nothing waits for it: it only makes a check of a repetition reach further. */
  async remember(mark: TrailMark): Promise<void> {
    this.#trailAt.push(await this.#write('trail', { generation: this.generation, mark }))
  }

  /** The run is over; only that it was remains. */
  async close(): Promise<void> {
    await this.#markClosed()
    const { run } = this.order
    if (this.set) await this.#remove(SNAPSHOT_STREAM, placesOf(this.set))
    await this.#trim(SNAPSHOT_STREAM, `coldpool.${run}.snapshot.>`)
    await this.#trim(JOURNAL_STREAM, pointerOf(this.#scope))
    await this.#trim(JOURNAL_STREAM, `coldpool.${run}.journal.>`)
  }

  #remove(stream: string, places: readonly number[]): Promise<void> {
    return stubbornly(() => this.#store.remove(stream, places))
  }

  #trim(stream: string, at: string, before?: number): Promise<void> {
    return stubbornly(() => this.#store.trim(stream, at, before))
  }

  /** Where there is no room for that, the run is forgotten at once: whoever comes now finds nothing to resume. */
  async #markClosed(): Promise<void> {
    try {
      await this.#write('closed', {})
    } catch (error) {
      if (!(error instanceof StoreFull)) throw error
      await this.#trim(JOURNAL_STREAM, pointerOf(this.#scope))
    }
  }

  async #begin(): Promise<void> {
    const generation = this.generation + 1
    this.#generationAt = await this.#write('generation', { generation }, this.#generationAt)
    this.generation = generation
  }

  /** Gives where to read on. */
  async #read(from: number, before = Infinity): Promise<number> {
    const all = subject(this.order.run, 'journal', 'conductor', '*')
    for (let at = from; ;) {
      const next = at
      const record = await stubbornly(() => this.#store.next(all, next))
      if (!record || record.sequence >= before) return at
      at = record.sequence + 1
      this.#take(record.subject.split('.')[4] as RecordKind, deserialize(record.bytes) as Records[RecordKind], record.sequence)
    }
  }

  #take(kind: RecordKind, body: Records[RecordKind], sequence: number): void {
    if (kind === 'closed') this.#closed = true
    if (!('generation' in body)) return
    if (kind === 'generation') {
      this.generation = body.generation
      this.#generationAt = sequence
    }
    // A conductor that had been replaced without knowing it wrote this: nobody has obeyed it.
    if (body.generation !== this.generation) return
    if ('stamped' in body) this.commands.push(body.stamped)
    else if ('placement' in body) this.placement = body.placement
    else if ('set' in body) {
      this.set = body.set
      this.#setAt = sequence
    } else if ('mark' in body) {
      this.trail.push(body.mark)
      this.#trailAt.push(sequence)
    }
  }

  async #write<K extends RecordKind>(kind: K, record: Records[K], after?: number): Promise<number> {
    const bytes = serialize(record)
    const id = newName()
    return stubbornly(() => this.#store.append(subject(this.order.run, 'journal', 'conductor', kind), bytes, id, after))
  }
}

function placesOf({ stages, ledger }: SetRecord): number[] {
  return [...stages, ledger].flatMap(({ positions }) => positions)
}

function pointerOf(scope: string): string {
  return subject(scope, 'journal', 'conductor', 'run')
}

/** While the store is away; what it refuses, it refuses. */
async function stubbornly<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof StoreAway)) throw error
      await sleep(AWAY_RETRY_MS)
    }
  }
}
