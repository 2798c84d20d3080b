/**
 * What a hotness monitor can report at most, and what it never reports (FACTS 4 and 9). A list of n units of g bytes that is
 * drained once an epoch E caps promotion at n·g/E. The driver is woken at half full and never polls, so that less than half a
 * list of steadily hot units stays unreported for ever.
 */
import { Recorder } from '#shared/recorder.fixture.ts'
import { describe, expect, test } from 'vitest'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { Device } from '#services/device/device.ts'
import { accesses, demote, deviceSpec, drive, HOST_1, PROMOTER_1, written } from '#services/device/device.fixture.ts'
import { isKind, trial } from './trial.ts'

const EPOCH_SECONDS = 0.1
const KIB = 1024

describe('the cap n·g/E', () => {
  const LISTS = [
    { entries: 64, granuleKiB: 4 },
    { entries: 256, granuleKiB: 4 },
    { entries: 64, granuleKiB: 16 },
  ]

  /** 96 MiB that are all alike and all hot (a hundred misses per page and second), of which DRAM holds 64 MiB. */
  const scenarioOf = (entries: number, granuleKiB: number): string => `
name: hotness-cap
duration: 3s
devices:
  pool:
    physical: 256MiB
    advertised: 256MiB
    channels: 4
    hotness: { granule: ${granuleKiB}KiB, epoch: 100ms, threshold: 4, hotlist: ${entries} }
hosts:
  host: { memory: 64MiB, devices: [pool], watermarkScaleFactor: 400 }
promoters:
  agent: { host: host, hints: false, threshold: 1, sleep: 50ms }
workloads:
  service: { host: host, kind: uniform, size: 96MiB, accesses: 2400k/s, miss: 100%, threads: 64 }
`

  test.for(LISTS)('holds for a list of $entries units of $granuleKiB KiB', async ({ entries, granuleKiB }) => {
    const unitsPerReport: number[] = []
    const run = await trial(scenarioOf(entries, granuleKiB), [], (mail) => {
      if (isKind(mail, 'hotlist')) unitsPerReport.push(mail.body.units.length)
    })
    const epochs = 3 / EPOCH_SECONDS
    const host = run.final['host']!
    const capBytes = (entries * granuleKiB * KIB * 3) / EPOCH_SECONDS

    expect(host['pages.pooled']! * 4).toBeGreaterThan(10 * entries * granuleKiB)
    expect(Math.max(...unitsPerReport)).toBe(entries)
    expect(unitsPerReport.length).toBeGreaterThan(epochs * 0.8)
    expect(unitsPerReport.length).toBeLessThanOrEqual(epochs)
    expect(new Set(unitsPerReport.slice(2))).toEqual(new Set([entries]))
    expect(host['promoted']! * PAGE_BYTES).toBeLessThanOrEqual(capBytes)
    // Orders use the cap up. Less comes home: a page that kmigrated takes in mid-epoch was counted already and is reported again.
    expect(run.final['agent']!['ordered']! * PAGE_BYTES).toBeLessThanOrEqual(capBytes)
    expect(run.final['agent']!['ordered']! * PAGE_BYTES).toBeGreaterThan(0.9 * capBytes)
    expect(host['promoted']).toBeGreaterThan(0)
    expect(run.final['pool']!['hotlistDropped']).toBeGreaterThan(0)
  })
})

describe('the half-full blind spot', () => {
  const EPOCHS = 20

  /** Units are read steadily in every accounting tick of 20 epochs of 1 s. */
  function reportedOf(hotUnits: number): number {
    const device = new Device(deviceSpec({ advertisedBytes: 64 * PAGE_BYTES }))
    const pages = Array.from({ length: hotUnits }, (_, page) => page)
    const mailAt: Record<number, ReturnType<typeof accesses>[]> = { 1: [demote(HOST_1, pages)], 2: [written(HOST_1, pages, 512)] }
    for (let tick = 1; tick <= EPOCHS * 100; tick++) mailAt[tick * 10] = [accesses(HOST_1, pages, 5)]
    const out = new Recorder('device-1')
    drive(device, out, mailAt, EPOCHS * 1000)
    return out.of('hotlist').reduce((sum, { to, body }) => sum + (to === PROMOTER_1 ? body.units.length : 0), 0)
  }

  test('31 hot units of a 64-entry list are never reported', () => {
    expect(reportedOf(31)).toBe(0)
  })

  test('32 are, in every epoch', () => {
    expect(reportedOf(32)).toBe(32 * EPOCHS)
  })
})
