/**
 * Snapshots as chunks in the store. Each lies under a name that nobody can guess and is proved by its digest when it
 * is read, so that nothing that is written later or by others can take its place.
 */
import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { deserialize, serialize } from 'node:v8'
import { ColdpoolError } from '../errors.ts'
import { subject } from '../bus/wire.ts'
import { type Store, StoreFull } from './store.ts'
import { eachWithin } from './window.ts'

/** Where a snapshot lies. */
export interface Located {
  readonly object: string
  readonly chunks: number
  readonly bytes: number
  readonly digest: string
  /** Places of its chunks in the stream. */
  readonly positions: readonly number[]
}

/** Fits the server's default max_payload of 1 MiB with its headers. */
export const CHUNK_BYTES = 512 << 10
/** Chunks on their way at a time. */
export const WINDOW = 8
const RETRY_MS = 300

/** Under whose name a snapshot lies. */
export interface Place {
  readonly run: string
  readonly role: string
}

/** V8's own format: exact for every number and array, which a digest of the state needs (msgpack loses −0). */
export function packSnapshot(value: unknown): Uint8Array {
  return serialize(value)
}

/** Stores the bytes; tries again while the store is away or full, until it is told to give up. */
export async function putSnapshot(
  store: Store,
  place: Place,
  bytes: Uint8Array,
  signal: AbortSignal,
  onTrouble?: (error: Error) => void,
): Promise<Located> {
  const object = newName()
  const chunks = Math.max(1, Math.ceil(bytes.length / CHUNK_BYTES))
  const positions: number[] = []
  await eachWithin(WINDOW, chunks, async (index) => {
    const chunk = bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES)
    positions[index] = await putChunk(store, place, { object, index }, chunk, signal, onTrouble)
  })
  return { object, chunks, bytes: bytes.length, digest: digestOf(bytes), positions }
}

/** Throws CP_JOURNAL if what lies there is not what was stored. */
export async function getSnapshot(store: Store, place: Place, located: Located, signal: AbortSignal): Promise<unknown> {
  const { object, chunks, digest } = located
  const parts: Uint8Array[] = []
  await eachWithin(WINDOW, chunks, async (index) => {
    parts[index] = await getChunk(store, place, { object, index }, signal)
  })
  const bytes = Buffer.concat(parts)
  prove(bytes, digest, object)
  // Only now: the digest says that we wrote it ourselves.
  return deserialize(bytes)
}

/** A name that nobody can guess. */
export function newName(): string {
  return randomBytes(12).toString('hex')
}

export interface ChunkName {
  readonly object: string
  readonly index: number
}

/** Gives the chunk's place in the stream. */
export function putChunk(
  store: Store,
  place: Place,
  name: ChunkName,
  bytes: Uint8Array,
  signal: AbortSignal,
  onTrouble?: (error: Error) => void,
): Promise<number> {
  const id = `${name.object}.${name.index}`
  return stubbornly(() => store.append(chunkSubject(place, name), bytes, id), signal, onTrouble)
}

export function getChunk(store: Store, place: Place, name: ChunkName, signal: AbortSignal): Promise<Uint8Array> {
  return stubbornly(async () => {
    const chunk = await store.read(chunkSubject(place, name))
    if (chunk === undefined) throw new Error(`chunk ${name.index} of ${name.object} is not there`)
    return chunk
  }, signal)
}

/** Throws CP_JOURNAL if these are not the bytes that were stored. */
export function prove(bytes: Uint8Array, digest: string, object: string): void {
  if (digestOf(bytes) === digest) return
  throw new ColdpoolError('CP_JOURNAL', `snapshot ${object}`, 'does not have its digest', 'the bytes that were stored')
}

function chunkSubject({ run, role }: Place, { object, index }: ChunkName): string {
  return `${subject(run, 'snapshot', role, object)}.${index}`
}

async function stubbornly<T>(
  attempt: () => Promise<T>,
  signal: AbortSignal,
  onTrouble: (error: Error) => void = () => {},
): Promise<T> {
  for (;;) {
    signal.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      if (error instanceof ColdpoolError) throw error
      if (error instanceof StoreFull) onTrouble(error)
      await sleep(RETRY_MS, undefined, { signal })
    }
  }
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
