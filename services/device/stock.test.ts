import { expect, test } from 'vitest'
import { ColdpoolError } from '#shared/errors.ts'
import { Recorder } from '#shared/recorder.fixture.ts'
import { deviceSpec, demote, HOST_1, HOST_2, mail, released, written } from './device.fixture.ts'
import { Device } from './device.ts'
import type { DeviceSpec } from './spec.ts'

/** So many pages from `first` on, each of 1,000 B: two chunks and metadata, 1,088 B. */
const stocked = (host: number, pages: number, first = 0) =>
  mail(host, 'stocked', {
    hostPages: first + pages,
    pages: Uint32Array.from({ length: pages }, (_, i) => first + i),
    sizes: new Uint16Array(pages).fill(1000),
  })

function stock(spec: Partial<DeviceSpec>, ...mails: ReturnType<typeof stocked>[]): Device {
  const device = new Device(deviceSpec(spec))
  device.step(1, mails, new Recorder('device-1'))
  device.audit()
  return device
}

const refusal = (work: () => void): string => {
  try {
    work()
  } catch (error) {
    if (error instanceof ColdpoolError) return error.message
    throw error
  }
  return 'nothing was refused'
}

test('pages from before the run take slots and bytes as if they had been admitted and written', () => {
  const device = stock({}, stocked(HOST_1, 40), stocked(HOST_2, 30, 5))
  const asked = new Device(deviceSpec())
  const out = new Recorder('device-1')
  const ids = (pages: number, first = 0): number[] => Array.from({ length: pages }, (_, i) => first + i)
  asked.step(1, [demote(HOST_1, ids(20), 1000), written(HOST_1, ids(20), 1000)], out)
  asked.step(2, [demote(HOST_1, ids(20, 20), 1000), written(HOST_1, ids(20, 20), 1000)], out)
  asked.step(3, [demote(HOST_2, ids(30, 5), 1000), written(HOST_2, ids(30, 5), 1000)], out)
  const { 'byHost.host-1.usedBytes': one, 'byHost.host-2.usedBytes': two, ...seen } = device.observe()
  expect([one, two]).toEqual([40 * 1088, 30 * 1088])
  const was = asked.observe()
  for (const key of ['storedPages', 'usedBytes', 'headroomBytes', 'reservedPages', 'compressionRatio', 'poisonedPages']) {
    expect(seen[key], key).toBe(was[key])
  }
})

test('they can be written, given back and taken again', () => {
  const device = stock({}, stocked(HOST_1, 40))
  const out = new Recorder('device-1')
  device.step(2, [written(HOST_1, [3], 4096), released(HOST_1, [4, 5])], out)
  device.step(3, [demote(HOST_1, [4])], out)
  device.audit()
  expect(device.observe()).toMatchObject({ storedPages: 38, reservedPages: 1, usedBytes: 37 * 1088 + 4160 })
})

test('a device that would have raised its interrupt before ends the run with a line', () => {
  const text = refusal(() => stock({}, stocked(HOST_1, 100), stocked(HOST_2, 118)))
  expect(text).toBe(
    'CP_SCENARIO_LIMIT hosts.host-2.pooledAtStart: got 118 pages and more for device-1, which take 125 KiB of it; expected as many as device-1 takes without an interrupt, all hosts and their shares considered (physical: 256 KiB)',
  )
})

test('so does one without slots left', () => {
  const sizes = new Uint16Array(129)
  const pages = Uint32Array.from(sizes, (_, i) => i)
  expect(refusal(() => stock({}, mail(HOST_1, 'stocked', { hostPages: 129, pages, sizes })))).toContain('got 129 pages and more')
})

test('a share binds what was there before as it binds demotions', () => {
  const shares = { policy: 'hard', limitBytes: [64 * 2048, 64 * 2048] } as const
  expect(refusal(() => stock({ shares }, stocked(HOST_1, 118)))).toContain('hosts.host-1.pooledAtStart')
  const most = stock({ shares }, stocked(HOST_1, 64))
  const out = new Recorder('device-1')
  most.step(2, [demote(HOST_1, [70])], out)
  expect(out.sent.map(({ kind }) => kind)).toEqual(['refused'])
  const weighted = { policy: 'weighted', weights: [1, 9] } as const
  expect(stock({ shares: weighted }, stocked(HOST_1, 100)).observe()['storedPages']).toBe(100)
})

test('a page cannot have been there before twice', () => {
  expect(() => stock({}, stocked(HOST_1, 3), stocked(HOST_1, 1))).toThrow('was here before')
})
