/** Whole runs on devices with shares: what the device asserts holds in every step, and nothing is lost in a snapshot. */
import { expect, test } from 'vitest'
import { type DeviceScenario, parseScenario, type Scenario } from '#shared/scenario.ts'
import { expectAlike, run } from './cluster.fixture.ts'
import { randomScenarios } from './scenario.fixture.ts'

const MIB = 2 ** 20

type Shares = DeviceScenario['shares']

/** Each device divided evenly, but for what a policy needs beside. */
const POLICIES: Readonly<Record<string, (device: DeviceScenario, hosts: readonly string[]) => Shares>> = {
  hard: (device, hosts) => ({ policy: 'hard', limits: evenly(hosts, device.physical / hosts.length) }),
  grace: (device, hosts) => {
    const grace = Math.min(MIB / 8, device.physical / hosts.length / 4)
    return { policy: 'grace', limits: evenly(hosts, device.physical / hosts.length - grace), grace }
  },
  weighted: (_, hosts) => ({ policy: 'weighted', weights: evenly(hosts, 3) }),
}

function evenly(hosts: readonly string[], each: number): Record<string, number> {
  return Object.fromEntries(hosts.map((host) => [host, Math.floor(each)]))
}

function divided(scenario: Scenario, policy: string): Scenario {
  const { hosts, devices } = scenario
  return {
    ...scenario,
    devices: Object.fromEntries(
      Object.entries(devices).map(([id, device]) => {
        const sharing = Object.keys(hosts).filter((host) => hosts[host]!.devices.includes(id))
        const shares: Shares = sharing.length > 0 ? POLICIES[policy]!(device, sharing) : { policy: 'none' }
        return [id, { ...device, low: 0.08, high: 0.2, shares }]
      }),
    ),
  }
}

const plain = randomScenarios(10).slice(5)

test.each(Object.keys(POLICIES))(
  'under %s shares runs end, and end alike when they are spread, killed and restored',
  async (policy) => {
    const sums: Record<string, number> = {}
    for (const scenario of plain.map((given) => divided(given, policy))) {
      const { digests, telemetry } = await run(scenario)
      await expectAlike(scenario, digests)
      expect((await run(scenario, { snapshots: 'objects', restart: (grants) => grants === 200 })).spoiled).toBe(0)
      for (const values of Object.values(telemetry)) {
        for (const [key, value] of Object.entries(values)) sums[key] = (sums[key] ?? 0) + value
      }
    }
    // They are no sleepy ones.
    expect(sums['refused.share']).toBeGreaterThan(0)
    expect(sums['swappedOutPooled']).toBeGreaterThan(0)
    if (policy === 'grace') {
      expect(sums['pausedSeconds']).toBeGreaterThan(0)
      expect(sums['poisonedPages']).toBe(0)
    } else expect(sums['poisonedPages']).toBeGreaterThan(0)
  },
)

/** host-2 has the device for itself for two seconds, and takes most of it; then host-1 comes, with less than its part. */
const latecomer = (shares: string): Scenario =>
  parseScenario(
    `
name: latecomer
duration: 8s
devices:
  device-1: { physical: 32MiB, advertised: 128MiB, flush: 200ms, shares: ${shares} }
hosts:
  host-1: { memory: 32MiB, devices: [device-1], watermarkScaleFactor: 100, swap: &swap { size: 128MiB } }
  host-2: { memory: 32MiB, devices: [device-1], watermarkScaleFactor: 100, swap: *swap }
workloads:
  late: { host: host-1, kind: zipf, start: 2s, size: 44MiB, accesses: 100k/s }
  early: { host: host-2, kind: zipf, size: 88MiB, accesses: 100k/s }
`,
    'latecomer',
  )

test('by weight a host may take more than its part while nobody needs it, and gives it back to who comes with less', async () => {
  const { telemetry } = await run(latecomer('{ policy: weighted }'))
  const device = telemetry['device-1']!
  const part = device['byHost.host-2.shareBytes']!
  expect(device['byHost.host-2.peakUsedBytes']).toBeGreaterThan(1.5 * part)
  expect(device['byHost.host-1.refusedFor.pressure']).toBe(0)
  expect(device['byHost.host-1.refusedFor.share']).toBe(0)
  expect(telemetry['host-1']!['swappedOut']).toBe(0)
  expect(telemetry['host-2']!['swappedOutPooled']).toBeGreaterThan(0)

  const { telemetry: undivided } = await run(latecomer('{ policy: none }'))
  expect(undivided['device-1']!['byHost.host-1.refusedFor.pressure']).toBeGreaterThan(0)
  expect(undivided['host-1']!['swappedOut']).toBeGreaterThan(0)
})
