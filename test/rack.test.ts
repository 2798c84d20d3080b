import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadScenario } from '#shared/scenario.ts'
import { run } from './cluster.fixture.ts'

const FILE = new URL('../scenarios/rack.yaml', import.meta.url)
const rack = (...sets: string[]) => loadScenario(readFileSync(FILE, 'utf8'), 'rack.yaml', sets).scenario

/** A thousandth of each size, and of each rate; the times stay, but for the hot set's, that it moves twice in a short run. */
const SMALL = [
  'duration=6s',
  'hosts.*.memory=64MiB',
  'hosts.*.pooledAtStart=31MiB',
  'devices.*.physical=224MiB',
  'devices.*.advertised=512MiB',
  'promoters.*.rateLimit=4MB/s',
  'devices.*.hotness.hotlist=16',
  ...Array.from({ length: 16 }, (_, i) => [
    `workloads.store-${i + 1}.size=40MiB`,
    `workloads.store-${i + 1}.accesses=1k/s`,
    `workloads.archive-${i + 1}.size=52MiB`,
    `workloads.archive-${i + 1}.accesses=4/s`,
    `workloads.cache-${i + 1}.size=1MiB`,
    `workloads.cache-${i + 1}.accesses=400/s`,
    `workloads.cache-${i + 1}.period=2s`,
    `workloads.cache-${i + 1}.cache=32KiB`,
  ]).flat(),
]

test('the rack is what it says: over 384 million pages, a third of them pooled, on 2 TiB of advertised capacity', () => {
  const { hosts, devices, workloads, duration } = rack()
  const sum = (bytes: readonly number[]): number => bytes.reduce((x, y) => x + y, 0)
  const pages = Object.values(workloads).map((workload) => ('size' in workload ? Math.floor(workload.size / 4096) : 0))
  expect(sum(pages)).toBeGreaterThan(384e6)
  expect(sum(Object.values(hosts).map(({ pooledAtStart }) => pooledAtStart / 4096))).toBeGreaterThan(128e6)
  expect(Object.values(hosts).map(({ memory }) => memory)).toEqual(Array.from({ length: 16 }, () => 64 * 2 ** 30))
  expect(sum(Object.values(devices).map(({ advertised }) => advertised))).toBe(2 * 2 ** 40)
  expect(Object.keys(devices).length).toBe(4)
  expect(duration).toBe(60e9)
})

test('a thousandth of a rack moves its hot sets home and cold pages out, loses nothing, and gives one digest', async () => {
  const { telemetry, digests } = await run(rack(...SMALL))
  const total = (key: string): number => Object.values(telemetry).reduce((sum, of) => sum + (of[key] ?? 0), 0)
  expect(total('startedPooled')).toBe((16 * 31 * 2 ** 20) / 4096)
  expect(total('promoted')).toBeGreaterThan(100)
  for (const key of ['refused', 'swappedOut', 'poisonedPages', 'oomKills', 'interrupts']) expect(total(key), key).toBe(0)
  const spread = await run(rack(...SMALL), { stageOf: (ordinal) => ordinal % 2, codec: true })
  expect(spread.digests).toEqual(digests)
})
