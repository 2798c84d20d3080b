/** What those who watch a run are told of the reports of a quantum (shared/observe/broadcast.ts), on whatever bus it is. */
import type { ActorEvent } from '#shared/actor.ts'
import type { Report } from '#shared/bus/bus.ts'
import type { Events, Heard, Sample } from '#shared/observe/broadcast.ts'
import { mergedMail } from '#shared/recent-mail.ts'
import type { Scenario } from '#shared/scenario.ts'
import { NS_PER_MS, NS_PER_S, type Quantum } from '#shared/time.ts'
import type { Cast } from './actors.ts'
import { eventsOf, isQuiet } from './ledger.ts'
import { telemetryOf } from './verdict.ts'

/** Ten looks a virtual second: at pace 1x as many as an eye can use. */
const LOOK_NS = 100 * NS_PER_MS

export interface Telling {
  readonly events?: Events
  readonly sample?: Sample
}

export function tellingOf(quantum: Quantum, virtualSeconds: number, reports: readonly Report[], cast: Cast): Telling {
  if (isQuiet(reports)) return {}
  const events = eventsOf(reports, cast).map((event) => named(event, cast))
  const mail = mailOf(reports, cast)
  const telemetry = telemetryOf(reports)
  return {
    ...((events.length > 0 || mail.length > 0) && { events: { quantum, events, ...(mail.length > 0 && { mail }) } }),
    ...(Object.keys(telemetry).length > 0 && { sample: { quantum, virtualSeconds, telemetry } }),
  }
}

/** So many quanta lie between two looks (services/conductor/grants.ts). */
export function lookEvery({ quantum }: Scenario): Quantum {
  return Math.max(1, Math.round(LOOK_NS / quantum))
}

export function quantaASecond({ quantum }: Scenario): Quantum {
  return Math.max(1, Math.round(NS_PER_S / quantum))
}

function mailOf(reports: readonly Report[], cast: Cast): Heard[] {
  const told = reports.flatMap(({ heard = [] }) => heard)
  return mergedMail(told, cast.members.length).map(({ lines, ...heard }) => ({
    ...heard,
    lines: lines.map(({ from, to, ...line }) => ({ from: cast.nameOf(from), to: cast.nameOf(to), ...line })),
  }))
}

/** Names say more than ordinals. */
function named(event: ActorEvent, cast: Cast): ActorEvent {
  const { workload } = event.fields
  return typeof workload === 'number' ? { ...event, fields: { ...event.fields, workload: cast.nameOf(workload) } } : event
}
