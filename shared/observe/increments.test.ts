import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BLOCK_BYTES } from './blocks.ts'
import { getIncrement, Increments, putIncrement } from './increments.ts'
import { MemoryStore } from './memory-store.ts'
import { CHUNK_BYTES, type Located, packSnapshot } from './snapshots.ts'
import { SNAPSHOT_STREAM, StoreAway } from './store.ts'

const PLACE = { run: 'run-1', role: 'host' }
const { signal } = new AbortController()

/** Counts what is stored, as a conductor removes what no set needs any more. */
class Counting extends MemoryStore {
  bytes = 0
  readonly held = new Map<number, number>()
  #needed: readonly number[] = []

  override async append(subject: string, bytes: Uint8Array, id: string, after?: number): Promise<number> {
    const place = await super.append(subject, bytes, id, after)
    this.bytes += bytes.length
    this.held.set(place, bytes.length)
    return place
  }

  async whole({ positions }: Located): Promise<void> {
    const gone = this.#needed.filter((place) => !positions.includes(place))
    await this.remove(SNAPSHOT_STREAM, gone)
    for (const place of gone) this.held.delete(place)
    this.#needed = positions
  }
}

/** Xorshift: neither one word, nor the same again. */
function noise(bytes: number, seed = 1): Uint32Array {
  let x = seed
  return Uint32Array.from({ length: bytes / 4 }, () => {
    x ^= x << 13
    x ^= x >>> 17
    return (x ^= x << 5)
  })
}

/** A state of a few large arrays and what stands beside them, and what happens to it between two snapshots. */
const change = fc.oneof(
  fc.record({ kind: fc.constant('write'), at: fc.nat({ max: 299_999 }), value: fc.nat({ max: 255 }) }),
  fc.record({ kind: fc.constant('fill'), at: fc.nat({ max: 299_999 }), value: fc.nat({ max: 3 }) }),
  fc.record({ kind: fc.constant('scatter'), at: fc.integer({ min: 1, max: 7919 }), value: fc.nat({ max: 255 }) }),
  fc.record({ kind: fc.constant('resize'), at: fc.nat({ max: 30_000 }), value: fc.nat() }),
  fc.record({ kind: fc.constant('rest'), at: fc.nat({ max: 9 }), value: fc.nat() }),
)

interface State {
  table: { column: Uint8Array; wide: Float64Array }
  lists: (Uint32Array | null)[]
  rest: number[]
}

function happen(state: State, { kind, at, value }: { kind: string; at: number; value: number }): void {
  const { column } = state.table
  if (kind === 'write') column[at] = value
  else if (kind === 'fill') column.fill(value, at, at + 20_000)
  else if (kind === 'scatter') for (let i = at; i < column.length; i += at) column[i] = value
  else if (kind === 'resize') state.lists[at % 2] = at % 5 === 0 ? null : noise(4 * at, value | 1)
  else {
    state.rest[at] = at === 0 ? NaN : value
    state.table.wide[at] = -0
  }
}

