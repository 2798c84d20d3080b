/**
 * A stage as the conductor sees it: what its dones have told. It may have stepped ahead of the run; what it did there becomes a report when
 * the run has come to that quantum. What a done holds is checked here, against what was asked.
 */
import { z } from 'zod'
import { assert } from '../errors.ts'
import { KINDS } from '../messages.ts'
import { KEPT_AHEAD, LINES_MAX } from '../recent-mail.ts'
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

export class StageSeen {
  readonly id: StageId
  /** The last quantum in which it has stepped. */
  stepped: Quantum = -1
  /** To whom it sent bags in that step, and their digests, one for each. */
  bagsTo: readonly StageId[] = []
  bagDigests: readonly string[] = []
  /** In which it must step next, if no other writes to it. */
  #next: Quantum = -1
  /** Its steps, in order: the run has come to so many of them. Places are used again, for a list that grows from nothing is made anew. */
  readonly #quanta: Quantum[] = []
  readonly #reports: Report[] = []
  #told = 0
  #come = 0
  /** As the run has come to it. */
  #nextWake: Quantum = NEVER
  /** Of the grant that it has answered last. */
  #number = -1

  constructor(id: StageId) {
    this.id = id
  }

  hasAnswered(number: number): boolean {
    return this.#number === number
  }

  /** False if no stage that keeps to the rules says this to such a grant. */
  take(done: ControlOf<'done'>, asked: Asked): boolean {
    // Whoever has stepped further tells of no step.
    if (asked.quantum > this.stepped && !this.#takeSteps(done, asked)) return false
    this.#number = done.number
    this.bagsTo = done.bagsTo
    this.bagDigests = done.bagDigests
    return true
  }

  #takeSteps({ nextWake, mails, report, ahead }: ControlOf<'done'>, asked: Asked): boolean {
    if (report === null && ahead === null) {
      this.#step(asked.quantum, { stage: this.id, nextWake, mails, events: NO_EVENTS })
      return true
    }
    const more = moreSchema.safeParse({ report, ahead }).data
    if (more === undefined) return false
    const steps: readonly Step[] = [[asked.quantum, nextWake, mails, more.report], ...(more.ahead ?? [])]
    if (!areInOrder(steps, asked.until)) return false
    for (const step of steps) this.#step(step[0], this.#report(step, asked))
    return true
  }

  /** Nothing more is to be asked of it for this quantum. */
  hasToldOf(quantum: Quantum): boolean {
    return quantum <= this.stepped || quantum < this.#next
  }

  /** The run has come to this quantum, in which it may have had no reason to step. */
  reportOf(quantum: Quantum): Report {
    const at = this.#come
    if (at === this.#told || this.#quanta[at]! > quantum) {
      return { stage: this.id, nextWake: this.#nextWake, mails: 0, events: NO_EVENTS }
    }
    assert(this.#quanta[at] === quantum, `stage ${this.id} has stepped in quantum ${this.#quanta[at]}, and that is granted`)
    if (++this.#come === this.#told) this.#come = this.#told = 0
    const report = this.#reports[at]!
    this.#nextWake = report.nextWake
    return report
  }

  #step(quantum: Quantum, report: Report): void {
    const at = this.#told++
    this.#quanta[at] = quantum
    this.#reports[at] = report
    this.stepped = quantum
    this.#next = nextAfter(quantum, report)
  }

  #report([, nextWake, mails, details]: Step, { mailOf }: Asked): Report {
    const { id: stage } = this
    if (details === null) return { stage, nextWake, mails, events: NO_EVENTS }
    const { events, telemetry, digests } = details
    // Of mail that was not asked for nothing is told.
    const heard = details.heard?.filter((one) => mailOf.has(one.quantum)) ?? []
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
    .max(KEPT_AHEAD)
    .optional(),
})

const stepSchema = z.tuple([whole, real, whole, detailsSchema.nullable()])
type Step = z.infer<typeof stepSchema>

const moreSchema = z.object({ report: detailsSchema.nullable(), ahead: z.array(stepSchema).max(AHEAD_MAX).nullable() })

/** Each follows from the one before, and comes before the end. */
function areInOrder(steps: readonly Step[], end: Quantum): boolean {
  return steps.every(([quantum], i) => {
    if (i === 0) return true
    const [before, nextWake, mails] = steps[i - 1]!
    return quantum < end && quantum === nextAfter(before, { nextWake, mails })
  })
}

/** Figures by name, by actor. By hand, for a look of a rack has a thousand of them, for which zod took 0.45 ms. */
function isTelemetry(telemetry: unknown): boolean {
  return isMap(telemetry, (figures) => isMap(figures, (value) => typeof value === 'number'))
}

function isMap(value: unknown, isItem: (item: unknown) => boolean): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.entries(value).every(([name, item]) => name.length <= TEXT_MAX && isItem(item))
}
