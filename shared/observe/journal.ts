/**
 * What survives the death of any process: two JetStream streams, acknowledged by the server before anything relies on
 * them. The journal holds what decides a run (its scenario, its generations, its stamped commands) and where its last
 * whole set of snapshots lies; the snapshots are a stream of their own, because it is large and soon trimmed.
 */
import {
  DiscardPolicy,
  jetstream,
  JetStreamApiError,
  type JetStreamClient,
  jetstreamManager,
  type JetStreamManager,
  StorageType,
  type StoredMsg,
  type StreamConfig,
} from '@nats-io/jetstream'
import { ColdpoolError } from '../errors.ts'
import type { NatsWire } from '../bus/nats.ts'
import { CHUNK_BYTES } from './snapshots.ts'
import { JOURNAL_STREAM, SNAPSHOT_STREAM, type Store, StoreAway, type Stored, StoreFull, superseded } from './store.ts'
import { eachWithin } from './window.ts'

export interface StreamLimits {
  /** A full journal refuses commands and pauses the run; full snapshots pause it. Bytes. */
  readonly journalBytes: number
  readonly snapshotBytes: number
  readonly replicas: number
}

/** A rack of 400 million pages holds up to 3 GB of snapshots, and half as much again while it recovers. */
export const STREAM_LIMITS: StreamLimits = { journalBytes: 64 * 2 ** 20, snapshotBytes: 6 * 2 ** 30, replicas: 1 }

/** A week. */
const MAX_AGE_NS = 7 * 86_400 * 1e9
/** On their way at a time. */
const REMOVALS_MAX = 16
const TIMEOUT_MS = 3000

export class JetStreamStore implements Store {
  readonly #client: JetStreamClient
  readonly #manager: JetStreamManager
  /** Ids of what was sent to the journal, until the server has answered. */
  readonly #tried = new Set<string>()

  private constructor(client: JetStreamClient, manager: JetStreamManager) {
    this.#client = client
    this.#manager = manager
  }

  /** For a stage: reads and writes snapshots, needs no right to manage streams. */
  static async open(wire: NatsWire): Promise<JetStreamStore> {
    const options = { timeout: TIMEOUT_MS, checkAPI: false }
    return new JetStreamStore(jetstream(wire.connection, options), await jetstreamManager(wire.connection, options))
  }

