/** The scenarios of the policies tell the stories that their comments promise. */
import { beforeAll, describe, expect, test } from 'vitest'
import { renderVerdict } from '#simulation/run.ts'
import type { Figures, Verdict } from '#simulation/verdict.ts'
import { device, figure, host, series, tell, type Told } from './tell.fixture.ts'

describe('read-only', () => {
  const LOW = 0.08 * 1344 * 2 ** 20
  const inPeace = (told: Told, id: string): number =>
    series(told, id, 'elapsedSeconds').get(11)! / series(told, id, 'workSeconds').get(11)!
  let caged: Told
  let free: Told
  beforeAll(async () => {
    caged = await tell('read-only')
    free = await tell('read-only', 'hosts.*.access=direct')
  }, 120_000)

  test('the cage holds the bear: headroom stays near the threshold, where direct leaves next to none', () => {
    expect(caged.verdict.bear.outrun).toBe(true)
    expect(caged.verdict.bear.closestHeadroomBytes).toBeLessThan(LOW)
    expect(caged.verdict.bear.closestHeadroomBytes).toBeGreaterThan(0.9 * LOW)
    expect(free.verdict.bear.closestHeadroomBytes).toBeLessThan(0.01 * LOW)
    expect(device(caged.verdict, 'device-1', 'refused.pressure')).toBeGreaterThan(100_000)
  })

  test('and what it costs: a fault for each first store, waits for frames, a percent of slowdown in peace', () => {
    for (const id of ['host-1', 'host-2']) {
      expect(host(caged.verdict, id, 'writeFaults')).toBeGreaterThan(100_000)
      expect(host(free.verdict, id, 'writeFaults')).toBe(0)
    }
    expect(host(caged.verdict, 'host-2', 'faultWaits')).toBeGreaterThan(100)
    expect(host(caged.verdict, 'host-2', 'faultStallSeconds')).toBeGreaterThan(1)
    expect(inPeace(free, 'host-1') - 1).toBeLessThan(0.005)
    expect(inPeace(caged, 'host-1') - 1).toBeGreaterThan(2 * (inPeace(free, 'host-1') - 1))
    expect(inPeace(caged, 'host-1') - 1).toBeLessThan(0.02)
    expect(renderVerdict(caged)).toMatch(/^host +write faults/m)
    for (const line of renderVerdict(caged).split('\n'))
      if (!line.startsWith('Run folder')) expect(line.length).toBeLessThanOrEqual(100)
  })

  test('holds it at 2 GB/s too, where direct loses pages and both services', async () => {
    const rate = 'workloads.bear.rate=2GB/s'
    const { verdict } = await tell('read-only', rate)
    expect(verdict.bear.closestHeadroomBytes).toBeGreaterThan(0.9 * LOW)
    expect(device(verdict, 'device-1', 'poisonedPages')).toBe(0)
    const { verdict: without } = await tell('read-only', rate, 'hosts.*.access=direct')
    expect(without.bear.outrun).toBe(false)
    expect(device(without, 'device-1', 'poisonedPages')).toBeGreaterThan(10_000)
    for (const id of ['service-1', 'service-2']) expect(figure(without.workloads[id]!, 'killed')).toBe(1)
  }, 120_000)
})

