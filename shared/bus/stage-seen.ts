/**
 * A stage as the conductor sees it: what its dones have told. It may have stepped ahead of the run; what it did there becomes a report when
 * the run has come to that quantum. What a done holds is checked here, against what was asked.
 */
import { z } from 'zod'
import { assert } from '../errors.ts'
import { KINDS } from '../messages.ts'
import { KEPT, LINES_MAX } from '../recent-mail.ts'
import { NEVER, type Quantum } from '../time.ts'
import { AHEAD_MAX, nextAfter, type Report, type StageId } from './bus.ts'
import type { ControlOf } from './control.ts'

/** What the grant asked that a done answers. */
export interface Asked {
  readonly quantum: Quantum
  readonly until: Quantum
  /** The quanta of which mail is to be told. */
  readonly mailOf: ReadonlySet<Quantum>
}

interface Step {
  readonly quantum: Quantum
  readonly nextWake: Quantum
  readonly mails: number
  readonly report: Details | null
}

/** To whom bags were sent, and their digests, one for each. */
type Sent = Pick<ControlOf<'done'>, 'bagsTo' | 'bagDigests'>

/** What a done tells: new steps, in order, and what was sent in the last that there ever was. */
export interface Told {
  readonly steps: readonly Step[]
  readonly sent: Sent
}

export class StageSeen {
  readonly id: StageId
  /** In quanta that the run has not come to, in order. */
  readonly #ahead: Step[] = []
  /** As the run has come to it. */
  #nextWake: Quantum = NEVER
  #stepped: Quantum = -1
  /** In which it must step next, if no other writes to it. */
  #next: Quantum = -1
  #sent = NOTHING_SENT

  constructor(id: StageId) {
    this.id = id
  }

  /** The last quantum in which it has stepped. */
  get stepped(): Quantum {
    return this.#stepped
  }

  /** Undefined if no stage that keeps to the rules says this to such a grant. */
  read({ nextWake, mails, report, ahead, bagsTo, bagDigests }: ControlOf<'done'>, asked: Asked): Told | undefined {
    if (bagsTo.length !== bagDigests.length) return undefined
    const sent = { bagsTo, bagDigests }
    if (asked.quantum <= this.#stepped) return { steps: [], sent }
    const rest = report === null && ahead === null ? NO_MORE : moreSchema.safeParse({ report, ahead }).data
    if (rest === undefined) return undefined
    let last: Step = { quantum: asked.quantum, nextWake, mails, report: withMail(rest.report, asked) }
    const steps = [last]
    for (const [quantum, wake, count, details] of rest.ahead ?? []) {
      if (quantum !== nextAfter(last.quantum, last) || quantum >= asked.until) return undefined
      last = { quantum, nextWake: wake, mails: count, report: withMail(details, asked) }
      steps.push(last)
    }
    return { steps, sent }
  }

  learn({ steps, sent }: Told): void {
    this.#sent = sent
    for (const step of steps) {
      this.#ahead.push(step)
      this.#stepped = step.quantum
      this.#next = nextAfter(step.quantum, step)
    }
  }

  /** Nothing more is to be asked of it for this quantum. */
  hasToldOf(quantum: Quantum): boolean {
    return quantum <= this.#stepped || quantum < this.#next
  }

  /** The run has come to this quantum, in which it may have had no reason to step. */
  reportOf(quantum: Quantum): Report {
    const step = this.#ahead[0]
    if (step === undefined || step.quantum > quantum) return this.#report(0, null)
    assert(step.quantum === quantum, `stage ${this.id} has stepped in quantum ${step.quantum}, and that is granted`)
    this.#ahead.shift()
    this.#nextWake = step.nextWake
    return this.#report(step.mails, step.report)
  }

  /** Bags go with the last step alone. */
  sentIn(quantum: Quantum): Sent {
    return quantum === this.#stepped ? this.#sent : NOTHING_SENT
  }

  /** Bags that it sent before this quantum. Of those that it sent later the same will be said, when the run has come there. */
  sentBefore(quantum: Quantum): Sent {
    return quantum > this.#stepped ? this.#sent : NOTHING_SENT
  }

  #report(mails: number, details: Details | null): Report {
    const { id: stage } = this
    const nextWake = this.#nextWake
    if (details === null) return { stage, nextWake, mails, events: NO_EVENTS }
    const { events, telemetry, digests, heard = [] } = details
    return {
      stage,
      nextWake,
      mails,
      events,
      ...(telemetry && { telemetry }),
      ...(digests && { digests }),
      ...(heard.length > 0 && { heard }),
    }
  }
}

const NOTHING_SENT: Sent = { bagsTo: [], bagDigests: [] }
const NO_EVENTS: Report['events'] = []

const TEXT_MAX = 4096
const text = z.string().max(TEXT_MAX)
/** Actors may report what is not finite; a done that is not taken would be asked for for ever. */
const figure = z.custom<number>((value) => typeof value === 'number')
const real = z.custom<number>((value) => typeof value === 'number' && !Number.isNaN(value))
const whole = z.int().min(0)
const detailsSchema = z.object({
  events: z
    .array(z.object({ quantum: z.number(), actor: text, code: text, fields: z.record(text, figure.or(text)) }))
    .max(1 << 20),
  telemetry: z.custom<Record<string, Record<string, number>>>(isTelemetry).nullable(),
  digests: z
    .array(z.object({ ordinal: z.number(), mail: text, state: text }))
    .max(1 << 16)
    .nullable(),
  heard: z
    .array(
      z.object({
        quantum: whole,
        lines: z.array(z.object({ from: whole, to: whole, kind: z.enum(KINDS), mails: whole, pages: whole })).max(LINES_MAX),
        more: whole,
      }),
    )
    .max(KEPT)
    .optional(),
})
type Details = z.infer<typeof detailsSchema>

const moreSchema = z.object({
  report: detailsSchema.nullable(),
  ahead: z
    .array(z.tuple([whole, real, whole, detailsSchema.nullable()]))
    .max(AHEAD_MAX)
    .nullable(),
})
/** As in most dones. */
const NO_MORE: z.infer<typeof moreSchema> = { report: null, ahead: null }

/** Figures by name, by actor. By hand, for a look of a rack has a thousand of them, for which zod took 0.45 ms. */
function isTelemetry(telemetry: unknown): boolean {
  return isMap(telemetry, (figures) => isMap(figures, (value) => typeof value === 'number'))
}

function isMap(value: unknown, isItem: (item: unknown) => boolean): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.entries(value).every(([name, item]) => name.length <= TEXT_MAX && isItem(item))
}

/** Of mail that was not asked for nothing is told. */
function withMail(details: Details | null, { mailOf }: Asked): Details | null {
  if (details?.heard === undefined) return details
  return { ...details, heard: details.heard.filter(({ quantum }) => mailOf.has(quantum)) }
}
