/** verdict.json: what a run gives, the same for every bus. Only wallSeconds depends on the machine. */
import { createHash } from 'node:crypto'
import type { ActorId, Telemetry } from '#shared/actor.ts'
import type { ActorDigest, Report } from '#shared/bus/bus.ts'
import { NS_PER_S, type Quantum } from '#shared/time.ts'
import type { Cast } from './actors.ts'
import type { Chronicle } from './chronicle.ts'
import { storyOf } from './story.ts'

/** Dotted telemetry keys become nested objects: `refused.full` is `refused: { full }`. */
export interface Figures {
  readonly [name: string]: number | Figures
}

export interface Bear {
  /** The memory system kept ahead: no device ran out of space, and no write was lost. */
  readonly outrun: boolean
  readonly closestHeadroomBytes: number
  readonly atSeconds: number
}

export interface Verdict {
  readonly scenario: string
  readonly seed: number
  readonly digest: string
  readonly bus: string
  readonly interrupted: boolean
  readonly virtualSeconds: number
  readonly wallSeconds: number
  readonly pages: number
  readonly transitions: number
  readonly quanta: number
  readonly hosts: Readonly<Record<ActorId, Figures>>
  readonly devices: Readonly<Record<ActorId, Figures>>
  readonly promoters: Readonly<Record<ActorId, Figures>>
  readonly workloads: Readonly<Record<ActorId, Figures>>
  readonly bear: Bear
  /** In words, a sentence or two each. */
  readonly story: readonly string[]
}

export interface Outcome {
  readonly bus: string
  readonly interrupted: boolean
  readonly ended: Quantum
  readonly quanta: number
  readonly wallSeconds: number
  readonly final: readonly Report[]
}

/** Telemetry that serves checks and joins, and says nothing to a reader. */
export const INTERNAL = ['lastStep', 'slots', 'slotsBefore', 'truth']

export function verdictOf(cast: Cast, outcome: Outcome, chronicle: Chronicle): Verdict {
  const { scenario } = cast
  const telemetry = telemetryOf(outcome.final)
  const section = (ids: readonly ActorId[]): Record<ActorId, Figures> =>
    Object.fromEntries(ids.map((id) => [id, nested(telemetry[id] ?? {})]))
  const hosts = Object.keys(scenario.hosts)
  const bear = bearOf(scenario, telemetry)
  const sum = (key: string): number => hosts.reduce((total, id) => total + (telemetry[id]?.[key] ?? 0), 0)
  return {
    scenario: scenario.name,
    seed: scenario.seed,
    digest: digestOf(outcome.final.flatMap((report) => report.digests ?? [])),
    bus: outcome.bus,
    interrupted: outcome.interrupted,
    virtualSeconds: (outcome.ended * scenario.quantum) / NS_PER_S,
    wallSeconds: outcome.wallSeconds,
    pages: sum('allocatedEver'),
    transitions: sum('transitions'),
    quanta: outcome.quanta,
    hosts: section(hosts),
    devices: section(Object.keys(scenario.devices)),
    promoters: Object.fromEntries(
      Object.entries(scenario.promoters).map(([id, { host }]) => {
        const truth = nested(telemetry[host] ?? {}, [])['truth'] as Figures
        return [id, { ...nested(telemetry[id] ?? {}), ...truth }]
      }),
    ),
    workloads: section(cast.members.filter(({ role }) => role === 'workload').map(({ id }) => id)),
    bear,
    story: storyOf(scenario, chronicle, bear),
  }
}

/** One digest over all actors in the scenario's order, wherever they lived. */
export function digestOf(digests: readonly ActorDigest[]): string {
  const hash = createHash('sha256')
  for (const { ordinal, mail, state } of digests.toSorted((x, y) => x.ordinal - y.ordinal)) {
    hash.update(`${ordinal} ${mail} ${state}\n`)
  }
  return hash.digest('hex').slice(0, 32)
}

export function telemetryOf(reports: readonly Report[]): Record<ActorId, Telemetry> {
  return Object.assign({}, ...reports.map((report) => report.telemetry ?? {})) as Record<ActorId, Telemetry>
}

function bearOf(scenario: Cast['scenario'], telemetry: Readonly<Record<ActorId, Telemetry>>): Bear {
  let closest = { closestHeadroomBytes: Infinity, atSeconds: 0 }
  let poisoned = 0
  for (const id of Object.keys(scenario.devices)) {
    const device = telemetry[id]!
    poisoned += device['poisonedPages']!
    const headroom = device['minHeadroomBytes']!
    if (headroom < closest.closestHeadroomBytes) {
      closest = { closestHeadroomBytes: headroom, atSeconds: device['minHeadroomAtSeconds']! }
    }
  }
  return { outrun: poisoned === 0 && closest.closestHeadroomBytes > 0, ...closest }
}

function nested(flat: Telemetry, drop: readonly string[] = INTERNAL): Figures {
  const root: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(flat)) {
    const path = key.split('.')
    if (drop.includes(path[0]!)) continue
    let at = root
    for (const part of path.slice(0, -1)) at = (at[part] ??= {}) as Record<string, unknown>
    at[path.at(-1)!] = value
  }
  return root as Figures
}
