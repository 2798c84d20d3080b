/**
 * Runs a scenario the hard way: actors spread over stages, bags through the codec, and all stages killed now and then
 * and set up again from their snapshots, as bytes. Whatever is done to a run, its digest must stay.
 */
import { Packr } from 'msgpackr'
import type { Ordinal, Snapshot } from '#shared/actor.ts'
import type { Bag, Bus, Grant, Report, StageHandler, StageId } from '#shared/bus/bus.ts'
import { decodeBag, encodeBag } from '#shared/codec.ts'
import { Digest } from '#shared/digest.ts'
import type { Scenario } from '#shared/scenario.ts'
import { Stage } from '#shared/stage.ts'
import { quantumAt } from '#shared/time.ts'
import { conduct } from '#services/conductor/grants.ts'
import { cast, type Cast } from '#simulation/actors.ts'
import { checkConservation } from '#simulation/conservation.ts'
import { digestOf, telemetryOf } from '#simulation/verdict.ts'

export interface Treatment {
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
  const bus = new RoughBus(scenario, treatment)
  const { final, ended, quanta } = await conduct(bus, {
    end: quantumAt(scenario.duration, scenario.quantum),
    sampleEvery: scenario.sample / scenario.quantum,
    proceed: () => true,
    onReports: () => !bus.cast.conductor.allLeft,
  })
  const telemetry = telemetryOf(final)
  checkConservation(scenario, telemetry, ended)
  const digests = final.flatMap((report) => report.digests ?? [])
  return {
    digest: digestOf(digests),
    quanta,
    restarts: bus.restarts,
    spoiled: bus.spoiled(),
    digests: Object.fromEntries(digests.map(({ ordinal, mail, state }) => [bus.cast.nameOf(ordinal), `${mail} ${state}`])),
    telemetry,
  }
}

const packr = new Packr({ structuredClone: true })

class RoughBus implements Bus {
  readonly name = 'rough'
  cast: Cast
  restarts = 0
  readonly #scenario: Scenario
  readonly #treatment: Treatment
  #stages: Stage[]
  #waiting: Bag[] = []
  #grants = 0
  readonly #kept: { readonly snapshot: Snapshot; readonly digest: string }[] = []

  constructor(scenario: Scenario, treatment: Treatment) {
    this.#scenario = scenario
    this.#treatment = treatment
    this.cast = cast(scenario)
    this.#stages = this.#setUp()
  }

  join(_stage: StageId, _handler: StageHandler): Promise<void> {
    return Promise.reject(new Error('this bus brings its own stages'))
  }

  grant(grant: Grant): Promise<readonly Report[]> {
    if (this.#treatment.restart?.(this.#grants) === true) this.#restart()
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

  #setUp(): Stage[] {
    const stageOf = this.#treatment.stageOf ?? (() => 0)
    const ids = [...new Set(this.cast.actors.map(({ ordinal }) => stageOf(ordinal)))].toSorted((x, y) => x - y)
    return ids.map(
      (id) =>
        new Stage(
          id,
          this.cast.actors.filter(({ ordinal }) => stageOf(ordinal) === id),
          stageOf,
        ),
    )
  }

  spoiled(): number {
    return this.#kept.filter(({ snapshot, digest }) => hexOf(snapshot) !== digest).length
  }

  /** What waits on the bus survives; everything else comes from the snapshots. */
  #restart(): void {
    this.restarts++
    const saved = this.#stages.map((stage) => stage.snapshot())
    this.cast = cast(this.#scenario)
    this.#stages = this.#setUp()
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
