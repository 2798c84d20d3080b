/** What each policy does about demotions and about growth by writes, case by case. A raw page takes 4160 bytes here. */
import { Recorder } from '#shared/recorder.fixture.ts'
import { describe, expect, test } from 'vitest'
import { REFUSAL_REASONS, type Mail } from '#shared/messages.ts'
import type { Quantum } from '#shared/time.ts'
import { Device } from './device.ts'
import { demote, deviceSpec, drive, HOST_1, HOST_2, poll, released, written } from './device.fixture.ts'
import type { DeviceSpec, SharesSpec } from './spec.ts'

const RAW = 4096 + 64
const pages = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i)

function run(
  shares: SharesSpec,
  mailAt: Readonly<Record<Quantum, readonly Mail[]>>,
  until: Quantum,
  changes: Partial<DeviceSpec> = {},
) {
  const device = new Device(deviceSpec({ shares, ...changes }))
  const out = new Recorder('device-1')
  drive(device, out, mailAt, until)
  device.audit()
  const told = (kind: 'pressure' | 'pause', host: number) =>
    out
      .of(kind)
      .filter(({ to }) => to === host)
      .map(({ quantum, body }) => [quantum, ...Object.values(body)])
  return { out, seen: device.observe(), told }
}

const reasons = (out: Recorder): string[] => [
  ...new Set(out.of('refused').flatMap(({ body }) => [...body.reasons].map((reason) => REFUSAL_REASONS[reason]!))),
]
const admitted = (out: Recorder, host: number): number =>
  out
    .of('admitted')
    .filter(({ to }) => to === host)
    .reduce((sum, { body }) => sum + body.pages.length, 0)

describe('hard shares', () => {
  const half: SharesSpec = { policy: 'hard', limitBytes: [20 * RAW, 20 * RAW] }
  const flat = { lowFraction: 0, highFraction: 0 }

  test('refuse what could not be stored raw within the limit, for the share, and let the neighbour be', () => {
    const { out, seen } = run(half, { 1: [demote(HOST_1, pages(30)), demote(HOST_2, pages(5))] }, 1)
    expect([admitted(out, HOST_1), admitted(out, HOST_2)]).toEqual([20, 5])
    expect(reasons(out)).toEqual(['share'])
    expect(seen).toMatchObject({
      'refused.share': 10,
      'byHost.host-1.refused': 10,
      'byHost.host-1.refusedFor.share': 10,
      'byHost.host-2.refused': 0,
      'byHost.host-1.shareBytes': 20 * RAW,
    })
  })

  test('count what was released until it is zeroed', () => {
    const mails = {
      1: [demote(HOST_1, pages(20))],
      2: [written(HOST_1, pages(20), 4096), released(HOST_1, pages(20))],
      3: [demote(HOST_1, pages(20, 30))],
      1001: [demote(HOST_1, pages(20, 60))],
    }
    const { out, seen } = run(half, mails, 1001, flat)
    expect(out.of('admitted').map(({ quantum, body }) => [quantum, body.pages.length])).toEqual([
      [1, 20],
      [1001, 20],
    ])
    expect(seen['byHost.host-1.takenBytes']).toBe(0)
  })

  test('drop growth beyond the limit and poison the page of who wrote, though the device has room', () => {
    const mails = {
      1: [demote(HOST_1, pages(20)), demote(HOST_2, pages(20))],
      2: [written(HOST_1, pages(20), 2048), written(HOST_2, pages(20), 2048), demote(HOST_1, pages(5, 20))],
      3: [written(HOST_1, pages(5, 20), 2048)],
      4: [written(HOST_1, pages(25), 4096), written(HOST_2, pages(20), 4096)],
    }
    const { out, seen } = run(half, mails, 4, flat)
    // 25 pages of 2112 bytes; 14 of them may grow by 2048 before 20 raw pages are full.
    expect(seen).toMatchObject({
      'byHost.host-1.usedBytes': 25 * 2112 + 14 * 2048,
      'byHost.host-1.poisonedPages': 11,
      'byHost.host-2.usedBytes': 20 * RAW,
      'byHost.host-2.poisonedPages': 0,
    })
    expect(seen['headroomBytes']).toBeGreaterThan(20 * RAW)
    expect(out.of('poisoned').map(({ to, body }) => [to, ...body.pages])).toEqual([[HOST_1, ...pages(11, 14)]])
  })

  test('keep the room of an admitted page for its copy, whatever its host writes meanwhile', () => {
    const mails = {
      1: [demote(HOST_1, pages(10))],
      2: [written(HOST_1, pages(10), 0), demote(HOST_1, pages(10, 10))],
      // The reservations of ten raw pages stand beside ten that grow.
      3: [written(HOST_1, pages(10), 4096), written(HOST_1, pages(10, 10), 4096)],
    }
    const { seen } = run({ policy: 'hard', limitBytes: [15 * RAW, 0] }, mails, 3, flat)
    expect(seen).toMatchObject({ 'byHost.host-1.poisonedPages': 6, 'byHost.host-1.storedPages': 20 })
  })

  test('raise the interrupt at the thresholds of the limit, to the offender alone', () => {
    const mails = {
      1: [demote(HOST_1, pages(19)), demote(HOST_2, pages(10))],
      2: [written(HOST_1, pages(19), 4096), written(HOST_2, pages(10), 4096)],
      3: [demote(HOST_1, [40]), demote(HOST_2, [40])],
      4: [released(HOST_1, pages(4))],
    }
    const { out, told, seen } = run(half, mails, 1200)
    expect(told('pressure', HOST_1)).toEqual([
      [2, 1000],
      [1000, 0],
    ])
    expect(told('pressure', HOST_2)).toEqual([])
    expect(out.of('refused').map(({ to }) => to)).toEqual([HOST_1])
    expect(reasons(out)).toEqual(['share'])
    expect(out.events.filter(({ code }) => code.startsWith('share-')).map(({ code, fields }) => [code, fields['host']])).toEqual([
      ['share-pressed', 'host-1'],
      ['share-eased', 'host-1'],
    ])
    expect(seen['interrupts']).toBe(2)
  })

  test('answer a poll with what remains of the limit, whatever the device has', () => {
    const mails = {
      1: [demote(HOST_1, pages(20)), demote(HOST_2, pages(5))],
      2: [written(HOST_1, pages(20), 4096), written(HOST_2, pages(5), 4096), released(HOST_2, pages(1))],
      3: [poll(HOST_1), poll(HOST_2)],
    }
    const { out } = run(half, mails, 3, flat)
    // What was released is not zeroed yet.
    expect(out.of('remaining').map(({ to, body }) => [to, body.bytes])).toEqual([
      [HOST_1, 0],
      [HOST_2, 15 * RAW],
    ])
  })

  test('divide the slots as they divide the bytes', () => {
    const { out } = run({ policy: 'hard', limitBytes: [16 * 4096, 48 * 4096] }, { 1: [demote(HOST_1, pages(10), 0)] }, 1, {
      ...flat,
      advertisedBytes: 32 * 4096,
      physicalBytes: 64 * 4096,
    })
    expect(admitted(out, HOST_1)).toBe(8)
    expect(reasons(out)).toEqual(['share'])
  })
})

