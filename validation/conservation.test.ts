/**
 * Conservation at every moment of a run, not only at its end: a page is in exactly one place, a device's bytes are those of
 * its hosts' pages. The scenario is stormy on purpose: refusals, pressure, swap, promotion, a bear, workloads that leave.
 */
import { describe, expect, test } from 'vitest'
import type { Telemetry } from '#shared/actor.ts'
import { PAGE_STATES } from '#shared/page/lifecycle.ts'
import { trial } from './trial.ts'

const METADATA_BYTES = 64
const CHUNK_BYTES = 512

const STORM = `
name: storm
duration: 8s
sample: 10ms
devices:
  pool-1: { physical: 96MiB, advertised: 256MiB, low: 10%, high: 15%, flush: 100ms, hotness: { epoch: 100ms, threshold: 2, hotlist: 64 } }
  pool-2: { physical: 64MiB, advertised: 192MiB, offline: [{ from: 2s, to: 3s }] }
hosts:
  host-1: { memory: 128MiB, devices: [pool-1], watermarkScaleFactor: 200, swap: { size: 256MiB, bandwidth: 200MB/s }, isolation: { policy: private-node, numaBalancing: true } }
  host-2: { memory: 128MiB, devices: [pool-1, pool-2], watermarkScaleFactor: 200, swap: { size: 128MiB }, proactive: { rate: 20MB/s, age: 500ms }, isolation: { policy: private-node, numaBalancing: true } }
promoters:
  agent-1: { host: host-1, sleep: 50ms }
  agent-2: { host: host-2, chmu: false }
workloads:
  zipf: { host: host-1, kind: zipf, size: 192MiB, accesses: 1M/s, skew: 1.1, miss: 30%, content: redis_json, writes: { drift: redis_json } }
  guest: { host: host-1, kind: uniform, size: 32MiB, accesses: 100k/s, start: 1s, stop: 5s, content: { mix: { sqlite: 70%, zero: 30% } } }
  phases: { host: host-2, kind: phases, size: 160MiB, accesses: 500k/s, miss: 30%, hot: 20%, hotShare: 90%, period: 1s, content: gcc }
  bear: { host: host-2, kind: bear, size: 64MiB, content: sort, rate: 300MB/s, attack: 3s, for: 2s }
`

const HOSTS = ['host-1', 'host-2'] as const
const DEVICES = ['pool-1', 'pool-2'] as const

function sumOf(telemetry: Telemetry, keys: readonly string[]): number {
  return keys.reduce((total, key) => total + (telemetry[key] ?? 0), 0)
}

const run = await trial(STORM)

describe('in a storm', () => {
  const seen = (code: string): number => run.events.filter((event) => event.code === code).length

  test('everything happens that could break a law', () => {
    const total = (key: string): number => HOSTS.reduce((sum, host) => sum + run.final[host]![key]!, 0)
    for (const key of ['demoted', 'refused', 'promoted', 'swappedOut', 'swappedOutPooled', 'swappedIn', 'hintFaults']) {
      expect(total(key), key).toBeGreaterThan(0)
    }
    expect(seen('low-threshold')).toBeGreaterThan(0)
    expect(seen('ended')).toBe(1)
    expect(run.samples.length).toBeGreaterThan(700)
  })

  test('a page is in exactly one place, and DRAM holds no more than its frames', () => {
    for (const { of } of run.samples) {
      for (const id of HOSTS) {
        const host = of[id]!
        const states = PAGE_STATES.filter((state) => state !== 'free').map((state) => `pages.${state}`)
        expect(sumOf(host, states)).toBe(host['allocated'])
        const inDram = sumOf(host, ['pages.local', 'pages.demoting', 'pages.promoting', 'writebackPages'])
        expect(inDram + host['freePages']!).toBe((128 * 2 ** 20) / 4096)
        const slots = DEVICES.map((device) => `slots.${device}`)
        expect(sumOf(host, ['pages.pooled', 'pages.promoting', 'pages.poisoned'])).toBe(sumOf(host, slots))
      }
    }
  })

  test("a device's pages and bytes are those of its hosts, and fit its capacity", () => {
    for (const { of } of run.samples) {
      for (const id of DEVICES) {
        const device = of[id]!
        expect(
          sumOf(
            device,
            HOSTS.map((host) => `byHost.${host}.storedPages`),
          ),
        ).toBe(device['storedPages'])
        const used = device['usedBytes']!
        expect(
          sumOf(
            device,
            HOSTS.map((host) => `byHost.${host}.usedBytes`),
          ),
        ).toBe(used)
        expect(used + device['pendingZeroBytes']! + device['headroomBytes']!).toBe(device['physicalBytes'])
        // Chunks and metadata, nothing else. A page poisoned at its first write has not even metadata.
        if (device['poisonedPages'] === 0) expect((used - device['storedPages']! * METADATA_BYTES) % CHUNK_BYTES).toBe(0)
      }
    }
  })

  test('nothing is ever negative', () => {
    for (const { of } of run.samples) {
      for (const telemetry of Object.values(of)) {
        const negative = Object.entries(telemetry).filter(([key, value]) => value < 0 && key !== 'lastStep')
        expect(negative).toEqual([])
      }
    }
  })

  test('what a device stores is what its hosts hold there, but for the mail that is on its way', () => {
    // A page that moves is asked, admitted and written in three quanta; a batch of them is what may be under way.
    let apart = 0
    for (const { of } of run.samples) {
      for (const id of DEVICES) {
        const held = HOSTS.reduce((sum, host) => sum + (of[host]![`slots.${id}`] ?? 0), 0)
        apart = Math.max(apart, Math.abs(of[id]!['storedPages']! - held))
      }
    }
    expect(apart).toBeLessThan(4096)
    const settled = run.samples.filter(({ of }) =>
      DEVICES.every((id) => of[id]!['storedPages'] === HOSTS.reduce((sum, host) => sum + (of[host]![`slots.${id}`] ?? 0), 0)),
    )
    expect(settled.length).toBeGreaterThan(run.samples.length / 4)
  })
})
