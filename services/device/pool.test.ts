import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Pool, type PoolSpec } from './pool.ts'

const SPEC: PoolSpec = { physicalBytes: 16 * 4096, advertisedBytes: 32 * 4096, chunkBytes: 512, metadataBytes: 64 }

function stored(pool: Pool, host: number, page: number, size: number): boolean {
  pool.reserve(host, page)
  return pool.write(host, page, size)
}

describe('the chunk allocator', () => {
  test.for([
    [0, 64],
    [1, 512 + 64],
    [512, 512 + 64],
    [513, 1024 + 64],
    [4096, 4096 + 64],
  ] as const)('charges a page that compresses to %i bytes with %i', ([size, bytes]) => {
    const pool = new Pool(SPEC, 1)
    stored(pool, 0, 7, size)
    expect(pool.usedBytes).toBe(bytes)
  })

  test('holds a raw page and its metadata for a reservation, until the first write says the true size', () => {
    const pool = new Pool(SPEC, 1)
    pool.reserve(0, 3)
    expect([pool.reservedBytes, pool.usedBytes, pool.storedPages]).toEqual([4096 + 64, 0, 0])
    pool.write(0, 3, 1000)
    expect([pool.reservedBytes, pool.usedBytes, pool.storedPages]).toEqual([0, 1024 + 64, 1])
  })

  test('takes back at once what a write shrinks, and at the flush what a host gives back', () => {
    const pool = new Pool(SPEC, 1)
    stored(pool, 0, 0, 4096)
    pool.write(0, 0, 1024)
    expect(pool.remainingBytes).toBe(SPEC.physicalBytes - 1024 - 64)
    pool.release(0, 0)
    expect([pool.usedBytes, pool.pendingZeroBytes]).toEqual([0, 1024 + 64])
    expect(pool.remainingBytes).toBe(SPEC.physicalBytes - 1024 - 64)
    pool.flush()
    expect(pool.remainingBytes).toBe(SPEC.physicalBytes)
  })

  test('has no room once the advertised slots are taken, reservations included', () => {
    const pool = new Pool({ ...SPEC, advertisedBytes: 2 * 4096 }, 1)
    stored(pool, 0, 0, 0)
    expect(pool.room).toBe(1)
    pool.reserve(0, 1)
    expect(pool.room).toBe(0)
    pool.release(0, 1)
    expect([pool.room, pool.pendingZeroBytes]).toEqual([1, 0])
  })

  test('poisons a page whose growth does not fit; it keeps its chunks, and stays poisoned whatever is written', () => {
    const pool = new Pool({ ...SPEC, physicalBytes: 2 * 4096 }, 1)
    stored(pool, 0, 0, 4096)
    stored(pool, 0, 1, 512)
    expect(pool.write(0, 1, 4096)).toBe(true)
    expect([pool.usedBytes, pool.poisonedPages, pool.isPoisoned(0, 1)]).toEqual([4096 + 64 + 512 + 64, 1, true])
    expect(pool.write(0, 1, 0)).toBe(false)
    expect(pool.isPoisoned(0, 1)).toBe(true)
    pool.release(0, 1)
    expect([pool.pendingZeroBytes, pool.poisonedPages]).toEqual([512 + 64, 0])
    pool.audit()
  })

  test('gives a page that is poisoned at its first write a slot without chunks', () => {
    const pool = new Pool({ ...SPEC, physicalBytes: 4096 + 64 }, 1)
    pool.reserve(0, 0)
    pool.reserve(0, 1)
    pool.write(0, 0, 4096)
    expect(pool.write(0, 1, 4096)).toBe(true)
    expect([pool.storedPages, pool.usedBytes, pool.reservedPages]).toEqual([2, 4096 + 64, 0])
    pool.audit()
    pool.release(0, 1)
    expect(pool.pendingZeroBytes).toBe(0)
    pool.audit()
  })

  test('breaks on what only a bug can ask', () => {
    const pool = new Pool(SPEC, 1)
    pool.reserve(0, 0)
    expect(() => pool.reserve(0, 0)).toThrow('already on the device')
    expect(() => pool.write(0, 1, 0)).toThrow('not on the device')
    expect(() => pool.release(0, 50_000)).toThrow('not on the device')
    expect(() => pool.write(0, 0, 4097)).toThrow('more than a page')
  })

  test('audits: a slot that nobody accounts for is found', () => {
    const pool = new Pool(SPEC, 1)
    stored(pool, 0, 0, 700)
    const damaged = pool.snapshot()
    damaged.slots[0]![9] = 4
    pool.restore(damaged)
    expect(() => pool.audit()).toThrow('invariant broken')
  })
})

