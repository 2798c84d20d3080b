/**
 * Load and latency: the device answers every measured point of the committed reference (FACTS 6), and what a host waits for
 * obeys Little's law: threads that wait = reads per second × the time a read waits beyond DRAM.
 */
import { Recorder } from '#shared/recorder.fixture.ts'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CODECS } from '#services/device/codec.ts'
import { Device } from '#services/device/device.ts'
import { deviceSpec, drive, HOST_1, traffic } from '#services/device/device.fixture.ts'
import { DRAM_READ_NS } from '#services/host/costs.ts'
import { LINE_BYTES } from '#shared/page/page-table.ts'
import { TOLERANCES } from './tolerances.ts'
import { last, secondsOf, trial, type Sample } from './trial.ts'

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
  /** A second of raw traffic at this rate, and what the device tells its hosts in the end. */
  function rawReadNs(readShare: number, gigabytesPerSecond: number): number {
    const out = new Recorder('device-1')
    const bytes = gigabytesPerSecond * 1e9 * TICK_SECONDS
    const report = [traffic(HOST_1, { readBytes: bytes * readShare, writeBytes: bytes * (1 - readShare) })]
    const plan = Object.fromEntries(Array.from({ length: 150 }, (_, tick) => [tick * 10 + 1, report]))
    drive(new Device(deviceSpec()), out, plan, 1491)
    return out.of('load').at(-1)!.body.rawReadNs - CODECS.lz4.metadataNs
  }

  test('has three measured read shares and all their points', () => {
    expect(POINTS.length).toBe(31)
    expect(new Set(POINTS.map(({ readShare }) => readShare))).toEqual(new Set([0.1, 0.6, 0.9]))
  })

  test.for(POINTS)(
    'is met at $gigabytesPerSecond GB/s with a read share of $readShare',
    ({ readShare, gigabytesPerSecond, ns }) => {
      expect(Math.abs(rawReadNs(readShare, gigabytesPerSecond) - ns)).toBeLessThan(TOLERANCES.curveNs)
    },
  )
})

describe('a host and a device in balance', () => {
  /** Memory of which DRAM holds a quarter, read evenly in the second second, when it is in place; every access misses the cache. */
  const scenarioOf = (accesses: string, threads: number, decompressRate = '60GB/s'): string => `
name: little
duration: 2s
sample: 100ms
devices:
  pool: { physical: 512MiB, advertised: 1GiB, decompressRate: ${decompressRate} }
hosts:
  host: { memory: 128MiB, devices: [pool], watermarkScaleFactor: 400 }
workloads:
  reader:
    host: host
    kind: burst
    size: 512MiB
    accesses: 0/s
    burst: ${accesses}
    period: 2s
    length: 1s
    skew: 0
    writeShare: 0%
    miss: 100%
    threads: ${threads}
    content: { ratio: 2 }
`

  test.for([
    { accesses: '1M/s', threads: 1 },
    { accesses: '4M/s', threads: 8 },
    { accesses: '20M/s', threads: 16 },
  ])("obey Little's law below saturation: $accesses of $threads threads", async ({ accesses, threads }) => {
    const run = await trial(scenarioOf(accesses, threads))
    const [begin, end] = [last(run, 1500), last(run, 1999)]
    const seconds = secondsOf(run, end.quantum - begin.quantum)
    const sum = (of: (sample: Sample) => number): number => of(end) - of(begin)
    expect(sum(({ of }) => of['host']!['demoted']!)).toBe(0)

    const readsOf = ({ of }: Sample): number => of['pool']!['byHost.host.readBytes']! / LINE_BYTES
    const threadsWaiting = (1 - sum(({ of }) => of['reader']!['workSeconds']!) / seconds) * threads
    const readsPerSecond = sum(readsOf) / seconds
    const readNs = sum((sample) => readsOf(sample) * sample.of['pool']!['byHost.host.readNs.mean']!) / sum(readsOf)

    const littleThreads = readsPerSecond * (readNs - DRAM_READ_NS) * 1e-9
    expect(readsPerSecond).toBeGreaterThan(100_000)
    expect(Math.abs(threadsWaiting / littleThreads - 1)).toBeLessThan(TOLERANCES.little)
  })

  const SEEDS = 6
  test.for([4, 16, 128, 1024])('exchange what the engine can decompress when %i threads ask for more', async (threads) => {
    // 14.8 GB/s of half pages: 7.2 M reads/s; the threads would read 40 M/s of which three quarters lie on the device.
    // Host and device hear of each other late, so what one run exchanges swings by 5 %: a mean of several.
    let readsPerSecond = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      const run = await trial(`seed: ${seed}${scenarioOf('40M/s', threads, '14.8GB/s')}`)
      const [begin, end] = [last(run, 1200), last(run, 1999)]
      const readBytes = (sample: Sample): number => sample.of['pool']!['byHost.host.readBytes']!
      readsPerSecond += (readBytes(end) - readBytes(begin)) / LINE_BYTES / secondsOf(run, end.quantum - begin.quantum) / SEEDS
    }
    const capacity = 14.8e9 / 2048
    expect(readsPerSecond).toBeLessThan(capacity * (1 + TOLERANCES.overload))
    // Four threads that wait 440 ns each beyond DRAM do not saturate the engine.
    if (threads > 4) expect(readsPerSecond).toBeGreaterThan(capacity * (1 - TOLERANCES.overload))
  })

  test('a write waits for a compression when the compressor is offered more than it can do', async () => {
    /** Overwrites its pooled pages at 1 GB/s; a compressor of 200 MB/s is overrun, one of 17 GB/s is not. */
    const workDone = async (compress: string, compressRate: string): Promise<number> => {
      const run = await trial(`
name: overrun
duration: 4s
devices:
  pool: { physical: 512MiB, advertised: 1GiB, compress: ${compress}, compressRate: ${compressRate} }
hosts:
  host: { memory: 128MiB, devices: [pool], watermarkScaleFactor: 400 }
workloads:
  writer: { host: host, kind: bear, size: 384MiB, content: { ratio: 2 }, writes: { ratio: 2 }, rate: 1GB/s, attack: 2s, threads: 1 }
`)
      // What it gets done after the attack's begin at 2 s.
      return run.final['host']!['workSeconds']! - 2
    }
    expect(await workDone('50us', '17GB/s')).toBe(await workDone('500ns', '17GB/s'))
    expect(await workDone('50us', '200MB/s')).toBeLessThan(0.7 * (await workDone('500ns', '200MB/s')))
  })
})
