/**
 * A workload as an actor. It says what it does to its memory (profile, accesses) and hears how far it got (progress); it
 * never touches a page itself, its host does that for it. What it does is up to its kind (behaviour.ts). Left out:
 * threads as such, dependencies between workloads, and memory that is freed before the workload leaves.
 */
import { createActor, type Actor as LifeActor, type Snapshot as LifeSnapshot } from 'xstate'
import type { Actor, Outbox, Snapshot, Telemetry } from '#shared/actor.ts'
import { ColdpoolError } from '#shared/errors.ts'
import type { BodyOf, Mail } from '#shared/messages.ts'
import { NEVER, quantumAt, type Quantum } from '#shared/time.ts'
import type { Behaviour, Moment } from './behaviour.ts'
import { workloadLife } from './life.ts'
import { Hearing } from './hearing.ts'
import { behaviourOf, type WorkloadSpec } from './spec.ts'

/** So many epochs of a trace lie ready at the host; it works on one while the next travels. */
const EPOCHS_AHEAD = 2

/** The origin of a newcomer that has not stepped yet. */
const UNBORN = -1

export class Workload implements Actor {
  readonly id: string
  readonly ordinal: number
  readonly #spec: WorkloadSpec
  readonly #behaviour: Behaviour
  /** The quantum that its times count from: the run's start, or for a newcomer that of its first step. */
  #origin: Quantum
  #life: LifeActor<typeof workloadLife> = createActor(workloadLife).start()
  readonly #hearing = new Hearing()
  /** −1 until the first act has begun. */
  #act = -1
  #epochsSent = 0

  constructor(spec: WorkloadSpec) {
    this.id = spec.id
    this.ordinal = spec.ordinal
    this.#spec = spec
    this.#behaviour = behaviourOf(spec)
    this.#origin = spec.newcomer ? UNBORN : 0
  }

  step(now: Quantum, inbox: readonly Mail[], out: Outbox): void {
    if (this.#origin === UNBORN) this.#origin = now
    if (this.#is('waiting') && now >= this.#startQuantum) this.#start(out)
    for (const mail of inbox) if (this.#is('running')) this.#hear(mail, now, out)
    const stopped = inbox.some((mail) => mail.kind === 'stop')
    if (this.#is('running')) this.#run(now, stopped, out)
    else if (this.#is('waiting') && stopped) this.#end('stop', out)
  }

  get #startQuantum(): Quantum {
    return this.#origin + quantumAt(this.#spec.startNs, this.#spec.quantumNs)
  }

  get #stopQuantum(): Quantum {
    return this.#origin + quantumAt(this.#spec.stopNs, this.#spec.quantumNs)
  }

  nextWake(now: Quantum): Quantum {
    if (this.#origin === UNBORN) return now + 1
    if (this.#is('waiting')) return Math.max(now + 1, this.#startQuantum)
    if (!this.#is('running')) return NEVER
    const actNs = this.#behaviour.nextActNs((now - this.#startQuantum) * this.#spec.quantumNs)
    const actQuantum = this.#startQuantum + quantumAt(actNs, this.#spec.quantumNs)
    return Math.max(now + 1, Math.min(actQuantum, this.#stopQuantum))
  }

  #start(out: Outbox): void {
    this.#life.send({ type: 'START' })
    out.event('started', { kind: this.#spec.kind.name })
  }

  #hear(mail: Mail, now: Quantum, out: Outbox): void {
    if (mail.kind === 'progress') this.#hearing.take(mail.body, now)
    else if (mail.kind === 'killed') this.#die(mail.body.cause, out)
  }

  #run(now: Quantum, stopped: boolean, out: Outbox): void {
    const { progress } = this.#hearing
    const moment: Moment = { sinceStartNs: (now - this.#startQuantum) * this.#spec.quantumNs, progress }
    if (stopped || now >= this.#stopQuantum) return this.#end('stop', out)
    if (this.#behaviour.finished(moment)) return this.#end('finished', out)
    this.#playAct(this.#behaviour.act(moment), out)
    this.#sendEpochs(out)
  }

  #playAct(act: number, out: Outbox): void {
    if (act === this.#act) return
    this.#act = act
    out.send(this.#spec.hostOrdinal, 'profile', this.#behaviour.profile(act))
    const announcement = this.#behaviour.announce(act)
    if (announcement) out.event(announcement.code, announcement.fields)
  }

  #sendEpochs(out: Outbox): void {
    const { replay } = this.#behaviour
    if (!replay) return
    const until = Math.min(replay.epochs, this.#hearing.progress.epochsDone + EPOCHS_AHEAD)
    while (this.#epochsSent < until) out.send(this.#spec.hostOrdinal, 'accesses', replay.accesses(this.#epochsSent++))
  }

  #end(reason: 'stop' | 'finished', out: Outbox): void {
    this.#life.send({ type: 'END' })
    // A stop before its start, or within the quantum of it: the host has never heard of it.
    if (this.#act >= 0) out.send(this.#spec.hostOrdinal, 'left', {})
    out.send(this.#spec.conductorOrdinal, 'left', {})
    out.event('ended', { reason })
  }

  /** The host knows already. */
  #die(cause: string, out: Outbox): void {
    this.#life.send({ type: 'KILL' })
    out.send(this.#spec.conductorOrdinal, 'left', {})
    out.event('killed', { cause })
  }

  #is(state: 'waiting' | 'running' | 'ended' | 'killed'): boolean {
    return this.#life.getSnapshot().value === state
  }

  /** What its epochs come from enters the run's digest, also where its rest was not replayed. */
  get #source(): string | undefined {
    return this.#behaviour.replay?.source
  }

  snapshot(): Snapshot {
    return structuredClone({
      life: this.#life.getPersistedSnapshot(),
      origin: this.#origin,
      progress: this.#hearing.progress,
      heard: this.#hearing.heard,
      act: this.#act,
      epochsSent: this.#epochsSent,
      ...(this.#source !== undefined && { source: this.#source }),
    })
  }

  restore(from: Snapshot): void {
    const saved = structuredClone(from) as unknown as Saved
    if (saved.source !== this.#source) {
      throw new ColdpoolError(
        'CP_TRACE',
        this.id,
        'the file of references is another one now',
        'the file that the run began with',
      )
    }
    this.#life = createActor(workloadLife, { snapshot: saved.life }).start()
    this.#origin = saved.origin
    this.#hearing.take(saved.progress, saved.heard)
    this.#act = saved.act
    this.#epochsSent = saved.epochsSent
  }

  observe(): Telemetry {
    return {
      ...this.#hearing.observe(this.#startQuantum, this.#spec.quantumNs),
      phases: Math.max(0, this.#act),
      ended: Number(this.#is('ended')),
      killed: Number(this.#is('killed')),
    }
  }
}

interface Saved {
  life: LifeSnapshot<unknown>
  origin: Quantum
  progress: BodyOf<'progress'>
  heard: Quantum
  act: number
  epochsSent: number
  source?: string
}
