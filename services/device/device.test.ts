import { Recorder } from '#shared/recorder.fixture.ts'
import { describe, expect, test } from 'vitest'
import { REFUSAL_REASONS, type Mail } from '#shared/messages.ts'
import { NEVER, NS_PER_MS, NS_PER_S, type Quantum } from '#shared/time.ts'
import { Device } from './device.ts'
import {
  accesses,
  demote,
  deviceSpec,
  drive,
  HOST_1,
  HOST_2,
  landed,
  mail,
  PROMOTER_1,
  PROMOTER_2,
  released,
  traffic,
  written,
} from './device.fixture.ts'
import { idleLoad } from './load.ts'
import type { DeviceSpec } from './spec.ts'

const pages = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i)

function run(mailAt: Readonly<Record<Quantum, readonly Mail[]>>, until: Quantum, changes: Partial<DeviceSpec> = {}) {
  const device = new Device(deviceSpec(changes))
  const out = new Recorder('device-1')
  const ran = drive(device, out, mailAt, until)
  device.audit()
  return { device, out, ran, seen: device.observe() }
}

describe('demotion', () => {
  test('is answered page by page in the quantum in which the question arrives', () => {
    const { out, seen } = run({ 5: [demote(HOST_1, pages(70))] }, 5)
    expect(out.sent.map(({ quantum, to, kind }) => [quantum, to, kind])).toEqual([
      [5, HOST_1, 'admitted'],
      [5, HOST_1, 'refused'],
    ])
    expect([...out.of('admitted')[0]!.body.pages]).toEqual(pages(63))
    expect([...out.of('refused')[0]!.body.pages]).toEqual(pages(7, 63))
    expect(new Set(out.of('refused')[0]!.body.reasons)).toEqual(new Set([REFUSAL_REASONS.indexOf('full')]))
    expect([seen['refused.full'], seen['byHost.host-1.refused'], seen['byHost.host-2.refused']]).toEqual([7, 7, 0])
    expect(out.events).toEqual([
      { quantum: 5, actor: 'device-1', code: 'first-refusal', fields: { host: 'host-1', reason: 'full' } },
    ])
  })

  test('reports the first refusal of each host and reason only', () => {
    const offline = [{ fromNs: 2 * NS_PER_MS, toNs: 4 * NS_PER_MS }]
    const inbox = [demote(HOST_1, [1, 2]), demote(HOST_2, [1, 2])]
    const { out, seen } = run({ 1: [demote(HOST_1, [9])], 2: inbox, 3: inbox, 4: inbox }, 4, { offline })
    expect(out.events.map(({ quantum, fields }) => [quantum, fields.host, fields.reason])).toEqual([
      [2, 'host-1', 'offline'],
      [2, 'host-2', 'offline'],
    ])
    expect(seen['refused.offline']).toBe(8)
    expect(out.of('admitted').map(({ quantum, to }) => [quantum, to])).toEqual([
      [1, HOST_1],
      [4, HOST_1],
      [4, HOST_2],
    ])
  })

  test('is charged its true size at the copy, to the host whose page it is', () => {
    const { seen } = run(
      {
        1: [demote(HOST_1, pages(4)), demote(HOST_2, pages(2))],
        3: [written(HOST_1, pages(4), 2000), written(HOST_2, pages(2), 0)],
      },
      3,
    )
    expect(seen).toMatchObject({
      usedBytes: 4 * (2048 + 64) + 2 * 64,
      storedPages: 6,
      reservedBytes: 0,
      compressionRatio: (6 * 4096) / (4 * (2048 + 64) + 2 * 64),
      'byHost.host-1.usedBytes': 4 * (2048 + 64),
      'byHost.host-2.usedBytes': 2 * 64,
      'byHost.host-2.storedPages': 2,
    })
  })

  test('is not asked by pages that land: they take space under pressure and offline, and what does not fit is poisoned', () => {
    const offline = [{ fromNs: 0, toNs: NS_PER_S }]
    const { out, seen } = run({ 1: [landed(HOST_1, pages(60), 4096)], 2: [landed(HOST_2, pages(10), 4096)] }, 2, { offline })
    expect(seen).toMatchObject({
      'byHost.host-1.storedPages': 60,
      'byHost.host-2.storedPages': 10,
      'byHost.host-2.usedBytes': 3 * (4096 + 64),
      reservedPages: 0,
      pressure: 1000,
    })
    expect(out.of('poisoned').map(({ to, body }) => [to, [...body.pages]])).toEqual([[HOST_2, pages(7, 3)]])
    expect(out.of('refused')).toEqual([])
  })

  test('breaks on mail from a host that does not share the device, and on mail that is not for devices', () => {
    expect(() => run({ 1: [demote(17, [1])] }, 1)).toThrow('does not share it')
    expect(() =>
      run(
        { 1: [mail(HOST_1, 'promoted', { home: new Uint32Array(0), declined: new Uint32Array(0), gone: new Uint32Array(0) })] },
        1,
      ),
    ).toThrow('got promoted')
  })
})

