/** Where a run stands, for a person who waits. */
import type { ActorId, Telemetry } from '#shared/actor.ts'
import { PAGE_STATES, type PageState } from '#shared/page/lifecycle.ts'
import type { Scenario } from '#shared/scenario.ts'
import { NS_PER_S } from '#shared/time.ts'

export interface Progress {
  readonly virtualSeconds: number
  readonly totalSeconds: number
  /** Over all hosts. */
  readonly pages: Readonly<Record<PageState, number>>
  readonly demoted: number
  readonly refused: number
  /** Per device. */
  readonly headroomBytes: Readonly<Record<ActorId, number>>
  /** Wall time by which the run is late, if it has a pace. */
  readonly behindSeconds?: number
}

export function progressOf(
  scenario: Scenario,
  virtualSeconds: number,
  telemetry: Readonly<Record<ActorId, Telemetry>>,
): Progress {
  const hosts = Object.keys(scenario.hosts).map((id) => telemetry[id] ?? {})
  const sum = (key: string): number => hosts.reduce((total, host) => total + (host[key] ?? 0), 0)
  return {
    virtualSeconds,
    totalSeconds: scenario.duration / NS_PER_S,
    pages: Object.fromEntries(PAGE_STATES.map((state) => [state, sum(`pages.${state}`)])) as Record<PageState, number>,
    demoted: sum('demoted'),
    refused: sum('refused'),
    headroomBytes: Object.fromEntries(Object.keys(scenario.devices).map((id) => [id, telemetry[id]?.['headroomBytes'] ?? 0])),
  }
}