describe('shares: a bear meets a device that is divided', () => {
  const set = (shares: string) => `devices.device-1.shares=${shares}`
  const limits = 'limits: { host-1: 384MiB, host-2: 352MiB }'

  test('with a grace the neighbour feels nothing, nothing is lost, and the bear is paused', async () => {
    const { verdict, events } = await tell('shares')
    expect(verdict.bear.outrun).toBe(true)
    expect(device(verdict, 'device-1', 'poisonedPages')).toBe(0)
    for (const key of ['refused', 'swappedOut', 'pausedSeconds']) expect(host(verdict, 'host-1', key)).toBe(0)
    expect(host(verdict, 'host-1', 'slowdown')).toBeLessThan(1.01)
    expect(device(verdict, 'device-1', 'byHost.host-2.pauses')).toBeGreaterThan(0)
    expect(host(verdict, 'host-2', 'pausedSeconds')).toBeGreaterThan(0.5)
    expect(host(verdict, 'host-2', 'swappedOutPooled')).toBeGreaterThan(10_000)
    const paused = events.find(({ code }) => code === 'share-paused')!
    expect(paused['host']).toBe('host-2')
    expect(paused['takenBytes']).toBeLessThanOrEqual(362 * 2 ** 20)
    expect(verdict.story.join(' ')).toMatch(/device-1 paused the writers of host-2 at 8\.\d s/)
  }, 60_000)

  test('without shares a service of the neighbour dies', async () => {
    const { verdict, events } = await tell('shares', set('{ policy: none }'))
    expect(verdict.bear.outrun).toBe(false)
    expect(events.some(({ code, actor }) => code === 'killed' && actor === 'service-1')).toBe(true)
    expect(host(verdict, 'host-1', 'refused')).toBeGreaterThan(10_000)
    expect(device(verdict, 'device-1', 'refused.share')).toBe(0)
  }, 60_000)

  test('by weight the pressure goes to the bear alone, which wins all the same', async () => {
    const { verdict, events } = await tell('shares', set('{ policy: weighted }'))
    const pressed = events.filter(({ code }) => code === 'share-pressed')
    expect(pressed.length).toBeGreaterThan(0)
    expect(pressed.filter((event) => event['host'] !== 'host-2')).toEqual([])
    expect(device(verdict, 'device-1', 'byHost.host-1.refusedFor.pressure')).toBe(0)
    expect(verdict.bear.outrun).toBe(false)
  }, 60_000)

  test('with hard limits the neighbour is as safe, and the bear loses what it writes beyond', async () => {
    const { verdict } = await tell('shares', set(`{ policy: hard, ${limits} }`))
    for (const key of ['refused', 'swappedOut']) expect(host(verdict, 'host-1', key)).toBe(0)
    expect(device(verdict, 'device-1', 'byHost.host-1.poisonedPages')).toBe(0)
    expect(device(verdict, 'device-1', 'byHost.host-2.poisonedPages')).toBeGreaterThan(10_000)
    expect(device(verdict, 'device-1', 'byHost.host-2.peakUsedBytes')).toBeLessThanOrEqual(352 * 2 ** 20)
  }, 60_000)
})

describe('isolation', () => {
  let told: Told
  beforeAll(async () => {
    told = await tell('isolation')
  }, 60_000)
  const leaked = (verdict: Verdict, id: string) => (verdict.hosts[id] as { leaked: Figures }).leaked

  test('what one host leaks past its mempolicy poisons the device for both', () => {
    const { verdict, events } = told
    expect(leaked(verdict, 'host-1')).toEqual({ anon: 0, pageCache: 0, kernel: 0 })
    expect(leaked(verdict, 'host-2')).toMatchObject({ anon: 0 })
    for (const kind of ['pageCache.systemService', 'kernel.kernelThread', 'kernel.interrupt']) {
      expect(host(verdict, 'host-2', `leakedBy.${kind}`), kind).toBeGreaterThan(100)
    }
    const at = (code: string): number => events.find((event) => event.code === code)!.seconds
    expect(at('first-leak')).toBeLessThan(at('low-threshold'))
    expect(at('first-refusal')).toBeGreaterThanOrEqual(at('low-threshold'))
    expect(at('poison') - at('low-threshold')).toBeLessThan(1)
    const killed = events.filter(({ code, cause, pages }) => code === 'killed' && cause === 'sigbus' && pages === undefined)
    expect(killed.map(({ actor }) => actor).toSorted()).toEqual(['service-1', 'service-2'])
    expect(verdict.story.join(' ')).toMatch(/host-2 leaked page cache onto device-1 from \d+ ms on, by system services/)
  })

  test('its leaks are a curve over time, and nothing of the kernel comes back', () => {
    const cache = [...series(told, 'host-2', 'leaked.pageCache').values()]
    expect(cache).toEqual(cache.toSorted((x, y) => x - y))
    expect(series(told, 'host-2', 'origin.kernel')).toEqual(series(told, 'host-2', 'leaked.kernel'))
  })

  test('with both nodes private the same allocations harm nobody', async () => {
    const { verdict } = await tell('isolation', 'hosts.host-2.isolation.policy=private-node')
    expect(verdict.bear.outrun).toBe(true)
    expect(device(verdict, 'device-1', 'interrupts')).toBe(0)
    for (const id of ['host-1', 'host-2']) {
      expect(leaked(verdict, id)).toEqual({ anon: 0, pageCache: 0, kernel: 0 })
      expect(host(verdict, id, 'demoted')).toBeGreaterThan(50_000)
      expect(host(verdict, id, 'refused') + host(verdict, id, 'swappedOut')).toBe(0)
    }
  }, 60_000)
})