describe('the capacity interrupt', () => {
  const filled = { 1: [demote(HOST_1, pages(60))], 3: [written(HOST_1, pages(60), 4096)] }

  test('tells every host, refuses with pressure until it is taken back, and counts both ways', () => {
    const { out, seen } = run(
      {
        ...filled,
        4: [demote(HOST_2, [1])],
        10: [written(HOST_1, pages(10), 0)],
        11: [demote(HOST_2, [1])],
      },
      11,
    )
    expect(out.of('pressure').map(({ quantum, to, body }) => [quantum, to, body.level])).toEqual([
      [3, HOST_1, 1000],
      [3, HOST_2, 1000],
      [10, HOST_1, 0],
      [10, HOST_2, 0],
    ])
    expect([seen['refused.pressure'], seen.interrupts, seen.pressure]).toEqual([1, 2, 0])
    expect(out.of('admitted').at(-1)).toMatchObject({ quantum: 11, to: HOST_2 })
    const full = 64 * 4096 - 60 * (4096 + 64)
    expect(out.events.map(({ code, fields }) => [code, fields.headroomBytes ?? fields.reason])).toEqual([
      ['low-threshold', full],
      ['first-refusal', 'pressure'],
      ['high-threshold', full + 10 * 4096],
    ])
    expect(seen).toMatchObject({ minHeadroomBytes: full, minHeadroomAtSeconds: 0.003, peakUsedBytes: 60 * (4096 + 64) })
  })

  test('waits for the zeroing flush: space that hosts give back returns late', () => {
    const { out, ran, seen } = run({ ...filled, 200: [released(HOST_1, pages(30))] }, 5000)
    expect(ran).toEqual([1, 3, 200, 1000])
    expect(out.of('pressure').map(({ quantum, body }) => [quantum, body.level])).toEqual([
      [3, 1000],
      [3, 1000],
      [1000, 0],
      [1000, 0],
    ])
    expect(seen).toMatchObject({ storedPages: 30, pendingZeroBytes: 0, peakStoredPages: 60 })
  })

  test('what is released in the quantum of a flush waits for the next one', () => {
    const { device, out } = run({ ...filled, 1000: [released(HOST_1, pages(30))] }, 1000)
    expect([device.observe().pendingZeroBytes, device.nextWake()]).toEqual([30 * (4096 + 64), 2000])
    drive(device, out, {}, 2000)
    expect([device.observe().pendingZeroBytes, device.nextWake()]).toEqual([0, NEVER])
  })
})

describe('an over-capacity write', () => {
  // 80 pages stored at half size; 60 of them grow to raw, for 45 of which there is room.
  const grown = {
    1: [demote(HOST_1, pages(60))],
    3: [written(HOST_1, pages(60), 2048)],
    5: [demote(HOST_2, pages(20))],
    7: [written(HOST_2, pages(20), 2048)],
    9: [written(HOST_1, pages(60), 4096)],
  }

  test('is dropped, its page poisoned, the host told once at the end of the step', () => {
    const { out, seen } = run(grown, 9)
    const poisoned = out.of('poisoned')
    const fits = Math.floor((64 * 4096 - 80 * 2112) / 2048)
    expect(poisoned.map(({ quantum, to }) => [quantum, to])).toEqual([[9, HOST_1]])
    expect([...poisoned[0]!.body.pages]).toEqual(pages(60 - fits, fits))
    expect(seen).toMatchObject({ poisonedPages: 60 - fits, storedPages: 80, 'byHost.host-1.poisonedPages': 60 - fits })
    expect(out.events.filter(({ code }) => code === 'poison').map(({ fields }) => fields)).toEqual([
      { host: 'host-1', pages: 60 - fits },
    ])
  })

  test('on a page that is given back in the same step is not told', () => {
    const { out, seen } = run({ ...grown, 9: [...grown[9], released(HOST_1, pages(60))] }, 9)
    expect(out.of('poisoned')).toEqual([])
    expect([seen.poisonedPages, seen.storedPages]).toEqual([60 - 45, 20])
  })

  test('is an event at most once a second per host, with all pages since the last', () => {
    const { out } = run(
      {
        ...grown,
        50: [written(HOST_2, [0, 1], 4096)],
        60: [written(HOST_2, [2], 4096)],
        70: [written(HOST_2, [3], 4096)],
        1050: [written(HOST_2, [4], 4096)],
      },
      1050,
    )
    const told = out.events.filter(({ code, fields }) => code === 'poison' && fields.host === 'host-2')
    expect(told.map(({ quantum, fields }) => [quantum, fields.pages])).toEqual([
      [50, 2],
      [1050, 3],
    ])
    expect(out.of('poisoned').map(({ quantum }) => quantum)).toEqual([9, 50, 60, 70, 1050])
  })
})

