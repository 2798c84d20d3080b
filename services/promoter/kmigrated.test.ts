import { describe, expect, test } from 'vitest'
import { NEVER, NS_PER_MS } from '#shared/time.ts'
import { Kmigrated } from './kmigrated.ts'

const SPEC = { quantumNs: NS_PER_MS, sleepNs: 100 * NS_PER_MS, rateLimitBytesPerSecond: 100 * 4096 }

describe('kmigrated', () => {
  test('sleeps while nothing is ready, and looks on the grid of its sleep when something is', () => {
    const thread = new Kmigrated(SPEC)
    expect(thread.wakeAt).toBe(NEVER)
    thread.notice(130)
    thread.notice(190)
    expect(thread.wakeAt).toBe(200)
    thread.worked(200, 5, 0)
    expect(thread.wakeAt).toBe(NEVER)
  })

  test('sleeps to the next second once the budget is spent', () => {
    const thread = new Kmigrated(SPEC)
    thread.notice(130)
    expect(thread.budget(200)).toBe(100)
    thread.worked(200, 60, 0)
    thread.notice(310)
    expect(thread.budget(400)).toBe(40)
    thread.worked(400, 40, 7)
    thread.notice(450)
    expect(thread.wakeAt).toBe(1000)
    expect(thread.budget(1000)).toBe(100)
  })

  test('looks at the first point of its grid in the next second when the second is none', () => {
    const thread = new Kmigrated({ ...SPEC, sleepNs: 300 * NS_PER_MS })
    thread.notice(0)
    expect(thread.budget(300)).toBe(100)
    thread.worked(300, 100, 1)
    expect(thread.wakeAt).toBe(1200)
  })

  test('moves at least a page a second, whatever the limit', () => {
    expect(new Kmigrated({ ...SPEC, rateLimitBytesPerSecond: 10 }).budget(0)).toBe(1)
  })

  test('comes back from its snapshot throttled if it was', () => {
    const thread = new Kmigrated(SPEC)
    thread.notice(130)
    thread.budget(200)
    thread.worked(200, 100, 3)
    const twin = new Kmigrated(SPEC)
    twin.restore(structuredClone(thread.snapshot()))
    twin.notice(210)
    expect([twin.wakeAt, twin.budget(300)]).toEqual([1000, 0])
  })
})
