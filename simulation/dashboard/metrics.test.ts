import { describe, expect, test } from 'vitest'
import type { Sample, Status } from '#shared/observe/broadcast.ts'
import { statusOf } from '../cluster/status.ts'
import { tiny } from '../cluster/tiny.fixture.ts'
import { readExposition } from './exposition.fixture.ts'
import { metricsText } from './metrics.ts'

const STATUS: Status = {
  ...statusOf(tiny(), [
    { id: 'one', host: 'host-1', kind: 'zipf', injected: false, state: 'present' },
    { id: 'two', host: 'host-2', kind: 'uniform', injected: true, state: 'left' },
  ]),
  run: 'a "run"\nof two lines',
  cluster: 'test',
  state: 'paused',
  remark: '',
  quantum: 100,
  quanta: 90,
  virtualSeconds: 0.1,
  pace: 2,
  behindSeconds: 0.5,
  generation: 3,
  lastSetSeconds: -1,
  stages: [{ name: 'host-a', roles: ['host'], actors: ['host-1'], state: 'silent', silentSeconds: 6 }],
  standby: ['host-b'],
  dropped: { old: 4, invented: 7 },
}

const SAMPLE: Sample = {
  quantum: 95,
  virtualSeconds: 0.095,
  telemetry: {
    'host-1': { freePages: 3, demoted: 11, slowdown: 1.25, 'truth.coverage': Number.NaN, peculiar: 1 },
    'host-2': { promoted: 5, 'truth.latenessMs': 20 },
    'device-1': {
      headroomBytes: 1000,
      utilisation: Infinity,
      'readNs.mean': 500,
      'refused.full': 9,
      'byHost.host-1.usedBytes': 4096,
      'byHost.host-2.usedBytes': 0,
      'byHost.host-1.refusedFor.full': 2,
      'byHost.host-2.refusedFor.full': 7,
      'byHost.host-9.usedBytes': 1,
      interrupts: -1,
    },
    'promoter-1': { pending: 6, home: 5 },
    nobody: { usedBytes: 1, demoted: 1 },
  },
}

async function exposed(status: Status | undefined = STATUS, sample: Sample | undefined = SAMPLE) {
  return readExposition(await metricsText({ status, sample }))
}

async function figures(name: string) {
  return Object.fromEntries((await exposed()).get(`coldpool_${name}`)?.series ?? [])
}

