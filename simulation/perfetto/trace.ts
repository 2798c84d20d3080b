/** `--perfetto`: a run as a trace. It hears the mail and the reports of a run in this process, and changes nothing. */
import type { ActorId, Telemetry } from '#shared/actor.ts'
import type { Bag, Report } from '#shared/bus/bus.ts'
import { assert } from '#shared/errors.ts'
import type { Scenario } from '#shared/scenario.ts'
import { quantumAt, type Quantum } from '#shared/time.ts'
import type { Cast } from '../actors.ts'
import { eventsOf } from '../ledger.ts'
import { telemetryOf } from '../verdict.ts'
import { Arrows, ARROWS_MAX } from './arrows.ts'
import { Batches } from './batches.ts'
import { TraceFile } from './trace-file.ts'

/** A host's time up to a sample. */
interface Spent {
  readonly elapsedSeconds: number
  readonly workSeconds: number
}

export class RunTrace {
  readonly #cast: Cast
  readonly #quantumNs: number
  readonly #file: TraceFile
  readonly #batches: Batches
  readonly #arrows: Arrows
  /** Members that have a track; the cast grows with newcomers. */
  #named = 0
  /** What was sent in the quantum under way, and in the one before. */
  #sent: Bag | undefined
  #underWay: Bag | undefined
  readonly #spent = new Map<ActorId, Spent>()

  /** `file`: from openTrace(). */
  constructor(file: TraceFile, cast: Cast) {
    const { quantum, duration } = cast.scenario
    this.#cast = cast
    this.#quantumNs = quantum
    this.#file = file
    this.#batches = new Batches(file, (ordinal) => cast.nameOf(ordinal))
    this.#arrows = new Arrows(file, quantum, quantumAt(duration, quantum))
  }

  /** On its way over the bus. */
  carry(bag: Bag): Bag {
    assert(this.#sent === undefined, 'a run in one process has one stage, and so one bag a quantum')
    this.#sent = bag
    return bag
  }

  /** The quantum is over. What was sent in the one before has been heard in it; mail that nobody hears is not told. */
  reports(quantum: Quantum, reports: readonly Report[], sample: boolean): void {
    this.#nameNewcomers()
    for (const { actor, code, fields, ...event } of eventsOf(reports, this.#cast)) {
      const { workload } = fields
      const args = typeof workload === 'number' ? { ...fields, workload: this.#cast.nameOf(workload) } : fields
      this.#file.instant(this.#cast.ordinalOf(actor)!, 'event', code, event.quantum * this.#quantumNs, args)
    }
    if (this.#underWay) {
      const { mails, quantum: sent } = this.#underWay
      assert(quantum === sent + 1, 'mail is heard in the quantum after')
      this.#batches.heard(mails, sent * this.#quantumNs, quantum * this.#quantumNs)
      this.#arrows.heard(mails, sent)
    }
    this.#underWay = this.#sent
    this.#sent = undefined
    if (sample) this.#sample(quantum, telemetryOf(reports))
  }

  /** `ended`: the quantum at which the run ended. */
  finish(ended: Quantum, final: readonly Report[]): void {
    const atNs = ended * this.#quantumNs
    this.#sample(ended, telemetryOf(final))
    this.#batches.close(atNs)
    const { drawn, mails } = this.#arrows
    this.#file.instant(0, 'trace', `arrows for ${drawn} of ${mails} mails`, atNs, { drawn, mails })
    this.#file.close()
  }

  #nameNewcomers(): void {
    const { members } = this.#cast
    for (; this.#named < members.length; this.#named++) this.#file.name(this.#named, members[this.#named]!.id)
  }

  #sample(quantum: Quantum, telemetry: Readonly<Record<ActorId, Telemetry>>): void {
    const { devices, hosts } = this.#cast.scenario
    const atNs = quantum * this.#quantumNs
    for (const id of Object.keys(devices)) {
      const ordinal = this.#cast.ordinalOf(id)!
      const { headroomBytes = 0, 'readNs.mean': readNs = 0 } = telemetry[id] ?? {}
      this.#file.counter(ordinal, 'headroom', 'bytes', atNs, headroomBytes)
      // Before the first read there is no latency.
      if (readNs > 0) this.#file.counter(ordinal, 'mean read latency since the start', 'ns', atNs, readNs)
    }
    for (const id of Object.keys(hosts)) {
      const { elapsedSeconds = 0, workSeconds = 0 } = telemetry[id] ?? {}
      const before = this.#spent.get(id) ?? { elapsedSeconds: 0, workSeconds: 0 }
      this.#spent.set(id, { elapsedSeconds, workSeconds })
      const work = workSeconds - before.workSeconds
      if (work <= 0) continue
      const slowdown = (elapsedSeconds - before.elapsedSeconds) / work
      this.#file.counter(this.#cast.ordinalOf(id)!, 'slowdown since the sample before', 'times', atNs, slowdown)
    }
  }
}

/** Whoever opens it hands it to the run, and disposes of it when the run has ended or failed. Throws CP_OUTPUT. */
export function openTrace(path: string, { name, seed, quantum }: Scenario): TraceFile {
  return new TraceFile(path, {
    program: 'coldpool',
    scenario: name,
    seed,
    quantumNs: quantum,
    arrowsMax: ARROWS_MAX,
    arrows: `Of each hundredth of the duration, the first ${ARROWS_MAX / 100} mails are drawn as arrows, with the steps they touch.`,
  })
}
