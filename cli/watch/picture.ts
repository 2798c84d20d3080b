/** What a watcher knows of a run: the last status, the last two samples, the last events. */
import type { ActorEvent, ActorId } from '#shared/actor.ts'
import type { Events, Sample, Status } from '#shared/observe/broadcast.ts'

/** More than a high terminal shows. */
const EVENTS_MAX = 50

export class Picture {
  #status: Status | undefined
  #sample: Sample | undefined
  #before: Sample | undefined
  #events: readonly ActorEvent[] = []

  get status(): Status | undefined {
    return this.#status
  }

  /** Oldest first. */
  get events(): readonly ActorEvent[] {
    return this.#events
  }

  hearStatus(status: Status): void {
    // What was heard before the first status is of the same run.
    if (this.#status !== undefined && this.#status.run !== status.run) this.#forget()
    this.#status = status
  }

  hearSample(sample: Sample): void {
    if (this.#sample === undefined || sample.virtualSeconds > this.#sample.virtualSeconds) this.#before = this.#sample
    // Time has gone back: there is nothing yet to compare with.
    else if (sample.virtualSeconds < this.#sample.virtualSeconds) this.#before = undefined
    this.#sample = sample
  }

  hearEvents({ events }: Events): void {
    this.#events = [...this.#events, ...events].slice(-EVENTS_MAX)
  }

  /** A counter or gauge as it was last sampled. */
  value(actor: ActorId, key: string): number | undefined {
    return valueIn(this.#sample, actor, key)
  }

  /** How fast a counter grew between the last two samples, per virtual second. */
  rate(actor: ActorId, key: string): number | undefined {
    const now = valueIn(this.#sample, actor, key)
    const before = valueIn(this.#before, actor, key)
    if (now === undefined || before === undefined) return undefined
    return Math.max(0, now - before) / (this.#sample!.virtualSeconds - this.#before!.virtualSeconds)
  }

  /** Virtual seconds at a quantum; undefined until it is known how long a quantum is. */
  secondsAt(quantum: number): number | undefined {
    if (quantum === 0) return 0
    const known = [this.#sample, this.#status].find(
      (heard) => heard !== undefined && heard.quantum > 0 && heard.virtualSeconds > 0,
    )
    return known === undefined ? undefined : (quantum * known.virtualSeconds) / known.quantum
  }

  #forget(): void {
    this.#sample = this.#before = undefined
    this.#events = []
  }
}

function valueIn(sample: Sample | undefined, actor: ActorId, key: string): number | undefined {
  const telemetry = sample?.telemetry
  if (telemetry === undefined || !Object.hasOwn(telemetry, actor)) return undefined
  const values = telemetry[actor]!
  const value = Object.hasOwn(values, key) ? values[key] : undefined
  return value !== undefined && Number.isFinite(value) ? value : undefined
}