describe('metrics', () => {
  test('have HELP and TYPE, a name of ours, and end in _total if and only if they are counters', async () => {
    const metrics = await exposed()
    expect(metrics.size).toBeGreaterThan(30)
    for (const [name, { help, type, series }] of metrics) {
      expect(name).toMatch(/^coldpool_[a-z0-9_]+$/)
      expect(help, name).toMatch(/^[A-Z].*[.0]$/)
      expect(type, name).toBe(name.endsWith('_total') ? 'counter' : 'gauge')
      expect(series.size, name).toBeGreaterThan(0)
    }
  })

  test('of hosts, devices and promoters are the telemetry of the last sample, in base units', async () => {
    expect(await figures('sampled_virtual_seconds_total')).toEqual({ '': 0.095 })
    expect(await figures('host_dram_free_bytes')).toEqual({ 'host="host-1"': 3 * 4096 })
    expect(await figures('host_demoted_pages_total')).toEqual({ 'host="host-1"': 11 })
    expect(await figures('host_promoted_pages_total')).toEqual({ 'host="host-2"': 5 })
    expect(await figures('host_promotion_lateness_seconds')).toEqual({ 'host="host-2"': 0.02 })
    expect(await figures('device_headroom_bytes')).toEqual({ 'device="device-1"': 1000 })
    expect((await figures('device_read_latency_mean_seconds'))['device="device-1"']).toBeCloseTo(5e-7, 12)
    expect(await figures('device_used_bytes')).toEqual({
      'device="device-1",host="host-1"': 4096,
      'device="device-1",host="host-2"': 0,
    })
    expect(await figures('device_refused_pages_total')).toEqual({ 'device="device-1",reason="full"': 9 })
    expect(await figures('host_refused_pages_total')).toEqual({
      'host="host-1",reason="full"': 2,
      'host="host-2",reason="full"': 7,
    })
    expect(await figures('promoter_home_pages_total')).toEqual({ 'promoter="promoter-1",host="host-1"': 5 })
  })

  test('of the run are its status', async () => {
    expect(await figures('run_info')).toEqual({
      [String.raw`run="a \"run\"\nof two lines",cluster="test",scenario="tiny",seed="${STATUS.seed}"`]: 1,
    })
    expect(await figures('run_state')).toMatchObject({ 'state="paused"': 1, 'state="running"': 0, 'state="ended"': 0 })
    expect(await figures('virtual_seconds')).toEqual({ '': 0.1 })
    expect(await figures('pace_ratio')).toEqual({ '': 2 })
    expect(await figures('behind_seconds')).toEqual({ '': 0.5 })
    expect(await figures('generation')).toEqual({ '': 3 })
    expect(await figures('granted_quanta_total')).toEqual({ '': 90 })
    expect(await figures('stages')).toEqual({ 'state="live"': 0, 'state="silent"': 1, 'state="missing"': 0 })
    expect(await figures('workloads')).toMatchObject({ 'state="present"': 1, 'state="left"': 1 })
    expect(await figures('device_physical_bytes')).toEqual({ 'device="device-1"': 8 << 20 })
  })

  test('leave out what is unknown, what is not finite, and causes that nobody knows', async () => {
    const text = await metricsText({ status: STATUS, sample: SAMPLE })
    for (const word of ['peculiar', 'nobody', 'host-9', 'invented', 'coverage', 'utilisation', 'last_snapshots'])
      expect(text).not.toContain(word)
    expect(await figures('dropped_messages_total')).toMatchObject({ 'cause="old"': 4, 'cause="slow"': 0 })
    expect(await figures('device_interrupts_total')).toEqual({ 'device="device-1"': 0 })
  })

  test('say that no run is heard of, and nothing else, before there is one; then no more than its status', async () => {
    const none = readExposition(await metricsText({ status: undefined, sample: undefined }))
    expect(Array.from(none, ([name, { series }]) => [name, ...series])).toEqual([['coldpool_run_heard', ['', 0]]])
    const begun = readExposition(await metricsText({ status: STATUS, sample: undefined }))
    expect(begun.get('coldpool_run_heard')!.series.get('')).toBe(1)
    expect(begun.has('coldpool_host_memory_bytes')).toBe(true)
    expect(begun.has('coldpool_host_demoted_pages_total')).toBe(false)
  })

  test('are of 64 hosts on 16 devices at most, whatever the bus brings', async () => {
    const ids = (kind: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${kind}-${i}`)
    const [hosts, devices, promoters] = [ids('host', 100), ids('device', 30), ids('promoter', 100)]
    const keys = ['usedBytes', 'storedPages', 'shareBytes', 'readBytes', 'writeBytes', 'refusedFor.full', 'refusedFor.share']
    const tenants = Object.fromEntries(hosts.flatMap((host) => keys.map((key) => [`byHost.${host}.${key}`, 1])))
    const [host, device] = [STATUS.hosts['host-1']!, { ...STATUS.devices['device-1']!, hosts }]
    const full = await exposed(
      {
        ...STATUS,
        hosts: Object.fromEntries(hosts.map((id) => [id, host])),
        devices: Object.fromEntries(devices.map((id) => [id, device])),
        promoters: Object.fromEntries(promoters.map((id) => [id, { host: 'host-1' }])),
      },
      {
        ...SAMPLE,
        telemetry: Object.fromEntries([...devices, ...hosts, ...promoters].map((id) => [id, { ...tenants, home: 1 }])),
      },
    )
    expect(full.get('coldpool_device_used_bytes')!.series.size).toBe(64 * 16)
    expect(full.get('coldpool_host_refused_pages_total')!.series.get('host="host-0",reason="full"')).toBe(16)
    expect(full.get('coldpool_host_memory_bytes')!.series.size).toBe(64)
    expect(full.get('coldpool_promoter_home_pages_total')!.series.size).toBe(64)
    expect(Array.from(full.values(), ({ series }) => series.size).reduce((sum, size) => sum + size)).toBeLessThan(10_000)
  })
})
