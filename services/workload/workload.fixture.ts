/** A workload alone on a bench: a host and a conductor that only listen, and a clock that goes where the test says. */
import type { ActorEvent, Outbox } from '#shared/actor.ts'
import type { BodyOf, Kind, Mail } from '#shared/messages.ts'
import type { Quantum } from '#shared/time.ts'
import type { Footprint } from './profile.ts'
import type { WorkloadKind, WorkloadSpec } from './spec.ts'
import { Workload } from './workload.ts'

const HOST = 1
const CONDUCTOR = 0

export function footprintOf(given: Partial<Footprint> = {}): Footprint {
  return {
    pages: 1000,
    threads: 8,
    allocateBytesPerSecond: 2e9,
    cacheBytes: 2 ** 25,
    missFraction: 0.05,
    stored: 'redis_json',
    written: 'redis_json',
    ...given,
  }
}

export function specOf(kind: WorkloadKind, given: Partial<WorkloadSpec> = {}): WorkloadSpec {
  return {
    ...footprintOf(given),
    id: 'workload-1',
    ordinal: 7,
    hostOrdinal: HOST,
    conductorOrdinal: CONDUCTOR,
    quantumNs: 1e6,
    newcomer: false,
    startNs: 0,
    stopNs: Infinity,
    ...given,
    kind,
  }
}

interface Sent {
  readonly quantum: Quantum
  readonly to: number
  readonly kind: Kind
  readonly body: Mail['body']
}

export class Bench {
  readonly workload: Workload
  readonly sent: Sent[] = []
  readonly events: ActorEvent[] = []

  constructor(spec: WorkloadSpec) {
    this.workload = new Workload(spec)
  }

  step(now: Quantum, ...inbox: readonly Mail[]): void {
    const actor = this.workload.id
    const out: Outbox = {
      send: (to, kind, body) => this.sent.push({ quantum: now, to, kind, body }),
      event: (code, fields = {}) => this.events.push({ quantum: now, actor, code, fields }),
    }
    this.workload.step(now, inbox, out)
  }

  /** Lets it wake by itself until the quantum `end` (not included), without mail. */
  idle(from: Quantum, end: Quantum): void {
    for (let now = this.workload.nextWake(from - 1); now < end; now = this.workload.nextWake(now)) this.step(now)
  }

  bodies<K extends Kind>(kind: K): BodyOf<K>[] {
    return this.sent.filter((mail) => mail.kind === kind).map((mail) => mail.body as BodyOf<K>)
  }

  /** `quantum kind → receiver`, in order. */
  get log(): string[] {
    return this.sent.map(({ quantum, kind, to }) => `${quantum} ${kind} → ${to}`)
  }

  get journal(): string[] {
    return this.events.map(({ quantum, code }) => `${quantum} ${code}`)
  }
}

export function progress(given: Partial<BodyOf<'progress'>> = {}): Mail {
  const body = { workNs: 0, allocated: 0, epochsDone: 0, sweepPassesDone: 0, ...given }
  return { from: HOST, to: 7, sequence: 0, kind: 'progress', body }
}

export function stop(): Mail {
  return { from: CONDUCTOR, to: 7, sequence: 0, kind: 'stop', body: {} }
}

export function killed(cause: string): Mail {
  return { from: HOST, to: 7, sequence: 0, kind: 'killed', body: { cause } }
}