describe('load', () => {
  test('is told to every host when the reports of a tick are in, and once more when it is over', () => {
    const { out, ran, device } = run({ 11: [traffic(HOST_1, { readBytes: 0.9 * 64e6, writeBytes: 0.1 * 64e6 })] }, 1000)
    expect(ran).toEqual([11, 21])
    expect(out.of('load').map(({ quantum, to, body }) => [quantum, to, body.utilisation])).toEqual([
      [11, HOST_1, expect.closeTo(6.4 / 29.5, 9)],
      [11, HOST_2, expect.closeTo(6.4 / 29.5, 9)],
      [21, HOST_1, 0],
      [21, HOST_2, 0],
    ])
    expect(out.of('load')[2]!.body.rawReadNs).toBeCloseTo(107.4 + 2.9, 6)
    expect(device.observe()).toMatchObject({ utilisation: 0, peakUtilisation: expect.closeTo(6.4 / 29.5, 9) })
  })

  test.each([
    [0.2, 0],
    [0.3, 1],
    [0.75, 2],
    [0.95, 3],
    [3, 3],
  ])('of %d of what it can serve is told to every host as DevLoad class %d, and seen', (share, devLoad) => {
    const tickBytes = share * 29.5e9 * 0.01
    const { out, device } = run({ 11: [traffic(HOST_1, { readBytes: 0.9 * tickBytes, writeBytes: 0.1 * tickBytes })] }, 12)
    expect(out.of('load').map(({ to, body }) => [to, body.devLoad])).toEqual([
      [HOST_1, devLoad],
      [HOST_2, devLoad],
    ])
    expect(device.observe()['devLoad']).toBe(devLoad)
  })

  test('settles on the latency of a steady load, and is then not told again', () => {
    const steady = [traffic(HOST_1, { readBytes: 0.9 * 64e6, writeBytes: 0.1 * 64e6 })]
    const plan = Object.fromEntries(Array.from({ length: 300 }, (_, tick) => [tick * 10 + 1, steady]))
    const { out } = run(plan, 3000)
    const told = out.of('load').filter(({ to }) => to === HOST_1)
    const latencies = told.map(({ body }) => body.rawReadNs)
    expect(latencies).toEqual([...latencies].toSorted((x, y) => x - y))
    expect(latencies.at(-1)).toBeCloseTo(108.9 + 2.9, 6)
    expect(told.at(-1)!.quantum).toBeLessThan(2500)
  })

  test('beyond capacity is told every tick, for it is owed anew', () => {
    const steady = [traffic(HOST_1, { readBytes: 1e9 })]
    const plan = Object.fromEntries(Array.from({ length: 300 }, (_, tick) => [tick * 10 + 1, steady]))
    const { out } = run(plan, 3000)
    expect(out.of('load').filter(({ to }) => to === HOST_1)).toHaveLength(300)
  })

  test('adds up over hosts', () => {
    const half = { readBytes: 45e6, writeBytes: 5e6 }
    const together = run({ 1: [traffic(HOST_1, half), traffic(HOST_2, half)] }, 10)
    const alone = run({ 1: [traffic(HOST_1, { readBytes: 90e6, writeBytes: 10e6 })] }, 10)
    expect(together.out.of('load')).toEqual(alone.out.of('load'))
  })

  test('takes a report of a longer span at its mean rate', () => {
    const long = run({ 1: [traffic(HOST_1, { spanNs: 100 * NS_PER_MS, readBytes: 900e6 })] }, 10)
    const short = run({ 1: [traffic(HOST_1, { readBytes: 90e6 })] }, 10)
    expect(long.out.of('load')).toEqual(short.out.of('load'))
    expect(long.seen['byHost.host-1.readBytes']).toBe(900e6)
  })

  test('falls on the same ticks at any quantum', () => {
    const ticks = [500_000, NS_PER_MS, 2 * NS_PER_MS, 10 * NS_PER_MS].map((quantumNs) => {
      const arrival = 10 * NS_PER_MS + quantumNs
      const { out } = run({ [arrival / quantumNs]: [traffic(HOST_1, { readBytes: 1e6 })] }, NS_PER_S / quantumNs, { quantumNs })
      return out.of('load').map(({ quantum }) => (quantum - 1) * quantumNs)
    })
    for (const each of ticks) expect(each).toEqual(ticks[0])
  })

  test('is charged to the hosts whose reads waited', () => {
    const { seen } = run({ 1: [traffic(HOST_1, { readBytes: 6400, compressedReads: 50 })] }, 10)
    const { rawReadNs, compressedReadNs } = idleLoad(deviceSpec())
    expect(seen['byHost.host-1.readNs.mean']).toBeCloseTo((rawReadNs + compressedReadNs) / 2, 1)
    expect(Math.abs(seen['byHost.host-1.readNs.p99']! - compressedReadNs)).toBeLessThan(compressedReadNs / 32)
    expect(seen['byHost.host-2.readNs.mean']).toBe(0)
    expect(seen['readNs.mean']).toBe(seen['byHost.host-1.readNs.mean'])
  })
})

