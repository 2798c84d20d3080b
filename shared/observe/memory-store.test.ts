import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryStore } from './memory-store.ts'
import { JOURNAL_STREAM, SNAPSHOT_STREAM } from './store.ts'

const bytes = Uint8Array.of(1)

async function storeWith(...subjects: readonly string[]): Promise<MemoryStore> {
  const store = new MemoryStore()
  for (const [i, subject] of subjects.entries()) await store.append(subject, bytes, `id ${i}`)
  return store
}

async function subjectsIn(store: MemoryStore, pattern = '>'): Promise<string[]> {
  const found: string[] = []
  for (let from = 1; ;) {
    const stored = await store.next(pattern, from)
    if (!stored) return found
    found.push(stored.subject)
    from = stored.sequence + 1
  }
}

describe('a store in memory', () => {
  test('numbers what it is given, and finds it from a place on and by subject', async () => {
    const store = await storeWith('c.r.journal.x', 'c.r.journal.y', 'c.r.journal.x')
    expect(await store.next('c.r.journal.*', 2)).toMatchObject({ sequence: 2, subject: 'c.r.journal.y' })
    expect(await store.next('c.r.journal.x', 2)).toMatchObject({ sequence: 3 })
    expect(await store.next('c.r.journal.x', 4)).toBeUndefined()
    expect(await store.last('c.r.journal.x')).toMatchObject({ sequence: 3 })
    expect(await store.last('c.r.journal.z')).toBeUndefined()
    expect(await store.read('c.r.journal.y')).toEqual(bytes)
    expect(await store.read('c.r.journal.z')).toBeUndefined()
  })

  test.each([
    ['a.b.c', 'a.b.c', true],
    ['a.*.c', 'a.b.c', true],
    ['*.*.*', 'a.b.c', true],
    ['*', 'a.b', false],
    ['a.*', 'a', false],
    ['a.>', 'a.b', true],
    ['a.>', 'a.b.c.d', true],
    ['a.>', 'a', false],
    ['a.*.>', 'a.b', false],
    ['a.*.>', 'a.b.c', true],
    ['a.b.>', 'a.x.c', false],
    ['>', 'a', true],
    ['a.b', 'a.b.c', false],
    ['a.b.c', 'a.b', false],
    ['a.b', 'a.B', false],
  ])('holds %s against %s as a server does', async (pattern, subject, matches) => {
    const store = await storeWith(subject)
    expect((await store.next(pattern, 1)) !== undefined).toBe(matches)
  })

  test('forgets by stream, pattern and place', async () => {
    const all = ['c.r.journal.a', 'c.r.snapshot.a', 'c.r.journal.b', 'c.s.journal.a', 'c.r.journal.a']
    const store = await storeWith(...all)
    await store.trim(JOURNAL_STREAM, 'c.r.>', 4)
    expect(await subjectsIn(store)).toEqual(['c.r.snapshot.a', 'c.s.journal.a', 'c.r.journal.a'])
    await store.trim(SNAPSHOT_STREAM, 'c.>')
    expect(await subjectsIn(store)).toEqual(['c.s.journal.a', 'c.r.journal.a'])
    await store.trim(JOURNAL_STREAM, 'c.*.journal.a')
    expect(await subjectsIn(store)).toEqual([])
    expect(await store.append('c.r.journal.a', bytes, 'new')).toBe(6)
  })

  test('takes a message with an id once', async () => {
    const store = new MemoryStore()
    expect(await store.append('a', bytes, 'x')).toBe(1)
    expect(await store.append('a', bytes, 'x')).toBe(1)
    expect(await store.append('a', bytes, 'y')).toBe(2)
    expect(await subjectsIn(store)).toHaveLength(2)
  })

  test('takes a message that is to come after another only if that is the last of its subject', async () => {
    const store = new MemoryStore()
    expect(await store.append('a', bytes, '1', 0)).toBe(1)
    await store.append('b', bytes, '2')
    await expect(store.append('a', bytes, '3', 0)).rejects.toThrow('CP_SUPERSEDED a: another conductor has written to it')
    expect(await store.append('a', bytes, '4', 1)).toBe(3)
    await expect(store.append('a', bytes, '5', 1)).rejects.toThrow('CP_SUPERSEDED')
    // Whoever does not know whether it was stored may store it again.
    expect(await store.append('a', bytes, '4', 1)).toBe(3)
    await store.trim(JOURNAL_STREAM, 'a')
    expect(await store.append('a', bytes, '6', 0)).toBe(4)
  })

  test('has of all subjects the last that was appended', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('a.b', 'a.c', 'd'), { maxLength: 20 }), async (subjects) => {
        const store = await storeWith(...subjects)
        expect(await subjectsIn(store)).toEqual(subjects)
        for (const subject of subjects) {
          expect((await store.last(subject))!.sequence).toBe(1 + subjects.lastIndexOf(subject))
        }
      }),
      { numRuns: 30 },
    )
  })
})
