/**
 * Runs a scenario the hard way: actors spread over stages, bags through the codec, and all stages killed now and then
 * and set up again from their snapshots, as bytes. Whatever is done to a run, its digest must stay.
 */
import { Packr } from 'msgpackr'
import { expect } from 'vitest'
import type { Ordinal, Snapshot } from '#shared/actor.ts'
import type { Bag, Bus, Grant, Report, StageHandler, StageId } from '#shared/bus/bus.ts'
import { decodeBag, encodeBag } from '#shared/codec.ts'
import { Script } from '#shared/command.ts'
import { Digest } from '#shared/digest.ts'
import type { Scenario } from '#shared/scenario.ts'
import { Stage } from '#shared/stage.ts'
import { quantumAt, type Quantum } from '#shared/time.ts'
import type { Conductor } from '#services/conductor/conductor.ts'
import { conduct } from '#services/conductor/grants.ts'
import { Cast } from '#simulation/actors.ts'
import { checkConservation } from '#simulation/conservation.ts'
import { digestOf, telemetryOf } from '#simulation/verdict.ts'

export interface Treatment {
  readonly script?: Script
  readonly stageOf?: (ordinal: Ordinal) => StageId
  readonly codec?: boolean
  /** Asked before every grant, with how many there were: are all stages killed and restored now? */
  readonly restart?: (grants: number) => boolean
  /** What the snapshots travel as; default bytes. Objects show whether snapshot and actor are detached from each other. */
  readonly snapshots?: 'bytes' | 'objects'
}

export interface Result {
  readonly digest: string
  readonly quanta: number
  readonly restarts: number
  /** Snapshots that changed after they were taken, or that a restored actor does not give again. */
  readonly spoiled: number
  /** Of each actor, so that a difference can be told apart. */
  readonly digests: Readonly<Record<string, string>>
  readonly telemetry: ReturnType<typeof telemetryOf>
}

export async function run(scenario: Scenario, treatment: Treatment = {}): Promise<Result> {
  const { script = new Script() } = treatment
  const bus = new RoughBus(scenario, script, treatment)
  const end = quantumAt(scenario.duration, scenario.quantum)
  const { final, ended, quanta } = await conduct(bus, {
    end,
    sampleEvery: scenario.sample / scenario.quantum,
    script,
    proceed: () => true,
    onReports: (quantum) => !bus.conductor.allLeft || script.nextFrom(quantum + 1) < end,
  })
  const telemetry = telemetryOf(final)
  checkConservation(scenario, telemetry, ended)
  const digests = final.flatMap((report) => report.digests ?? [])
  return {
    digest: digestOf(digests),
    quanta,
    restarts: bus.restarts,
    spoiled: bus.spoiled(),
    digests: Object.fromEntries(digests.map(({ ordinal, mail, state }) => [bus.nameOf(ordinal), `${mail} ${state}`])),
    telemetry,
  }
}

/** Spread over three stages, through the codec, killed and restored again and again, a run ends as it did in peace. */
export async function expectAlike(scenario: Scenario, digests: Result['digests']): Promise<void> {
  const rough = await run(scenario, {
    stageOf: (ordinal) => ordinal % 3,
    codec: true,
    restart: (grants) => grants % 83 === 5,
  })
  expect(rough.restarts).toBeGreaterThan(1)
  expect(rough.digests).toEqual(digests)
}

const packr = new Packr({ structuredClone: true })

class RoughBus implements Bus {
  readonly name = 'rough'
  conductor!: Conductor
  restarts = 0
  readonly #scenario: Scenario
  readonly #script: Script
  readonly #treatment: Treatment
  readonly #everybody: Cast
  #stages: Stage[]
  #waiting: Bag[] = []
  #grants = 0
  readonly #kept: { readonly snapshot: Snapshot; readonly digest: string }[] = []

  constructor(scenario: Scenario, script: Script, treatment: Treatment) {
    this.#scenario = scenario
    this.#script = script
    this.#treatment = treatment
    this.#everybody = new Cast(scenario)
    for (const { command } of script.commands) this.#everybody.learn(command)
    this.#stages = this.#setUp(0)
  }

  nameOf(ordinal: Ordinal): string {
    return this.#everybody.nameOf(ordinal)
  }

  join(_stage: StageId, _handler: StageHandler): Promise<void> {
    return Promise.reject(new Error('this bus brings its own stages'))
  }

  grant(grant: Grant): Promise<readonly Report[]> {
    if (this.#treatment.restart?.(this.#grants) === true) this.#restart(grant.quantum)
    this.#grants++
    const bags = this.#waiting
    const reports: Report[] = []
    if (!grant.final) this.#waiting = []
    // The last stage first: nothing may depend on the order in which stages step, or bags arrive.
    for (const stage of this.#stages.toReversed()) {
      const mine = grant.final ? [] : bags.filter((bag) => bag.to === stage.id).toReversed()
      const { bags: sent, report } = stage.step(grant, mine)
      reports.unshift(report)
      for (const bag of sent) this.#waiting.push(this.#treatment.codec === true ? decodeBag(encodeBag(bag)) : bag)
    }
    return Promise.resolve(reports)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** As they are at the start of a quantum: whoever came before it is seated. */
  #setUp(quantum: Quantum): Stage[] {
    const stageOf = this.#treatment.stageOf ?? (() => 0)
    const ids = [...new Set(this.#everybody.members.map(({ ordinal }) => stageOf(ordinal)))].toSorted((x, y) => x - y)
    return ids.map((id) => this.#stage(id, stageOf, quantum))
  }

  /** Each stage has a cast of its own, as a process has. */
  #stage(id: StageId, stageOf: (ordinal: Ordinal) => StageId, quantum: Quantum): Stage {
    const cast = new Cast(this.#scenario)
    for (const command of this.#script.before(quantum)) cast.learn(command)
    const actors = cast.members.filter(({ ordinal }) => stageOf(ordinal) === id).map(({ ordinal }) => cast.actor(ordinal))
    if (actors[0]?.ordinal === 0) this.conductor = actors[0] as Conductor
    return new Stage(id, actors, stageOf, (command) => {
      const ordinal = cast.learn(command)
      return ordinal !== undefined && stageOf(ordinal) === id ? cast.actor(ordinal) : undefined
    })
  }

  spoiled(): number {
    return this.#kept.filter(({ snapshot, digest }) => hexOf(snapshot) !== digest).length
  }

  /** What waits on the bus survives; everything else comes from the snapshots. */
  #restart(quantum: Quantum): void {
    this.restarts++
    const saved = this.#stages.map((stage) => stage.snapshot())
    this.#stages = this.#setUp(quantum)
    this.#stages.forEach((stage, i) => {
      const snapshot = saved[i]!
      const digest = hexOf(snapshot)
      const bytes = this.#treatment.snapshots !== 'objects'
      stage.restore(bytes ? (packr.unpack(packr.pack(snapshot)) as Snapshot) : snapshot)
      this.#kept.push({ snapshot, digest }, { snapshot: stage.snapshot(), digest })
    })
  }
}

function hexOf(snapshot: Snapshot): string {
  const digest = new Digest()
  digest.value(snapshot)
  return digest.hex()
}