describe('snapshots that build on each other', () => {
  test('come back as the states were, whatever changed between them, from what the store still holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(change, { maxLength: 6 }), { minLength: 1, maxLength: 12 }), async (steps) => {
        const state: State = {
          table: { column: new Uint8Array(noise(300_000).buffer), wide: new Float64Array(2000) },
          lists: [null, noise(50_000, 5)],
          rest: Array.from({ length: 10 }, () => -0),
        }
        const store = new Counting()
        const increments = new Increments()
        for (const step of steps) {
          for (const one of step) happen(state, one)
          const before = structuredClone(state)
          const increment = increments.take(state)
          // What is lent goes on changing.
          for (const one of step) happen(state, one)
          const located = await putIncrement(store, PLACE, increment, signal)
          await store.whole(located)
          const back = await getIncrement(store, PLACE, located, signal)
          // Bit for bit, −0 and NaN among it.
          expect(Buffer.compare(packSnapshot(back), packSnapshot(before))).toBe(0)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('store what changed and no more, and nothing of what goes up by one step', async () => {
    const store = new Counting()
    const increments = new Increments()
    const state = {
      random: noise(64 * BLOCK_BYTES),
      zero: new Float64Array(1 << 20),
      ones: new Uint16Array(1 << 20).fill(0x101),
      pages: Uint32Array.from({ length: 1 << 18 }, (_, i) => 5 + 2 * i),
    }
    await putIncrement(store, PLACE, increments.take(state), signal)
    expect(store.bytes).toBeGreaterThan(64 * BLOCK_BYTES)
    expect(store.bytes).toBeLessThan(70 * BLOCK_BYTES + 32_768)
    const before = store.bytes
    state.random[5000]!++
    state.ones[77_777] = 3
    await putIncrement(store, PLACE, increments.take(state), signal)
    // Two blocks and an index.
    expect(store.bytes - before).toBeLessThan(2 * BLOCK_BYTES + 32_768)
  })

  test('give up chunks that are half empty: the store never holds much more than twice the state', async () => {
    const store = new Counting()
    const increments = new Increments()
    const blocks = 2000
    const state = { column: noise(blocks * BLOCK_BYTES) }
    const perBlock = BLOCK_BYTES / 4
    let located: Located | undefined
    for (let set = 0; set < 60; set++) {
      // Every seventh block anew each time, from another one on.
      for (let block = set % 7; block < blocks; block += 7) state.column[block * perBlock + set] = set + 1
      located = await putIncrement(store, PLACE, increments.take(state), signal)
      await store.whole(located)
      const held = [...store.held.values()].reduce((sum, bytes) => sum + bytes, 0)
      expect(held).toBeLessThan(2.2 * state.column.byteLength + 2 * CHUNK_BYTES)
    }
    expect(await getIncrement(store, PLACE, located!, signal)).toEqual(state)
  })

  test('gather the small chunks of many sets', async () => {
    const store = new Counting()
    const increments = new Increments()
    const state = { column: noise(300 * BLOCK_BYTES) }
    for (let set = 0; set < 200; set++) {
      // One block a time, that stays as it is for long.
      state.column[set * (BLOCK_BYTES / 4)] = 7
      await store.whole(await putIncrement(store, PLACE, increments.take(state), signal))
    }
    expect(store.held.size).toBeLessThan(30)
  })

  test('store what one before them was kept from storing', async () => {
    let away = true
    const store = new (class extends Counting {
      override append(subject: string, bytes: Uint8Array, id: string, after?: number): Promise<number> {
        return away ? Promise.reject(new StoreAway('away')) : super.append(subject, bytes, id, after)
      }
    })()
    const increments = new Increments()
    const state = { column: noise(600 * BLOCK_BYTES) }
    const cutShort = new AbortController()
    const first = putIncrement(store, PLACE, increments.take(state), cutShort.signal)
    cutShort.abort()
    await expect(first).rejects.toThrow('abort')
    away = false
    state.column[0]!++
    const located = await putIncrement(store, PLACE, increments.take(state), signal)
    expect(await getIncrement(store, PLACE, located, signal)).toEqual(state)
  })

  test('of which a chunk is not what was stored are CP_JOURNAL', async () => {
    const store = new MemoryStore()
    const located = await putIncrement(store, PLACE, new Increments().take({ a: noise(BLOCK_BYTES) }), signal)
    const chunk = (await store.next('coldpool.run-1.snapshot.>', 1))!
    await store.append(
      chunk.subject,
      chunk.bytes.map((byte) => byte ^ 1),
      'forged',
    )
    await expect(getIncrement(store, PLACE, located, signal)).rejects.toThrow(/CP_JOURNAL snapshot .* does not have its digest/)
  })

  test('keep arrays of every type, views that begin anywhere, and an array alone', async () => {
    const store = new MemoryStore()
    const odd = new Uint8Array(noise(12_000).buffer).subarray(1, 9000)
    const state = {
      odd,
      half: new Float16Array(4096).fill(1.5),
      big: new BigInt64Array(1000).fill(-3n),
      map: new Map([[1, new Uint8Array(5000)]]),
      small: Uint8Array.of(1, 2),
    }
    const increments = new Increments()
    for (const value of [state, odd]) {
      const located = await putIncrement(store, PLACE, increments.take(value), signal)
      expect(await getIncrement(store, PLACE, located, signal)).toEqual(value)
    }
  })
})
