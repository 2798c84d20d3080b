/**
 * A workload that runs in no process of ours, as its actor: what it says comes as commands, stamped by the conductor, and
 * goes on to its host as the mail of any other workload. Left out: what it hears back (its actor only remembers that), and
 * any look at what it says (whoever stamps its commands has checked them).
 */
import { createActor, type Actor as LifeActor, type Snapshot as LifeSnapshot } from 'xstate'
import type { Actor, ActorId, Ordinal, Outbox, Snapshot, Telemetry } from '#shared/actor.ts'
import { decodeBody } from '#shared/codec.ts'
import type { Command } from '#shared/command.ts'
import type { BodyOf, Mail } from '#shared/messages.ts'
import { NEVER, type Quantum } from '#shared/time.ts'
import { Hearing } from './hearing.ts'
import { workloadLife } from './life.ts'

export interface ForeignSpec {
  readonly id: ActorId
  readonly ordinal: Ordinal
  readonly hostOrdinal: Ordinal
  readonly conductorOrdinal: Ordinal
  readonly quantumNs: number
}

/** What a command may ask of it. */
type Told = Extract<Command, { kind: 'mail' | 'gone' }>

export class Foreign implements Actor {
  readonly id: string
  readonly ordinal: number
  readonly #spec: ForeignSpec
  #life: LifeActor<typeof workloadLife> = createActor(workloadLife).start()
  readonly #hearing = new Hearing()
  /** The quantum of its first profile. */
  #start: Quantum = 0
  #profiles = 0
  /** Why its host killed it; empty if it has not. */
  #cause = ''
  /** Told since the last step, so empty between quanta. */
  #told: Told[] = []

  constructor(spec: ForeignSpec) {
    this.id = spec.id
    this.ordinal = spec.ordinal
    this.#spec = spec
  }

  command(command: Command): void {
    if ((command.kind === 'mail' || command.kind === 'gone') && command.id === this.id) this.#told.push(command)
  }

  step(now: Quantum, inbox: readonly Mail[], out: Outbox): void {
    for (const mail of inbox) if (!this.#over) this.#hear(mail, now, out)
    for (const told of this.#told.splice(0)) if (!this.#over) this.#say(told, now, out)
    if (!this.#over && inbox.some((mail) => mail.kind === 'stop')) this.#end('stop', out)
  }

  nextWake(): Quantum {
    return NEVER
  }

  #hear(mail: Mail, now: Quantum, out: Outbox): void {
    if (mail.kind === 'progress') this.#hearing.take(mail.body, now)
    else if (mail.kind === 'killed') this.#die(mail.body.cause, out)
  }

  #say(told: Told, now: Quantum, out: Outbox): void {
    if (told.kind === 'gone') return this.#end('gone', out)
    if (told.mail === 'profile') {
      if (this.#is('waiting')) this.#begin(now, out)
      this.#profiles++
    }
    // The host does not know it before its first profile.
    if (this.#is('running')) out.send(this.#spec.hostOrdinal, told.mail, decodeBody(told.mail, told.body))
  }

  #begin(now: Quantum, out: Outbox): void {
    this.#life.send({ type: 'START' })
    this.#start = now
    out.event('started', { kind: 'foreign' })
  }

  #end(reason: 'stop' | 'gone', out: Outbox): void {
    if (this.#is('running')) out.send(this.#spec.hostOrdinal, 'left', {})
    this.#life.send({ type: 'END' })
    out.send(this.#spec.conductorOrdinal, 'left', {})
    out.event('ended', { reason })
  }

  /** The host knows already. */
  #die(cause: string, out: Outbox): void {
    this.#life.send({ type: 'KILL' })
    this.#cause = cause
    out.send(this.#spec.conductorOrdinal, 'left', {})
    out.event('killed', { cause })
  }

  get #over(): boolean {
    return this.#is('ended') || this.#is('killed')
  }

  #is(state: 'waiting' | 'running' | 'ended' | 'killed'): boolean {
    return this.#life.getSnapshot().value === state
  }

  /** The last it heard of its host, for whoever passes that on. */
  get heard(): { readonly progress: BodyOf<'progress'>; readonly killed: string | undefined } {
    return { progress: this.#hearing.progress, killed: this.#is('killed') ? this.#cause : undefined }
  }

  snapshot(): Snapshot {
    return structuredClone({
      life: this.#life.getPersistedSnapshot(),
      progress: this.#hearing.progress,
      heard: this.#hearing.heard,
      start: this.#start,
      profiles: this.#profiles,
      cause: this.#cause,
    })
  }

  restore(from: Snapshot): void {
    const saved = structuredClone(from) as unknown as Saved
    this.#life = createActor(workloadLife, { snapshot: saved.life }).start()
    this.#hearing.take(saved.progress, saved.heard)
    this.#start = saved.start
    this.#profiles = saved.profiles
    this.#cause = saved.cause
  }

  observe(): Telemetry {
    return {
      ...this.#hearing.observe(this.#start, this.#spec.quantumNs),
      phases: Math.max(0, this.#profiles - 1),
      ended: Number(this.#is('ended')),
      killed: Number(this.#is('killed')),
    }
  }
}

interface Saved {
  life: LifeSnapshot<unknown>
  progress: BodyOf<'progress'>
  heard: Quantum
  start: Quantum
  profiles: number
  cause: string
}
