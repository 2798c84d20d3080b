/**
 * What a process does that carries stages for others: it says hello, takes what the conductor assigns, restores it from
 * its snapshot, carries out grants, stores snapshots, and stands by again when it is told to go. It never ends by itself.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Actor, Ordinal, Snapshot } from '#shared/actor.ts'
import type { Bag, Grant } from '#shared/bus/bus.ts'
import { type ControlOf, encodeControl, PROTOCOL_HASH, readControl } from '#shared/bus/control.ts'
import { StageEnd, type StageEndOptions } from '#shared/bus/stage-end.ts'
import { Dropped, subject, type Subscription, type Wire } from '#shared/bus/wire.ts'
import { ColdpoolError } from '#shared/errors.ts'
import { getIncrement, type Increment, Increments, putIncrement } from '#shared/observe/increments.ts'
import { about, type Log, Seldom } from '#shared/observe/log.ts'
import type { Store } from '#shared/observe/store.ts'
import { Cast } from '../actors.ts'
import { parseScenario } from '#shared/scenario.ts'
import { Stage } from '#shared/stage.ts'
import { NS_PER_S, type Quantum } from '#shared/time.ts'
import type { OnReading } from '../reference-file.ts'
import { countGrant } from './compile-soon.ts'
import { placedCommands, type PlacedCommand } from './placed-command.ts'
import { sayReading } from './say-reading.ts'
import { VERSION } from './version.ts'

export interface CrewSpec {
  /** Stages and their conductor meet in a lobby of this name. */
  readonly cluster: string
  /** Unique in the cluster, the same after a restart. */
  readonly name: string
  readonly roles: readonly string[]
  readonly capacity: number
}

export interface CrewOptions {
  readonly log: Log
  /** Counts what is not taken; the wire's own, so that hellos tell of both. */
  readonly dropped?: Dropped
  readonly onMoment?: StageEndOptions['onMoment']
  /** Wraps the actors; benchmarks use it to keep them busy. */
  readonly dress?: (actor: Actor) => Actor
  /** Hears of the files that actors read when they are made; default: the log does. */
  readonly onReading?: OnReading
}

export const HELLO_MS = 1000
const TAKEN_MAX = 64
const PROBLEM_MAX = 300
/** What may stand in a subject. */
const WORD = /^[\w-]{1,256}$/

type Assignment = ControlOf<'assign'>

/** Resolves when the signal is aborted; throws CP_REFUSED when the conductor does not let it in. */
export async function runCrew(
  wire: Wire,
  store: Store,
  spec: CrewSpec,
  options: CrewOptions,
  signal: AbortSignal,
): Promise<void> {
  const crew = new Crew(wire, store, spec, options)
  await crew.open()
  try {
    await Promise.race([crew.refused, sleep(2 ** 31 - 1, undefined, { signal, ref: true })])
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error
  } finally {
    crew.close()
  }
}

class Crew {
  readonly #wire: Wire
  readonly #store: Store
  readonly #spec: CrewSpec
  readonly #options: CrewOptions
  /** Its role stands in front: the conductor believes it from nobody else. */
  readonly #instance: string
  readonly #dropped: Dropped
  readonly #subscriptions: Subscription[] = []
  readonly refused: Promise<never>
  #refuse: (error: Error) => void = () => {}
  #answer = ''
  #post: Post | undefined
  #beat = 0
  /** The last generation taken of each run: no assignment is taken twice. */
  readonly #taken = new Map<string, number>()

  constructor(wire: Wire, store: Store, spec: CrewSpec, options: CrewOptions) {
    this.#wire = wire
    this.#store = store
    this.#spec = spec
    this.#options = options
    this.#instance = `${spec.roles[0]!}-${randomBytes(12).toString('hex')}`
    this.#dropped = options.dropped ?? new Dropped()
    this.refused = new Promise((_, reject) => {
      this.#refuse = reject
    })
  }

