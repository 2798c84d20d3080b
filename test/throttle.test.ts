/** Whole runs of hosts that heed their devices' load class: alike however they are run, killed and restored. */
import { expect, test } from 'vitest'
import type { Scenario } from '#shared/scenario.ts'
import { expectAlike, run } from './cluster.fixture.ts'
import { randomScenarios } from './scenario.fixture.ts'

/** A device that is busy at once, and hosts that heed it. */
function busy(scenario: Scenario): Scenario {
  const slow = { decompressRate: 50e6, compressRate: 50e6 }
  const throttle = { moderate: 0.1, severe: 0.5, most: 10 }
  return {
    ...scenario,
    devices: Object.fromEntries(Object.entries(scenario.devices).map(([id, device]) => [id, { ...device, ...slow }])),
    hosts: Object.fromEntries(Object.entries(scenario.hosts).map(([id, host]) => [id, { ...host, throttle }])),
  }
}

test('runs end alike when they are spread, killed and restored', async () => {
  let throttledSeconds = 0
  for (const scenario of randomScenarios(8).map(busy)) {
    const { digests, telemetry } = await run(scenario)
    await expectAlike(scenario, digests)
    for (const values of Object.values(telemetry)) throttledSeconds += values['throttledSeconds'] ?? 0
  }
  expect(throttledSeconds).toBeGreaterThan(0.01)
})
