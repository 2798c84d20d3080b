import { expect, test } from 'vitest'
import { loadScenario } from '#shared/scenario.ts'
import { run } from './cluster.fixture.ts'

/** Misses by the thousand in every tick: a class that stays a flood, one that comes and goes, and writes that renew sizes. */
const FLOOD = `
name: flood
duration: 1s
devices:
  device-1: { physical: 48MiB, advertised: 160MiB, hotness: { epoch: 100ms, threshold: 20 } }
hosts:
  host-1: { memory: 48MiB, devices: [device-1], watermarkScaleFactor: 300, swap: { size: 64MiB }, pooledAtStart: 34MiB }
promoters:
  promoter-1: { host: host-1, threshold: 1, sleep: 50ms, batch: 64, rateLimit: 8MB/s }
workloads:
  steady: { host: host-1, kind: uniform, size: 56MiB, accesses: 2M/s, miss: 50%, content: redis_json, writes: sqlite }
  moving: { host: host-1, kind: phases, size: 20MiB, accesses: 4M/s, miss: 60%, hot: 30%, hotShare: 95%, period: 200ms, writes: incompressible }
`
const flood = (...sets: string[]) => loadScenario(FLOOD, 'flood', sets).scenario

test('a flood gives one digest: spread, through the codec, killed and restored again and again', async () => {
  const plain = await run(flood())
  expect(plain.telemetry['host-1']!['promoted']).toBeGreaterThan(500)
  const rough = await run(flood(), { stageOf: (ordinal) => ordinal % 3, codec: true, restart: (grants) => grants % 17 === 5 })
  expect(rough.restarts).toBeGreaterThan(5)
  expect(rough.digests).toEqual(plain.digests)
})

test('a host meets a flood as it meets its misses one by one: reads, writes, sizes, stalls', async () => {
  // Counters of 8 KiB cannot be told by the page, so there the misses are drawn one by one; no promoter, that pages stay comparable.
  const still = ['promoters.promoter-1.chmu=false', 'duration=2s', 'workloads.moving.period=1s']
  const seen = await run(flood(...still))
  const single = await run(flood(...still, 'devices.device-1.hotness.granule=8KiB'))
  expect(seen.digest).not.toBe(single.digest)
  const near = (actor: string, key: string, within: number): void => {
    const [x, y] = [seen.telemetry[actor]![key]!, single.telemetry[actor]![key]!]
    expect(Math.abs(x / y - 1), `${key}: ${x} and ${y}`).toBeLessThan(within)
  }
  near('device-1', 'byHost.host-1.readBytes', 0.01)
  near('device-1', 'byHost.host-1.writeBytes', 0.01)
  near('device-1', 'usedBytes', 0.02)
  near('device-1', 'byHost.host-1.readNs.mean', 0.02)
  near('host-1', 'latencyNs.mean', 0.02)
  near('host-1', 'slowdown', 0.01)
})