  /** For the conductor: makes the streams, or fits their limits. Throws CP_JOURNAL. */
  static async create(wire: NatsWire, limits: StreamLimits): Promise<JetStreamStore> {
    const store = await JetStreamStore.open(wire)
    const { journalBytes, snapshotBytes, replicas } = limits
    await store.#ensure({
      name: JOURNAL_STREAM,
      subjects: ['coldpool.*.journal.>'],
      max_bytes: journalBytes,
      num_replicas: replicas,
    })
    await store.#ensure({
      name: SNAPSHOT_STREAM,
      subjects: ['coldpool.*.snapshot.>'],
      max_bytes: snapshotBytes,
      // Reached first: see #lookForRoom.
      max_msgs: Math.max(1, Math.floor(snapshotBytes / (CHUNK_BYTES + OVERHEAD_BYTES))),
      num_replicas: replicas,
      // A chunk is written once: whoever learns its name later cannot put something else in its place.
      max_msgs_per_subject: 1,
      discard_new_per_subject: true,
    })
    return store
  }

  async append(subject: string, bytes: Uint8Array, id: string, after?: number): Promise<number> {
    try {
      if (subject.split('.')[2] === 'journal') await this.#lookForRoom(bytes.length, id)
      const expect = after === undefined ? {} : { expect: { lastSubjectSequence: after } }
      const { seq } = await this.#client.publish(subject, bytes, { msgID: id, timeout: TIMEOUT_MS, ...expect })
      this.#tried.delete(id)
      return seq
    } catch (error) {
      const { name, message } = error as Error
      if (error instanceof JetStreamApiError) {
        if (error.code === WRONG_LAST_SEQUENCE || /wrong last/.test(message)) {
          throw superseded(subject)
        }
        // It is there from an earlier try of ours, whose acknowledgement was lost: nobody else knew the name.
        if (/messages per subject/.test(message)) return this.#placeOf(subject)
        if (/no response|not available|no leader|unavailable/i.test(message)) throw new StoreAway(message, { cause: error })
        this.#tried.delete(id)
        throw new StoreFull(message, { cause: error })
      }
      if (error instanceof StoreFull) throw error
      throw new StoreAway(`${name} ${message}`, { cause: error })
    }
  }

  /**
   * The server forgets its own overhead when it looks whether a message fits under max_bytes; when only that is too much, it
   * stores the message and pushes out the oldest (seen with 2.9), which in the journal is how the run began. So we look
   * first, and nobody but conductors writes here. What was sent may be there already: that is tried again unasked.
   */
  async #lookForRoom(bytes: number, id: string): Promise<void> {
    if (this.#tried.has(id)) return
    const { config, state } = await this.#manager.streams.info(JOURNAL_STREAM)
    if (config.max_bytes > 0 && state.bytes + bytes + OVERHEAD_BYTES > config.max_bytes) {
      throw new StoreFull(`${state.bytes} of ${config.max_bytes} bytes are taken`)
    }
    this.#tried.add(id)
  }

  async read(subject: string): Promise<Uint8Array | undefined> {
    return (await this.#chunk(subject))?.data
  }

  async #placeOf(subject: string): Promise<number> {
    const chunk = await this.#chunk(subject)
    if (chunk === null) throw new StoreAway(`${subject} is there, but cannot be read`)
    return chunk.seq
  }

  async #chunk(subject: string): Promise<StoredMsg | null> {
    try {
      return await this.#manager.direct.getMessage(SNAPSHOT_STREAM, { last_by_subj: subject })
    } catch (error) {
      throw new StoreAway((error as Error).message, { cause: error })
    }
  }

  async next(subject: string, from: number): Promise<Stored | undefined> {
    return this.#get({ seq: Math.max(1, from), next_by_subj: subject })
  }

  async last(subject: string): Promise<Stored | undefined> {
    return this.#get({ last_by_subj: subject })
  }

  async #get(query: { last_by_subj: string } | { seq: number; next_by_subj: string }): Promise<Stored | undefined> {
    try {
      const message = await this.#manager.streams.getMessage(JOURNAL_STREAM, query)
      return message ? { sequence: message.seq, subject: message.subject, bytes: message.data } : undefined
    } catch (error) {
      if (error instanceof JetStreamApiError && error.status === NOT_FOUND) return undefined
      throw new StoreAway((error as Error).message, { cause: error })
    }
  }

  async remove(stream: string, places: readonly number[]): Promise<void> {
    await eachWithin(REMOVALS_MAX, places.length, (index) => this.#removeOne(stream, places[index]!))
  }

  async #removeOne(stream: string, place: number): Promise<void> {
    try {
      await this.#manager.streams.deleteMessage(stream, place, false)
    } catch (error) {
      // The server's no is that it is not there.
      if (!(error instanceof JetStreamApiError)) throw new StoreAway((error as Error).message, { cause: error })
    }
  }

  async trim(stream: string, subject: string, before?: number): Promise<void> {
    // Nothing lies before the first place; the server would take it for no place at all, and purge everything.
    if (before !== undefined && before <= 1) return
    try {
      await this.#manager.streams.purge(stream, { filter: subject, ...(before !== undefined && { seq: before }) })
    } catch (error) {
      throw new StoreAway((error as Error).message, { cause: error })
    }
  }

  async #ensure(own: Partial<StreamConfig> & { name: string }): Promise<void> {
    const { name } = own
    const config = {
      ...own,
      storage: StorageType.File,
      // Full is full: what is stored is never pushed out by what comes later.
      discard: DiscardPolicy.New,
      // Of runs that were left and never resumed, nothing stays for ever.
      max_age: MAX_AGE_NS,
      allow_direct: true,
    }
    try {
      await this.#manager.streams.add(config)
    } catch (first) {
      try {
        await this.#manager.streams.update(name, config)
      } catch (error) {
        const problem = first instanceof JetStreamApiError ? (error as Error).message : 'JetStream does not answer'
        throw new ColdpoolError('CP_JOURNAL', name, problem, 'a NATS server with JetStream (nats-server -js) and room for it')
      }
    }
  }
}

/** At most, of a message with its subject and headers. */
const OVERHEAD_BYTES = 512
/** Codes of the server's API. */
const WRONG_LAST_SEQUENCE = 10071
const NOT_FOUND = 404