  async open(): Promise<void> {
    for (const to of [this.#instance, 'all']) {
      const at = subject(lobby(this.#spec.cluster), 'call', 'conductor', to)
      this.#subscriptions.push(this.#wire.subscribe(at, (bytes) => this.#call(bytes, to)))
    }
    await this.#wire.flush()
    this.#subscriptions.push(this.#wire.every(HELLO_MS, () => this.#hello()))
    this.#hello()
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.stop()
    this.#post?.leave()
  }

  #hello(): void {
    const { cluster, name, roles, capacity } = this.#spec
    const assignment = this.#post?.assignment
    const hello = encodeControl('hello', {
      schema: PROTOCOL_HASH,
      version: VERSION,
      name,
      instance: this.#instance,
      roles,
      capacity,
      run: assignment?.run ?? '',
      generation: assignment?.generation ?? 0,
      stage: assignment?.stage ?? 0,
      answer: this.#answer,
      dropped: this.#dropped.counts,
      beat: this.#beat++,
    })
    this.#wire.publish(subject(lobby(cluster), 'hello', roles[0]!, 'conductor'), hello)
    this.#post?.sayStored()
  }

  #call(bytes: Uint8Array, to: string): void {
    const call = readControl(bytes, ['probe', 'assign', 'go', 'refuse'], this.#dropped)
    if (call === undefined) return
    const { kind, body } = call
    const mine = kind === 'probe' || (to === this.#instance && (kind === 'refuse' || body.instance === to))
    if (!mine) this.#dropped.count('stranger', `${kind} for another`)
    else if (kind === 'assign') this.#assign(body)
    else if (kind === 'go') this.#go(body)
    else if (kind === 'probe') {
      this.#answer = body.nonce
      this.#hello()
    } else {
      const expected = 'one version of coldpool in a cluster, and one process of a name'
      this.#refuse(new ColdpoolError('CP_REFUSED', this.#spec.name, body.reason, expected))
    }
  }

  #assign(assignment: Assignment): void {
    const { run, generation, stage, roles } = assignment
    const present = this.#post?.assignment
    if (present?.run === run && present.generation === generation) return this.#post?.answer()
    if (generation <= (this.#taken.get(run) ?? 0)) return this.#dropped.count('old')
    if (stage === 0 || roles[stage] !== this.#spec.roles[0]) return this.#dropped.count('stranger', 'a post of another role')
    const post = this.#postOf(assignment)
    if (post === undefined) return
    this.#taken.delete(run)
    this.#taken.set(run, generation)
    if (this.#taken.size > TAKEN_MAX) this.#taken.delete(this.#taken.keys().next().value!)
    this.#post?.leave()
    this.#post = post
    void post.take()
  }

  /** Whatever can be wrong with it is found here, before the old post is left. */
  #postOf(assignment: Assignment): Post | undefined {
    const { run, roles, placement } = assignment
    try {
      if (![run, ...roles].every((word) => WORD.test(word))) throw new Error('got a run or role that is no word')
      if (!placement.every((stage) => stage < roles.length)) throw new Error('got an actor on no stage')
      return new Post(this.#wire, this.#store, assignment, this.#instance, this.#dropped, this.#options)
    } catch (error) {
      this.#dropped.count('malformed', `an assignment that cannot be carried: ${(error as Error).message.slice(0, PROBLEM_MAX)}`)
      return undefined
    }
  }

  #go({ run, generation, reason }: ControlOf<'go'>): void {
    const present = this.#post?.assignment
    if (present === undefined || run !== present.run || generation < present.generation) return this.#dropped.count('old')
    const { stage } = present
    this.#options.log.info({ run, stage, reason }, 'standing by')
    this.#post?.leave()
    this.#post = undefined
    this.#hello()
  }
}

/** One stage of one run in one generation. */
class Post {
  readonly assignment: Assignment
  readonly #wire: Wire
  readonly #store: Store
  readonly #instance: string
  readonly #dropped: Dropped
  readonly #options: CrewOptions
  readonly #log: Log
  readonly #cast: Cast
  readonly #commands: readonly PlacedCommand[]
  readonly #stageOf: number[]
  readonly #left = new AbortController()
  readonly #trouble = new Seldom()
  /** The last one that was granted. */
  #quantum: Quantum | undefined
  #end: StageEnd | undefined
  #ready = false
  #failed: Uint8Array | undefined
  readonly #increments = new Increments()
  /** The set that is being stored; a later one takes its place. */
  #storing = new AbortController()
  #stored: Uint8Array | undefined

  constructor(wire: Wire, store: Store, assignment: Assignment, instance: string, dropped: Dropped, options: CrewOptions) {
    this.assignment = assignment
    this.#wire = wire
    this.#store = store
    this.#instance = instance
    this.#dropped = dropped
    this.#options = options
    this.#cast = new Cast(
      parseScenario(assignment.scenario, 'the scenario of the run'),
      options.onReading ?? sayReading(options.log),
    )
    this.#commands = placedCommands(assignment.commands)
    this.#stageOf = [...assignment.placement]
    for (const command of this.#commands) this.#cast.learn(command)
    const { run, stage } = assignment
    const { quantum: quantumNs } = this.#cast.scenario
    this.#log = about(options.log, () => ({
      run,
      stage,
      ...(this.#quantum !== undefined && { seconds: (this.#quantum * quantumNs) / NS_PER_S }),
    }))
  }

  async take(): Promise<void> {
    const { run, generation, stage: id, roles, object, first } = this.assignment
    const { dress = (actor) => actor } = this.#options
    const startedMs = performance.now()
    try {
      const actors = this.#cast.members
        .filter(({ ordinal }) => this.#stageOf[ordinal] === id)
        .map(({ ordinal }) => dress(this.#cast.actor(ordinal)))
      const stage = new Stage(
        id,
        actors,
        (ordinal) => this.#stageOf[ordinal]!,
        (command) => this.#recruit(command, dress),
      )
      const saved = object === '' ? undefined : await this.#fetch()
      if (this.#left.signal.aborted) return
      if (saved) stage.restore(saved.state)
      const end = new StageEnd(
        this.#wire,
        { run, generation, stage: id, roles, first, ...(saved && { inbox: saved.inbox }) },
        {
          step: (grant, bags) => this.#step(stage, grant, bags),
        },
        {
          dropped: this.#dropped,
          onSet: (set, inbox) => this.#keep(set, { state: stage.peek(), inbox }),
          ...(this.#options.onMoment && { onMoment: this.#options.onMoment }),
        },
      )
      await end.open()
      if (this.#left.signal.aborted) return end.close()
      this.#end = end
      this.#ready = true
      this.answer()
      const milliseconds = Math.round(performance.now() - startedMs)
      this.#log.info({ generation, actors: actors.map((actor) => actor.id), restored: object !== '', milliseconds }, 'ready')
    } catch (error) {
      if (!this.#left.signal.aborted) this.#fail(error as Error)
    }
  }

  #step(stage: Stage, grant: Grant, bags: readonly Bag[]): ReturnType<Stage['step']> {
    this.#quantum = grant.quantum
    countGrant()
    try {
      return stage.step(grant.commands ? { ...grant, commands: placedCommands(grant.commands) } : grant, bags)
    } catch (error) {
      this.#log.error({ actor: stage.stepping, problem: (error as Error).stack }, 'the stage failed')
      throw error
    }
  }

  /** To the assignment, and again when it comes again, for any word may be lost: ready, failed, or nothing yet. */
  answer(): void {
    const { run, generation, stage } = this.assignment
    const ready = encodeControl('ready', { generation, stage, instance: this.#instance })
    if (this.#failed) this.#wire.publish(subject(run, 'failed', this.#role, 'conductor'), this.#failed)
    else if (this.#ready) this.#wire.publish(subject(run, 'ready', this.#role, 'conductor'), ready)
  }

  /** Again with every hello, for the run waits for this word: the last set lies in the store. */
  sayStored(): void {
    if (this.#stored) this.#wire.publish(subject(this.assignment.run, 'stored', this.#role, 'conductor'), this.#stored)
  }

  leave(): void {
    this.#stored = undefined
    this.#left.abort()
    this.#storing.abort()
    this.#end?.close()
  }

  get #role(): string {
    return this.assignment.roles[this.assignment.stage]!
  }

  #recruit(command: PlacedCommand, dress: (actor: Actor) => Actor): Actor | undefined {
    const ordinal: Ordinal | undefined = this.#cast.learn(command)
    if (ordinal === undefined) return undefined
    this.#stageOf[ordinal] = command.stage ?? 0
    return this.#stageOf[ordinal] === this.assignment.stage ? dress(this.#cast.actor(ordinal)) : undefined
  }

  async #fetch(): Promise<Saved> {
    const { run, object, chunks, bytes, digest } = this.assignment
    const place = { run, role: this.#role }
    return (await getIncrement(this.#store, place, { object, chunks, bytes, digest, positions: [] }, this.#left.signal)) as Saved
  }

  #keep(set: string, saved: Saved): void {
    this.#storing.abort()
    this.#storing = new AbortController()
    this.#stored = undefined
    void this.#storeSet(set, this.#increments.take(saved), this.#storing.signal)
  }

  async #storeSet(set: string, increment: Increment, signal: AbortSignal): Promise<void> {
    const { run, generation, stage } = this.assignment
    const role = this.#role
    try {
      const located = await putIncrement(this.#store, { run, role }, increment, signal, (error) =>
        this.#trouble.say((held) =>
          this.#log.warn({ problem: error.message, held }, 'a snapshot cannot be stored; trying again'),
        ),
      )
      if (signal.aborted) return
      this.#stored = encodeControl('stored', { generation, stage, set, ...located })
      this.sayStored()
    } catch (error) {
      if (!signal.aborted) this.#fail(error as Error)
    }
  }

  #fail(error: Error): void {
    const { generation, stage } = this.assignment
    this.#log.error({ problem: error.stack }, 'the stage failed')
    // A stage that has begun says so to every grant from now on.
    if (this.#end) return this.#end.fail(error)
    const code = error instanceof ColdpoolError ? error.code : error.name
    this.#failed = encodeControl('failed', { generation, stage, code, message: error.message.slice(0, 4000) })
    this.answer()
  }
}

/** What a snapshot holds: the stage before a step, lent, and the bags that are to be delivered in it. */
interface Saved {
  readonly state: Snapshot
  readonly inbox: readonly Bag[]
}

export function lobby(cluster: string): string {
  return `lobby-${cluster}`
}
