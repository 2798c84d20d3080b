import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Digest } from '../digest.ts'
import { MemoryStore } from './memory-store.ts'
import { getSnapshot, packSnapshot, putSnapshot } from './snapshots.ts'
import { StoreAway, StoreFull } from './store.ts'

const PLACE = { run: 'run-1', role: 'host' }
const { signal } = new AbortController()

class Balky extends MemoryStore {
  troubles: Error[] = []
  readonly ids: string[] = []

  override append(subject: string, bytes: Uint8Array, id: string, after?: number): Promise<number> {
    this.ids.push(id)
    const trouble = this.troubles.shift()
    return trouble ? Promise.reject(trouble) : super.append(subject, bytes, id, after)
  }
}

describe('a snapshot', () => {
  test('comes back bit for bit, −0 and no number among it', async () => {
    const value = { a: [-0, NaN, 1e300, Infinity], b: Float64Array.of(-0, 1), c: new Map([[1, 'x']]), d: Uint32Array.of(7) }
    const store = new MemoryStore()
    const located = await putSnapshot(store, PLACE, packSnapshot(value), signal)
    const back = (await getSnapshot(store, PLACE, located, signal)) as typeof value
    expect(back).toEqual(value)
    expect(Object.is(back.a[0], -0)).toBe(true)
    expect(located).toMatchObject({ chunks: 1, positions: [1] })
  })

  test('comes back whatever its size, in chunks of half a MiB', async () => {
    const sizes = fc.oneof(fc.integer({ min: 0, max: 9000 }), fc.integer({ min: 520_000, max: 530_000 }), fc.constant(5 << 19))
    await fc.assert(
      fc.asyncProperty(sizes, async (size) => {
        const store = new MemoryStore()
        const bytes = packSnapshot(new Uint8Array(size).fill(7))
        const located = await putSnapshot(store, PLACE, bytes, signal)
        expect(located.chunks).toBe(Math.max(1, Math.ceil(bytes.length / (512 << 10))))
        expect(located.bytes).toBe(bytes.length)
        const back = (await getSnapshot(store, PLACE, located, signal)) as Uint8Array
        expect(back.length).toBe(size)
        expect(back.every((byte) => byte === 7)).toBe(true)
      }),
      { numRuns: 12 },
    )
  })

  test('lies under a name of its own each time, and where its first chunk is', async () => {
    const store = new MemoryStore()
    const bytes = packSnapshot(new Uint8Array(3 << 19))
    const [first, second] = [await putSnapshot(store, PLACE, bytes, signal), await putSnapshot(store, PLACE, bytes, signal)]
    expect(first.object).not.toBe(second.object)
    expect(first.digest).toBe(second.digest)
    expect([...first.positions, ...second.positions]).toEqual(
      Array.from({ length: first.chunks + second.chunks }, (_, i) => i + 1),
    )
    expect(await store.read(`coldpool.run-1.snapshot.host.${second.object}.0`)).toHaveLength(512 << 10)
  })

  test('that is not what was stored is CP_JOURNAL, and is not opened', async () => {
    const store = new MemoryStore()
    const located = await putSnapshot(store, PLACE, packSnapshot({ a: 1 }), signal)
    await store.append(`coldpool.run-1.snapshot.host.${located.object}.0`, packSnapshot({ a: 2 }), 'forged')
    await expect(getSnapshot(store, PLACE, located, signal)).rejects.toThrow(/CP_JOURNAL snapshot .* does not have its digest/)
  })

  test('waits until the store has room or is back, tells of it only if it is full, and repeats with the same id', async () => {
    const store = new Balky()
    store.troubles = [new StoreFull('no room'), new StoreAway('away')]
    const told: string[] = []
    const located = await putSnapshot(store, PLACE, packSnapshot(1), signal, (error) => told.push(error.message))
    expect(told).toEqual(['no room'])
    expect(store.ids).toHaveLength(3)
    expect(new Set(store.ids).size).toBe(1)
    expect(await getSnapshot(store, PLACE, located, signal)).toBe(1)
  })

  test('waits for a chunk that a replica has not got yet', async () => {
    const store = new MemoryStore()
    const located = await putSnapshot(store, PLACE, packSnapshot({ late: true }), signal)
    const at = `coldpool.run-1.snapshot.host.${located.object}.0`
    const chunk = (await store.read(at))!
    await store.trim('coldpool-snapshots', at)
    const back = getSnapshot(store, PLACE, located, signal)
    await store.append(at, chunk, 'again')
    expect(await back).toEqual({ late: true })
  })

  test('is given up when told to, at once', async () => {
    const store = new Balky()
    store.troubles = Array.from({ length: 1000 }, () => new StoreFull('no room'))
    const put = new AbortController()
    const stored = putSnapshot(store, PLACE, packSnapshot(1), put.signal)
    put.abort()
    await expect(stored).rejects.toThrow('abort')
    const get = new AbortController()
    const got = getSnapshot(
      new MemoryStore(),
      PLACE,
      { object: 'x', chunks: 1, bytes: 1, digest: '', positions: [1] },
      get.signal,
    )
    get.abort()
    await expect(got).rejects.toThrow('abort')
    await expect(putSnapshot(new MemoryStore(), PLACE, packSnapshot(1), put.signal)).rejects.toThrow('abort')
  })

  test('keeps the digest of a state', () => {
    const digestOf = (value: unknown): string => {
      const digest = new Digest()
      digest.value(value)
      return digest.hex()
    }
    const state = { random: Uint8Array.from(randomBytes(64)), zero: -0, list: [{ deep: 1.5 }] }
    expect(packSnapshot(state)).toEqual(packSnapshot(state))
    expect(digestOf(state)).toBe(digestOf({ ...state }))
  })
})
