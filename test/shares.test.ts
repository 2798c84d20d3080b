/** Whole runs on devices with shares: what the device asserts holds in every step, and nothing is lost in a snapshot. */
import { expect, test } from 'vitest'
import type { DeviceScenario, Scenario } from '#shared/scenario.ts'
import { run } from './cluster.fixture.ts'
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

const plain = randomScenarios(10)

test.each(Object.keys(POLICIES))(
  'under %s shares runs end, and end alike when they are spread, killed and restored',
  async (policy) => {
    const sums: Record<string, number> = {}
    for (const scenario of plain.map((given) => divided(given, policy))) {
      const { digests, telemetry } = await run(scenario)
      const restarted = await run(scenario, {
        stageOf: (ordinal) => ordinal % 3,
        codec: true,
        restart: (grants) => grants % 83 === 5,
      })
      expect(restarted.restarts).toBeGreaterThan(1)
      expect(restarted.digests).toEqual(digests)
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
