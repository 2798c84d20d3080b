/**
 * The books of a run, whatever bus it is on: they take every report as it comes (story, run folder, progress) and close with
 * the verdict. A run that goes back to an earlier quantum takes its books back too, and then writes the same again.
 */
import type { ActorEvent } from '#shared/actor.ts'
import type { Report } from '#shared/bus/bus.ts'
import { NS_PER_S, type Quantum } from '#shared/time.ts'
import type { GrantOutcome } from '#services/conductor/grants.ts'
import type { Cast } from './actors.ts'
import { Calm, type CalmSnapshot } from './calm.ts'
import { Chronicle, type ChronicleSnapshot } from './chronicle.ts'
import { checkConservation } from './conservation.ts'
import type { FolderSnapshot, RunFolder } from './folder.ts'
import { progressOf, type Progress } from './progress.ts'
import { telemetryOf, verdictOf, type Verdict } from './verdict.ts'

export interface RunResult {
  readonly verdict: Verdict
  readonly folder: string | undefined
}

/** Plain data. */
export interface LedgerSnapshot {
  readonly chronicle: ChronicleSnapshot
  readonly folder: FolderSnapshot | undefined
  readonly calm: CalmSnapshot
}

export class Ledger {
  readonly #cast: Cast
  readonly #folder: RunFolder | undefined
  readonly #onProgress: ((progress: Progress) => void) | undefined
  readonly #chronicle: Chronicle
  readonly #calm: Calm

  constructor(cast: Cast, folder?: RunFolder, onProgress?: (progress: Progress) => void) {
    this.#cast = cast
    this.#folder = folder
    this.#onProgress = onProgress
    this.#chronicle = new Chronicle(cast.scenario)
    this.#calm = new Calm(cast.scenario.quantum)
  }

  /** What is no sample (a look for who watches live) leaves only its events. Gives the reports as others are to be told of them. */
  reports(quantum: Quantum, reports: readonly Report[], sample = true): readonly Report[] {
    const { scenario } = this.#cast
    const told = this.#calm.of(quantum, reports)
    if (isQuiet(told)) return told
    for (const event of eventsOf(told, this.#cast)) {
      this.#chronicle.event(event)
      this.#folder?.event(event, (ordinal) => this.#cast.nameOf(ordinal))
    }
    const telemetry = telemetryOf(reports)
    if (!sample || Object.keys(telemetry).length === 0) return told
    const virtualSeconds = (quantum * scenario.quantum) / NS_PER_S
    this.#chronicle.sample(virtualSeconds, telemetry)
    this.#folder?.sample(virtualSeconds, telemetry)
    this.#onProgress?.(progressOf(scenario, virtualSeconds, telemetry))
    return told
  }

  /** Closes the books; fails if they do not balance. `bus` is the bus's name. */
  finish(outcome: GrantOutcome, bus: string, wallSeconds: number): RunResult {
    const { scenario } = this.#cast
    const telemetry = telemetryOf(outcome.final)
    checkConservation(scenario, telemetry, outcome.ended)
    this.#chronicle.sample((outcome.ended * scenario.quantum) / NS_PER_S, telemetry)
    const verdict = verdictOf(this.#cast, { ...outcome, bus, wallSeconds }, this.#chronicle)
    this.#folder?.finish(verdict, telemetry)
    return { verdict, folder: this.#folder?.path }
  }

  snapshot(): LedgerSnapshot {
    return { chronicle: this.#chronicle.snapshot(), folder: this.#folder?.snapshot(), calm: this.#calm.snapshot() }
  }

  restore(from: LedgerSnapshot): void {
    this.#chronicle.restore(from.chronicle)
    this.#calm.restore(from.calm)
    if (from.folder) this.#folder?.restore(from.folder)
  }
}

/** Nothing happened, and nobody asked: so it is in most quanta. */
export function isQuiet(reports: readonly Report[]): boolean {
  return reports.every(({ events, telemetry, heard }) => events.length === 0 && telemetry === undefined && heard === undefined)
}

/** What happened in a quantum, in the order of the actors, wherever they are carried; what one of them tells, as it tells it. */
export function eventsOf(reports: readonly Report[], cast: Cast): ActorEvent[] {
  const events = reports.flatMap((report) => report.events)
  return events.toSorted((x, y) => cast.ordinalOf(x.actor)! - cast.ordinalOf(y.actor)!)
}