/** The obvious pool: a map from slot to bytes held. */
class Reference {
  readonly slots = new Map<string, { state: 'reserved' | 'stored' | 'poisoned'; bytes: number }>()
  pending = 0

  get used(): number {
    return [...this.slots.values()].reduce((sum, slot) => sum + slot.bytes, 0)
  }

  count(state: string): number {
    return [...this.slots.values()].filter((slot) => slot.state === state).length
  }

  write(key: string, size: number, spec: PoolSpec): void {
    const slot = this.slots.get(key)!
    if (slot.state === 'poisoned') return
    const bytes = Math.ceil(size / spec.chunkBytes) * spec.chunkBytes + spec.metadataBytes
    const fits = bytes - slot.bytes <= spec.physicalBytes - this.used - this.pending
    this.slots.set(key, fits ? { state: 'stored', bytes } : { state: 'poisoned', bytes: slot.bytes })
  }
}

const command = fc.record({
  what: fc.constantFrom('reserve', 'write', 'write', 'release', 'flush', 'revive'),
  host: fc.integer({ min: 0, max: 1 }),
  page: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 30 }) }, { weight: 1, arbitrary: fc.constant(3000) }),
  size: fc.integer({ min: 0, max: 4096 }),
})

describe('any sequence of demotions, writes and releases', () => {
  test('agrees with a map from slot to bytes, and no law of conservation breaks', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200 }), fc.constantFrom(64, 512, 4096), (commands, chunkBytes) => {
        const spec = { ...SPEC, chunkBytes }
        let pool = new Pool(spec, 2)
        const reference = new Reference()
        for (const { what, host, page, size } of commands) {
          const key = `${host}/${page}`
          const slot = reference.slots.get(key)
          if (what === 'flush') {
            pool.flush()
            reference.pending = 0
          } else if (what === 'revive') {
            const twin = new Pool(spec, 2)
            twin.restore(pool.snapshot())
            pool = twin
          } else if (what === 'reserve' && !slot && pool.room > 0) {
            pool.reserve(host, page)
            reference.slots.set(key, { state: 'reserved', bytes: 0 })
          } else if (what === 'write' && slot) {
            pool.write(host, page, size)
            reference.write(key, size, spec)
          } else if (what === 'release' && slot) {
            pool.release(host, page)
            reference.slots.delete(key)
            reference.pending += slot.bytes
          }
          pool.audit()
          expect({
            used: pool.usedBytes,
            pending: pool.pendingZeroBytes,
            reserved: pool.reservedPages,
            stored: pool.storedPages,
            poisoned: pool.poisonedPages,
          }).toEqual({
            used: reference.used,
            pending: reference.pending,
            reserved: reference.count('reserved'),
            stored: reference.count('stored') + reference.count('poisoned'),
            poisoned: reference.count('poisoned'),
          })
        }
      }),
      { numRuns: 60 },
    )
  })

  test('never admits more than could be stored raw', () => {
    const pool = new Pool(SPEC, 1)
    let admitted = 0
    while (pool.room > 0) pool.reserve(0, admitted++)
    for (let page = 0; page < admitted; page++) expect(pool.write(0, page, 4096)).toBe(false)
    expect(admitted).toBe(Math.floor(SPEC.physicalBytes / (4096 + 64)))
  })
})
