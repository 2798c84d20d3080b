/**
 * Snapshots of one stage, one after another, each storing only what changed. Large arrays are cut into blocks; a block is stored when
 * its hash is not that of the snapshot before, and never if its words go up by one step. What is stored lies in chunks, and an index says where
 * each block is, so a snapshot reads chunks of many. A chunk of which less than half is needed is given up, and what is left
 * of it stored anew: the store holds little more than twice what the state needs.
 */
import { deserialize } from 'node:v8'
import { BLOCK_BYTES, blocksOf, contentOf, cut, type Cut, hashBlock, isRamp, Ramps, writeRamp } from './blocks.ts'
import {
  CHUNK_BYTES,
  type ChunkName,
  digestOf,
  getChunk,
  getSnapshot,
  type Located,
  newName,
  packSnapshot,
  type Place,
  prove,
  putChunk,
  putSnapshot,
  WINDOW,
} from './snapshots.ts'
import type { Store } from './store.ts'
import { eachWithin } from './window.ts'

const CHUNK_BLOCKS = CHUNK_BYTES / BLOCK_BYTES
/** Where a block is: its chunk's number × CHUNK_BLOCKS + its place in there; or, from here on, the number of the ramp that it is. */
const RAMP = 2 ** 31
/** With so many chunks more than the state would fill, those that are half empty are given up too. */
const CHUNKS_OVER = 16

/** What is known of a large array from the last snapshot, by block. */
interface Tracked {
  /** Two words each; of those that are stored. */
  readonly hashes: Uint32Array
  readonly places: Uint32Array
}

interface Chunk extends ChunkName {
  /** Until they are stored. */
  bytes: Uint8Array | undefined
  digest: string
  /** In the stream; undefined until it is stored. */
  position: number | undefined
  blocks: number
  /** Blocks that the last snapshot needs. */
  live: number
}

interface Index {
  /** The state without its large arrays, packed. */
  readonly rest: Uint8Array
  readonly arrays: readonly {
    readonly path: Path
    readonly type: ArrayType
    readonly length: number
    readonly places: Uint32Array
  }[]
  /** First word and step of each. */
  readonly ramps: readonly number[]
  readonly chunks: readonly (ChunkName & Pick<Chunk, 'digest'>)[]
}

/** A state as it was at a moment, on its way into the store. */
export interface Increment {
  readonly index: Omit<Index, 'chunks'>
  /** All that it needs, those of earlier ones among them. */
  readonly chunks: readonly Chunk[]
}

export class Increments {
  #tracked = new Map<string, Tracked>()
  /** By number, which is their index. */
  readonly #chunks = new Map<number, Chunk>()
  #object = ''
  #next = 0
  /** The one that is being filled. */
  #open: Chunk | undefined