describe('hotness', () => {
  const hotness = { ...deviceSpec().hotness, hotlist: 8 }

  test("goes to each host's promoter at the end of the epoch", () => {
    const { out, ran } = run(
      { 11: [accesses(HOST_1, pages(4, 100), 20), accesses(HOST_2, pages(3), 20)], 21: [accesses(HOST_2, [3], 16)] },
      3000,
      { hotness },
    )
    expect(out.of('hotlist').map(({ quantum, to, body }) => [quantum, to, [...body.units]])).toEqual([
      [1000, PROMOTER_1, pages(4, 100)],
      [1000, PROMOTER_2, pages(4)],
    ])
    expect(ran.at(-1)).toBe(1000)
  })

  test('counts traffic that arrives at the end of an epoch in that epoch', () => {
    const { out } = run({ 999: [accesses(HOST_1, pages(4), 10)], 1000: [accesses(HOST_1, pages(4), 10)] }, 3000, { hotness })
    expect(out.of('hotlist').map(({ quantum, body }) => [quantum, [...body.counts]])).toEqual([[1000, [20, 20, 20, 20]]])
  })

  test('that finds the ring full is lost, and said once per host', () => {
    const burst = [accesses(HOST_1, pages(12), 20)]
    const { out, seen } = run({ 11: burst, 1011: burst }, 3000, { hotness })
    expect(out.of('hotlist').map(({ body }) => [body.units.length, body.dropped])).toEqual([
      [8, 4],
      [8, 4],
    ])
    expect(seen.hotlistDropped).toBe(8)
    expect(out.events.map(({ code, fields }) => [code, fields])).toEqual([['chmu-drop', { host: 'host-1' }]])
  })

  test('below half a ring is never reported', () => {
    const steady = Object.fromEntries(pages(10).map((second) => [second * 1000 + 11, [accesses(HOST_1, pages(3), 20)]]))
    expect(run(steady, 12_000, { hotness }).out.of('hotlist')).toEqual([])
  })

  test('of a shared monitor is split by host', () => {
    const { out } = run({ 11: [accesses(HOST_1, pages(2), 20), accesses(HOST_2, pages(2, 7), 30)] }, 3000, {
      hotness: { ...hotness, shared: true },
    })
    expect(out.of('hotlist').map(({ to, body }) => [to, [...body.units], [...body.counts]])).toEqual([
      [PROMOTER_1, [0, 1], [20, 20]],
      [PROMOTER_2, [7, 8], [30, 30]],
    ])
  })

  test('of a host without a promoter is drained and told to nobody', () => {
    const hosts = [{ ordinal: HOST_1, id: 'host-1' }]
    const burst = [accesses(HOST_1, pages(12), 20)]
    const { out, seen } = run({ 11: burst, 1011: burst }, 3000, { hotness, hosts })
    expect([out.of('hotlist').length, seen.hotlistDropped]).toEqual([0, 8])
  })
})

describe('an idle device', () => {
  test('never wakes', () => {
    expect(run({}, 10_000).ran).toEqual([])
    expect(run({ 1: [demote(HOST_1, [1])], 3: [written(HOST_1, [1])] }, 10_000).ran).toEqual([1, 3])
  })
})

test('a poll is answered with the register as it stands: what is stored is taken off, what is merely reserved is not', () => {
  const device = new Device(deviceSpec())
  const out = new Recorder('device-1')
  const { physicalBytes } = deviceSpec()
  device.step(1, [mail(HOST_1, 'poll', {}), demote(HOST_1, [1, 2]), mail(HOST_2, 'poll', {})], out)
  device.step(2, [written(HOST_1, [1]), mail(HOST_2, 'poll', {})], out)
  expect(out.of('remaining').map(({ to, body }) => [to, body.bytes])).toEqual([
    [HOST_1, physicalBytes],
    [HOST_2, physicalBytes],
    [HOST_2, physicalBytes - 2048 - 64],
  ])
})
