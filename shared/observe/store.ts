/** What the journal and the snapshots need of a store: an append-only sequence of messages by subject. */
import { ColdpoolError } from '../errors.ts'

export interface Stored {
  readonly sequence: number
  readonly subject: string
  readonly bytes: Uint8Array
}

export interface Store {
  /** Gives its place in the stream. `id` makes a repetition harmless; `after`: only if this is the place of the last of its subject. */
  append(subject: string, bytes: Uint8Array, id: string, after?: number): Promise<number>
  /** A snapshot's chunk, from any replica: what was stored a moment ago may not be there yet. */
  read(subject: string): Promise<Uint8Array | undefined>
  /** The first in the journal from this place on whose subject matches; never out of date. */
  next(subject: string, from: number): Promise<Stored | undefined>
  /** The last in the journal of this very subject. */
  last(subject: string): Promise<Stored | undefined>
  /** Forgets what lies at these places; what is not there any more is no error. */
  remove(stream: string, places: readonly number[]): Promise<void>
  /** Forgets all that matches, or what lies before a place. For leftovers: nats-server 2.9 goes on counting their bytes as used. */
  trim(stream: string, subject: string, before?: number): Promise<void>
}

/** The store said no, because it is full; what was to be stored is not. */
export class StoreFull extends Error {}

/** The store is away; whether what was to be stored is stored, nobody knows. Storing it again with the same id does no harm. */
export class StoreAway extends Error {}

export const JOURNAL_STREAM = 'coldpool-journal'
export const SNAPSHOT_STREAM = 'coldpool-snapshots'

export function superseded(subject: string): ColdpoolError {
  return new ColdpoolError('CP_SUPERSEDED', subject, 'another conductor has written to it', 'one conductor a run')
}
