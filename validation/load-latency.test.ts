/**
 * Load and latency: the device answers every measured point of the committed reference (FACTS 6), and what a host waits for
 * obeys Little's law: threads that wait = reads per second × the time a read waits beyond DRAM.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CODECS } from '#services/device/codec.ts'
import { Device } from '#services/device/device.ts'
import { deviceSpec, drive, HOST_1, Recorder, traffic } from '#services/device/device.fixture.ts'
import { DRAM_READ_NS, LINE_BYTES } from '#services/host/costs.ts'
import { TOLERANCES } from './tolerances.ts'
import { last, secondsOf, trial } from './trial.ts'

const TICK_SECONDS = 0.01

const POINTS = readFileSync(new URL('reference/load-latency.csv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [readShare, gigabytesPerSecond, ns] = line.split(',').map(Number)
    return { readShare: readShare!, gigabytesPerSecond: gigabytesPerSecond!, ns: ns! }
  })

describe('the load-latency curve', () => {
  /** One tick of raw traffic at this rate, and what the device then tells its hosts. */
  function rawReadNs(readShare: number, gigabytesPerSecond: number): number {
    const out = new Recorder()
    const bytes = gigabytesPerSecond * 1e9 * TICK_SECONDS
    drive(new Device(deviceSpec()), out, { 10: [traffic(HOST_1, { readBytes: bytes * readShare, writeBytes: bytes * (1 - readShare) })] }, 10)
    return out.of('load')[0]!.body.rawReadNs - CODECS.lz4.metadataNs
  }

  test('has three measured read shares and all their points', () => {
    expect(POINTS.length).toBe(31)
    expect(new Set(POINTS.map(({ readShare }) => readShare))).toEqual(new Set([0.1, 0.6, 0.9]))
  })

  test.for(POINTS)('is met at $gigabytesPerSecond GB/s with a read share of $readShare', ({ readShare, gigabytesPerSecond, ns }) => {
    expect(Math.abs(rawReadNs(readShare, gigabytesPerSecond) - ns)).toBeLessThan(TOLERANCES.curveNs)
  })
})

describe("Little's law", () => {
  /** A scan of pooled memory: its rate on all-DRAM, and the threads that may wait at a time. */
  const scenarioOf = (rate: string, threads: number): string => `
name: little
duration: 1200ms
quantum: 1ms
sample: 100ms
devices:
  pool: { physical: 512MiB, advertised: 512MiB, decompressRate: 60GB/s }
hosts:
  host: { memory: 64MiB, devices: [pool], watermarkScaleFactor: 400 }
workloads:
  reader: { host: host, kind: scan, size: 256MiB, rate: ${rate}, threads: ${threads}, content: { ratio: 2 }, allocateRate: 1GB/s }
`

  test.for([
    { rate: '1GB/s', threads: 4 },
    { rate: '8GB/s', threads: 32 },
    { rate: '20GB/s', threads: 64 },
    { rate: '40GB/s', threads: 512 },
  ])('holds for a scan of $rate by $threads threads', async ({ rate, threads }) => {
    const run = await trial(scenarioOf(rate, threads))
    const [begin, end] = [last(run, 700), last(run, 1199)]
    const seconds = secondsOf(run, end.quantum - begin.quantum)
    const over = (actor: string, key: string): number => end.of[actor]![key]! - begin.of[actor]![key]!

    const workSeconds = over('reader', 'workSeconds')
    const threadsWaiting = (1 - workSeconds / seconds) * threads
    const readsPerSecond = over('pool', 'byHost.host.readBytes') / LINE_BYTES / seconds
    const readNs = end.of['pool']!['readNs.mean']!
    console.log({ rate, threads, gb: (readsPerSecond * LINE_BYTES) / 1e9, readNs, threadsWaiting, little: readsPerSecond * (readNs - DRAM_READ_NS) * 1e-9, util: end.of['pool']!['utilisation'],  peak: end.of['pool']!['peakUtilisation'], host: end.of['host']!['latencyNs.mean'] })
    expect(threadsWaiting / (readsPerSecond * (readNs - DRAM_READ_NS) * 1e-9) - 1).toBeCloseTo(0, 1)
  })
})