describe('a grace', () => {
  const flat = { lowFraction: 0, highFraction: 0 }
  const shares: SharesSpec = { policy: 'grace', limitBytes: [10 * RAW, 10 * RAW], graceBytes: 4 * 2048 }
  /** Ten pages of half a page each, then eight more: 18 · 2112 = 38016 bytes of 41600. */
  const filled = {
    1: [demote(HOST_1, pages(10))],
    2: [written(HOST_1, pages(10), 2048), demote(HOST_1, pages(4, 10))],
    3: [written(HOST_1, pages(4, 10), 2048), demote(HOST_1, pages(2, 14))],
    4: [written(HOST_1, pages(2, 14), 2048)],
  }

  test('is for writes alone: a demotion beyond the limit is refused', () => {
    const { out } = run(shares, { 1: [demote(HOST_1, pages(12))] }, 1, flat)
    expect(admitted(out, HOST_1)).toBe(10)
    expect(reasons(out)).toEqual(['share'])
  })

  test('lets writes overdraw the limit, and tells the offender that it is pressed', () => {
    // 16 · 2112 = 33792; six grow by 2048 to 46080, of 49792 that the grace allows.
    const { seen, told, out } = run(shares, { ...filled, 5: [written(HOST_1, pages(6), 4096)] }, 5, flat)
    expect(seen).toMatchObject({
      'byHost.host-1.takenBytes': 46080,
      'byHost.host-1.overdraws': 1,
      'byHost.host-1.pauses': 0,
      'byHost.host-1.poisonedPages': 0,
    })
    expect(told('pressure', HOST_1)).toEqual([[5, 1000]])
    expect(out.of('pause')).toEqual([])
  })

  test('holds back what exceeds the grace, loses nothing, and pauses the writers until the host is within its limit', () => {
    const mails = {
      ...filled,
      // Seven may grow, the other five are held back.
      5: [written(HOST_1, pages(12), 4096)],
      // 4160 bytes of a page that was written, 2112 of one that is held back: room for the next flush to give.
      6: [released(HOST_1, [0, 7])],
      1500: [released(HOST_1, [1, 2])],
      2500: [released(HOST_1, [3])],
    }
    const at = (until: Quantum) => run(shares, mails, until, flat)
    expect(at(5).seen).toMatchObject({ 'byHost.host-1.takenBytes': 33792 + 7 * 2048, 'byHost.host-1.pauses': 1 })
    expect(at(5).told('pause', HOST_1)).toEqual([[5, 1]])
    expect(at(5).told('pause', HOST_2)).toEqual([])
    // The flush frees 6272 bytes: three of the four that still wait are taken, up to the ceiling again.
    expect(at(1000).seen['byHost.host-1.takenBytes']).toBe(33792 + 7 * 2048 - 6272 + 3 * 2048)
    expect(at(1000).told('pause', HOST_1)).toHaveLength(1)
    expect(at(2000).seen['byHost.host-1.takenBytes']).toBe(33792 + 7 * 2048 - 6272 + 4 * 2048 - 2 * RAW)
    // 41984 bytes are still 384 too many.
    expect(at(2999).told('pause', HOST_1)).toHaveLength(1)
    const { told, seen, out } = at(3000)
    expect(told('pause', HOST_1)).toEqual([
      [5, 1],
      [3000, 0],
    ])
    expect(seen).toMatchObject({ poisonedPages: 0, 'byHost.host-1.overdraws': 1, 'byHost.host-1.pauses': 1 })
    expect(out.events.map(({ code }) => code).filter((code) => /paused|resumed/.test(code))).toEqual([
      'share-paused',
      'share-resumed',
    ])
  })

  test('of no bytes pauses at the limit', () => {
    const { seen, told } = run({ ...shares, graceBytes: 0 }, { ...filled, 5: [written(HOST_1, pages(6), 4096)] }, 5, flat)
    expect(seen['byHost.host-1.takenBytes']).toBe(33792 + 3 * 2048)
    expect(told('pause', HOST_1)).toEqual([[5, 1]])
  })
})

