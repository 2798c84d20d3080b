/** Runs a scenario in this process and keeps what a validation asks for: every sample, every event, every mail. */
import type { ActorEvent, ActorId, Telemetry } from '#shared/actor.ts'
import type { Bag } from '#shared/bus/bus.ts'
import { MemoryBus } from '#shared/bus/memory.ts'
import { assert } from '#shared/errors.ts'
import type { Kind, Mail } from '#shared/messages.ts'
import { loadScenario, type Scenario } from '#shared/scenario.ts'
import { Stage } from '#shared/stage.ts'
import { NS_PER_S, quantumAt, type Quantum } from '#shared/time.ts'
import { conduct } from '#services/conductor/grants.ts'
import { Cast } from '#simulation/actors.ts'
import { checkConservation } from '#simulation/conservation.ts'
import { telemetryOf } from '#simulation/verdict.ts'

export interface Sample {
  /** Taken after the step of this quantum. */
  readonly quantum: Quantum
  readonly of: Readonly<Record<ActorId, Telemetry>>
}

export interface Trial {
  readonly scenario: Scenario
  readonly events: readonly ActorEvent[]
  readonly samples: readonly Sample[]
  /** The last telemetry of all. */
  readonly final: Readonly<Record<ActorId, Telemetry>>
}

/** `hears` is called for every mail, in the quantum in which it was sent. */
export async function trial(
  yaml: string,
  sets: readonly string[] = [],
  hears: (mail: Mail, quantum: Quantum) => void = () => {},
): Promise<Trial> {
  const { scenario } = loadScenario(yaml, 'validation', sets)
  const cast = new Cast(scenario)
  const conductor = cast.conductor()
  const actors = cast.members.map(({ ordinal }) => (ordinal === 0 ? conductor : cast.actor(ordinal)))
  const bus = new MemoryBus((bag: Bag) => {
    for (const mail of bag.mails) hears(mail, bag.quantum)
    return bag
  })
  await bus.join(0, new Stage(0, actors, () => 0))
  const events: ActorEvent[] = []
  const samples: Sample[] = []
  const outcome = await conduct(bus, {
    end: quantumAt(scenario.duration, scenario.quantum),
    sampleEvery: scenario.sample / scenario.quantum,
    proceed: () => true,
    onReports: (quantum, reports) => {
      events.push(...reports.flatMap((report) => report.events))
      const of = telemetryOf(reports)
      if (Object.keys(of).length > 0) samples.push({ quantum, of })
      return !conductor.allLeft
    },
  })
  const final = telemetryOf(outcome.final)
  checkConservation(scenario, final, outcome.ended)
  return { scenario, events, samples, final }
}

/** The first event of this code; its absence fails the validation. */
export function first({ events }: Trial, code: string): ActorEvent {
  const found = events.find((event) => event.code === code)
  assert(found !== undefined, `the run tells of ${code}`)
  return found
}

export function last({ samples }: Trial, until: Quantum): Sample {
  const found = samples.findLast((sample) => sample.quantum <= until)
  assert(found !== undefined, `a sample was taken up to quantum ${until}`)
  return found
}

export function isKind<K extends Kind>(mail: Mail, kind: K): mail is Extract<Mail, { kind: K }> {
  return mail.kind === kind
}

export function secondsOf({ scenario }: Trial, quantum: Quantum): number {
  return (quantum * scenario.quantum) / NS_PER_S
}
