/** The laws that every run must obey, over all actors at its end. Each actor asserts its own; these join them. */
import type { ActorId, Telemetry } from '#shared/actor.ts'
import { assert } from '#shared/errors.ts'
import type { Scenario } from '#shared/scenario.ts'
import type { Quantum } from '#shared/time.ts'

/**
 * `ended` is the quantum at which the run ended: mail of quantum ended − 1 was not delivered any more, so what a device knows of
 * a host that stepped then is the state before that step.
 */
export function checkConservation(scenario: Scenario, telemetry: Readonly<Record<ActorId, Telemetry>>, ended: Quantum): void {
  for (const [id, device] of Object.entries(scenario.devices)) {
    const seen = telemetry[id]!
    let pages = 0
    let used = 0
    for (const [host, { devices }] of Object.entries(scenario.hosts)) {
      if (!devices.includes(id)) continue
      const mine = telemetry[host]!
      const held = mine['lastStep'] === ended - 1 ? mine[`slotsBefore.${id}`]! : mine[`slots.${id}`]!
      const stored = seen[`byHost.${host}.storedPages`]!
      assert(stored === held, `${id} holds the pages of ${host}: ${stored} stored, ${held} held`)
      pages += stored
      used += seen[`byHost.${host}.usedBytes`]!
      const taken = seen[`byHost.${host}.takenBytes`] ?? 0
      assert(taken <= mostOf(device.shares, host), `${id}: ${host} takes ${taken} bytes, no more than its share`)
    }
    assert(seen['storedPages'] === pages, `${id}: stored pages are those of its hosts`)
    assert(seen['usedBytes'] === used, `${id}: used bytes are those of its hosts`)
    assert(
      seen['usedBytes'] + seen['headroomBytes']! <= device.physical,
      `${id}: used bytes and headroom fit its physical capacity`,
    )
    for (const [key, value] of Object.entries(seen)) assert(value >= 0, `${id}: ${key} is not negative (${value})`)
  }
  for (const id of Object.keys(scenario.hosts)) {
    for (const [key, value] of Object.entries(telemetry[id]!)) {
      assert(value >= 0 || key === 'lastStep', `${id}: ${key} is not negative (${value})`)
    }
  }
}

/** Bytes that a host may take of a device, with the grace. */
function mostOf(shares: Scenario['devices'][string]['shares'], host: ActorId): number {
  if (shares.policy === 'hard') return shares.limits[host]!
  return shares.policy === 'grace' ? shares.limits[host]! + shares.grace : Infinity
}
