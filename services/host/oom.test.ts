import { expect, test } from 'vitest'
import { RECLAIM_RETRIES_MAX } from './costs.ts'
import { NEIGHBOUR, partsOf, profileOf, WORKLOAD } from './host.fixture.ts'
import { OomKiller } from './oom.ts'

function setting() {
  const parts = partsOf()
  const { memory, tenancy, tally } = parts
  tenancy.profile(WORKLOAD, profileOf(100), 0)
  tenancy.profile(NEIGHBOUR, profileOf(100), 0)
  for (let page = 0; page < 20; page++) memory.allocate(page, 0)
  for (let page = 100; page < 150; page++) memory.allocate(page, 0)
  const killer = new OomKiller()
  const tick = (stalled = true) => killer.tick(tenancy.residents, memory, tally, stalled)?.ordinal
  return { ...parts, killer, tick }
}

test('the largest workload dies after sixteen stalled ticks without progress, and not before', () => {
  const { tick } = setting()
  for (let i = 1; i < RECLAIM_RETRIES_MAX; i++) expect(tick()).toBeUndefined()
  expect(tick()).toBe(NEIGHBOUR)
  expect(tick()).toBeUndefined()
})

test.each(['demoted', 'swappedOut', 'allocated', 'swappedIn'] as const)('progress (%s) starts the count anew', (name) => {
  const { tick, tally } = setting()
  for (let i = 1; i < RECLAIM_RETRIES_MAX; i++) tick()
  tally[name]++
  for (let i = 0; i < RECLAIM_RETRIES_MAX; i++) expect(tick()).toBeUndefined()
  expect(tick()).toBe(NEIGHBOUR)
})

test('a tick in which nobody stalls starts the count anew', () => {
  const { tick } = setting()
  for (let i = 1; i < RECLAIM_RETRIES_MAX; i++) tick()
  tick(false)
  for (let i = 1; i < RECLAIM_RETRIES_MAX; i++) expect(tick()).toBeUndefined()
})

test('nobody dies while a question or a write to swap is out, nor is the count forgotten for it', () => {
  const { tick, memory } = setting()
  for (let i = 1; i < RECLAIM_RETRIES_MAX; i++) tick()
  memory.askDemotion(0, 0)
  for (let i = 0; i < 100; i++) expect(tick()).toBeUndefined()
  memory.refuse(0)
  expect(tick()).toBe(NEIGHBOUR)
})