describe('weighted shares', () => {
  const shares: SharesSpec = { policy: 'weighted', weights: [3, 1] }
  /** 85 % of 262144 bytes, by 3 and 1. */
  const parts = [Math.floor(262144 * 0.85 * 0.75), Math.floor(262144 * 0.85 * 0.25)]

  test('do not bind while the device is at ease', () => {
    const { out, seen } = run(shares, { 1: [demote(HOST_2, pages(40))] }, 1)
    expect(admitted(out, HOST_2)).toBe(40)
    expect(seen['byHost.host-2.shareBytes']).toBe(parts[1])
  })

  test('press those above their part, refuse them, and let the others go on', () => {
    const mails = {
      1: [demote(HOST_2, pages(60))],
      // 249600 bytes: fewer than 10 % remain.
      2: [written(HOST_2, pages(60), 4096)],
      3: [demote(HOST_1, pages(2)), demote(HOST_2, pages(2, 60))],
    }
    const { out, told } = run(shares, mails, 3)
    expect(told('pressure', HOST_2)).toEqual([[2, 1000]])
    expect(told('pressure', HOST_1)).toEqual([])
    expect(out.of('refused').map(({ to }) => to)).toEqual([HOST_2])
    expect(reasons(out)).toEqual(['share'])
    expect(out.of('admitted').findLast(({ to }) => to === HOST_1)!.body.pages).toHaveLength(2)
    expect(out.events.map(({ code }) => code)).toContain('low-threshold')
  })

  test('are taken back until the device is at ease', () => {
    const mails = {
      1: [demote(HOST_2, pages(60))],
      2: [written(HOST_2, pages(60), 4096)],
      3: [released(HOST_2, pages(7))],
    }
    const { told, seen } = run(shares, mails, 1500)
    expect(told('pressure', HOST_2)).toEqual([
      [2, 1000],
      [1000, 0],
    ])
    // It keeps what it has above its part as long as nobody needs it.
    expect(seen['byHost.host-2.takenBytes']).toBeGreaterThan(parts[1]!)
  })

  test('press the host that took more than its part, and not the neighbour below its own', () => {
    const mails = {
      1: [demote(HOST_1, pages(45)), demote(HOST_2, pages(10))],
      2: [written(HOST_1, pages(45), 4096), written(HOST_2, pages(10), 4096), demote(HOST_1, pages(3, 50))],
      3: [written(HOST_1, pages(3, 50), 4096)],
    }
    const { told } = run(shares, mails, 3)
    expect([told('pressure', HOST_1), told('pressure', HOST_2)]).toEqual([[[3, 1000]], []])
  })
})

test('no shares: no policy, no state, no mail of its own', () => {
  const device = new Device(deviceSpec())
  expect(device.snapshot()).not.toHaveProperty('shares')
  expect(device.observe()).not.toHaveProperty('byHost.host-1.shareBytes')
})