  /** Reads the state at once: what it lends may change afterwards. */
  take(state: unknown): Increment {
    this.#object = newName()
    this.#open = undefined
    const sparse = this.#sparse()
    const before = this.#tracked
    this.#tracked = new Map()
    const arrays: Index['arrays'][number][] = []
    const ramps = new Ramps()
    const rest = withoutArrays(state, [], (array, path) => {
      const key = path.join('\n')
      const tracked = this.#follow(cut(array), before.get(key), sparse, ramps)
      before.delete(key)
      this.#tracked.set(key, tracked)
      arrays.push({ path, type: array[Symbol.toStringTag], length: array.length, places: tracked.places })
    })
    for (const { places } of before.values()) for (const place of places) this.#release(place)
    for (const { index, live } of this.#chunks.values()) if (live === 0) this.#chunks.delete(index)
    return { index: { rest: packSnapshot(rest), arrays, ramps: ramps.pairs }, chunks: [...this.#chunks.values()] }
  }

  /** Chunks that are to be given up. Each gives back as much room as it costs, so all of them cost no more than what changes. */
  #sparse(): ReadonlySet<Chunk> {
    const chunks = [...this.#chunks.values()]
    const live = chunks.reduce((sum, chunk) => sum + chunk.live, 0)
    const crowded = chunks.length > (2 * live) / CHUNK_BLOCKS + CHUNKS_OVER
    return new Set(chunks.filter((chunk) => chunk.live < (crowded ? CHUNK_BLOCKS : chunk.blocks) / 2))
  }

  #follow(array: Cut, before: Tracked | undefined, sparse: ReadonlySet<Chunk>, ramps: Ramps): Tracked {
    const count = blocksOf(array)
    const hashes = new Uint32Array(2 * count)
    const places = new Uint32Array(count)
    const known = before?.places.length ?? 0
    for (let block = 0; block < count; block++) {
      const place = block < known ? before!.places[block]! : RAMP
      if (isRamp(array, block)) {
        this.#release(place)
        places[block] = RAMP + ramps.numberOf(array, block)
        continue
      }
      hashBlock(array, block, hashes)
      const at = 2 * block
      const same = place < RAMP && hashes[at] === before!.hashes[at] && hashes[at + 1] === before!.hashes[at + 1]
      if (same && !sparse.has(this.#chunkOf(place))) {
        places[block] = place
      } else {
        this.#release(place)
        places[block] = this.#keep(array, block)
      }
    }
    for (let block = count; block < known; block++) this.#release(before!.places[block]!)
    return { hashes, places }
  }

  #chunkOf(place: number): Chunk {
    return this.#chunks.get(Math.floor(place / CHUNK_BLOCKS))!
  }

  #release(place: number): void {
    if (place < RAMP) this.#chunkOf(place).live--
  }

  /** Gives its place. */
  #keep(array: Cut, block: number): number {
    const chunk = (this.#open ??= this.#begin())
    chunk.bytes!.set(contentOf(array, block), chunk.blocks * BLOCK_BYTES)
    chunk.live++
    if (++chunk.blocks === CHUNK_BLOCKS) this.#open = undefined
    return chunk.index * CHUNK_BLOCKS + chunk.blocks - 1
  }

  #begin(): Chunk {
    const index = this.#next++
    // What is not written of it is not stored.
    const bytes = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    const chunk: Chunk = { object: this.#object, index, bytes, digest: '', position: undefined, blocks: 0, live: 0 }
    this.#chunks.set(index, chunk)
    return chunk
  }
}

/** Stores what is not there yet; tries again while the store is away or full, until it is told to give up. */
export async function putIncrement(
  store: Store,
  place: Place,
  { index, chunks }: Increment,
  signal: AbortSignal,
  onTrouble?: (error: Error) => void,
): Promise<Located> {
  const fresh = chunks.filter(({ position }) => position === undefined)
  await eachWithin(WINDOW, fresh.length, async (i) => {
    const chunk = fresh[i]!
    const bytes = chunk.bytes!.subarray(0, chunk.blocks * BLOCK_BYTES)
    chunk.digest = digestOf(bytes)
    chunk.position = await putChunk(store, place, chunk, bytes, signal, onTrouble)
    chunk.bytes = undefined
  })
  const named = chunks.map(({ object, index: number, digest }) => ({ object, index: number, digest }))
  const located = await putSnapshot(store, place, packSnapshot({ ...index, chunks: named }), signal, onTrouble)
  return { ...located, positions: [...located.positions, ...chunks.map(({ position }) => position!)] }
}

/** The state as it was taken. Throws CP_JOURNAL if what lies there is not what was stored. */
export async function getIncrement(store: Store, place: Place, located: Located, signal: AbortSignal): Promise<unknown> {
  const { rest, arrays, ramps, chunks } = (await getSnapshot(store, place, located, signal)) as Index
  const content = new Map<number, Uint8Array>()
  await eachWithin(WINDOW, chunks.length, async (i) => {
    const { index, object, digest } = chunks[i]!
    const bytes = await getChunk(store, place, { index, object }, signal)
    prove(bytes, digest, object)
    content.set(index, bytes)
  })
  let state = deserialize(rest) as unknown
  for (const { path, type, length, places } of arrays) {
    const array = new ARRAYS[type](length)
    const whole = cut(array)
    for (let block = 0; block < places.length; block++) {
      const from = places[block]!
      if (from >= RAMP) {
        const pair = 2 * (from - RAMP)
        writeRamp(whole, block, ramps[pair]!, ramps[pair + 1]!)
      } else {
        const to = contentOf(whole, block)
        const at = (from % CHUNK_BLOCKS) * BLOCK_BYTES
        to.set(content.get(Math.floor(from / CHUNK_BLOCKS))!.subarray(at, at + to.length))
      }
    }
    state = placed(state, path, array)
  }
  return state
}

type Path = readonly (string | number)[]

const ARRAYS = {
  Uint8Array,
  Uint8ClampedArray,
  Uint16Array,
  Uint32Array,
  Int8Array,
  Int16Array,
  Int32Array,
  Float16Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
}
type ArrayType = keyof typeof ARRAYS

/** Plain data with undefined where an array of a block and more was. `path` is the caller's again afterwards. */
function withoutArrays(
  value: unknown,
  path: (string | number)[],
  visit: (array: NodeJS.TypedArray, path: Path) => void,
): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (ArrayBuffer.isView(value)) {
    if (value instanceof DataView || value.byteLength < BLOCK_BYTES) return value
    visit(value as NodeJS.TypedArray, path.slice())
    return undefined
  }
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return value
  const rest = (Array.isArray(value) ? [] : {}) as Record<string | number, unknown>
  for (const [key, part] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
    path.push(key)
    rest[key] = withoutArrays(part, path, visit)
    path.pop()
  }
  return rest
}

/** `state` with `part` at the end of the path. */
function placed(state: unknown, path: Path, part: unknown): unknown {
  if (path.length === 0) return part
  let at = state as Record<string | number, unknown>
  for (const key of path.slice(0, -1)) at = at[key] as typeof at
  at[path.at(-1)!] = part
  return state
}
