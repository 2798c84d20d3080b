/**
 * The operator's desk: what a person asks of a run that goes on (inject, stop, pause, resume, step, pace, end), checked and answered.
 * What changes the simulation waits until it is stamped between two grants; the rest only changes when grants go out.
 */
import { z } from 'zod'
import type { Dropped } from '#shared/bus/wire.ts'
import type { Stamped } from '#shared/command.ts'
import { ColdpoolError } from '#shared/errors.ts'
import { StoreFull } from '#shared/observe/store.ts'
import { ScenarioError } from '#shared/scenario/problems.ts'
import { NS_PER_S, type Quantum } from '#shared/time.ts'
import type { GrantState } from '#services/conductor/grants.ts'
import type { Admission, Request } from './admission.ts'
import type { Pacer } from './cluster/pacer.ts'

const id = z.string().min(1).max(64)

export const operatorRequest = z.discriminatedUnion('command', [
  z
    .strictObject({ command: z.literal('inject'), id: id.optional(), workload: z.record(z.string(), z.unknown()) })
    .describe('a workload starts, in the form that a scenario gives it; without an id it gets a name that is free'),
  z.strictObject({ command: z.literal('stop'), id }).describe('this workload is to leave'),
  z.strictObject({ command: z.literal('pause') }).describe('no more grants go out'),
  z.strictObject({ command: z.literal('resume') }).describe('they do again'),
  z
    .strictObject({ command: z.literal('step'), seconds: z.number().gt(0).max(3600) })
    .describe('they do for so many virtual seconds, and then no more'),
  z
    .strictObject({ command: z.literal('pace'), pace: z.number().min(0).max(1e6) })
    .describe('virtual seconds per second of wall time; 0: as fast as possible'),
  z.strictObject({ command: z.literal('end') }).describe('the run ends early, with a verdict'),
])
export type OperatorRequest = z.infer<typeof operatorRequest>

export const operatorAnswer = z.union([
  z.object({ error: z.string().max(1 << 16) }),
  z.object({ id: z.string(), quantum: z.number(), seconds: z.number() }),
])
export type OperatorAnswer = z.infer<typeof operatorAnswer>

/** Requests that wait at a time. */
export const WAITING_MAX = 256
/** As many newcomers may have joined and left in one run; it bounds the search for a free name. */
const NAMES_MAX = 100_000

interface Waiting {
  /** Made when it is stamped: only then is it sure which names are free. */
  readonly request: () => Request
  readonly answer: (answer: OperatorAnswer) => void
}

export interface DeskParts {
  readonly admission: Admission
  readonly pacer: Pacer
  readonly dropped: Dropped
  readonly seconds: () => number
  readonly quantum: () => number
  /** Ends the run early. */
  readonly end: () => void
}

export class Desk {
  readonly #parts: DeskParts
  #waiting: Waiting[] = []

  constructor(parts: DeskParts) {
    this.#parts = parts
  }

  /** Whoever waits is told that the run is over. */
  close(): void {
    for (const { answer } of this.#waiting.splice(0)) answer({ error: 'CP_COMMAND run: it is over; expected a run that goes on' })
  }

  get waiting(): boolean {
    return this.#waiting.length > 0
  }

  /** Stamps all that wait; `stamp` journals a command and gives it back with its quantum. */
  async carryOut(stamp: (request: Request) => Promise<Stamped>, secondsOf: (quantum: number) => number): Promise<void> {
    for (const { request, answer } of this.#waiting.splice(0)) {
      try {
        const { quantum, command } = await stamp(request())
        answer({ id: command.id, quantum, seconds: secondsOf(quantum) })
      } catch (error) {
        answer({ error: refusal(error) })
      }
    }
  }

  /** A name for a newcomer that nobody has. */
  freeName(): string {
    const { admission } = this.#parts
    for (let number = Object.keys(admission.scenario.workloads).length + 1; number < NAMES_MAX; number++) {
      const name = `workload-${number}`
      if (!admission.knows(name)) return name
    }
    throw new ColdpoolError('CP_COMMAND', 'workloads', 'all names are taken', `at most ${NAMES_MAX} newcomers`)
  }

  async ask(request: OperatorRequest): Promise<OperatorAnswer> {
    const { pacer, seconds, quantum } = this.#parts
    const now = { id: request.command, quantum: quantum(), seconds: seconds() }
    switch (request.command) {
      case 'pause':
        pacer.pause()
        return now
      case 'resume':
        pacer.resume(seconds())
        return now
      case 'step':
        pacer.step(seconds(), request.seconds)
        return now
      case 'pace':
        pacer.set(request.pace, seconds())
        return now
      case 'end':
        this.#parts.end()
        return now
      case 'stop':
        return this.#wait(() => ({ kind: 'stop', id: request.id }))
      case 'inject':
        return this.#wait(() => ({ kind: 'inject', id: request.id ?? this.freeName(), workload: request.workload }))
    }
  }

  #wait(request: () => Request): Promise<OperatorAnswer> {
    if (this.#waiting.length >= WAITING_MAX) {
      this.#parts.dropped.count('overflow', 'a command too many')
      return Promise.resolve({ error: `CP_COMMAND command: too many wait; expected at most ${WAITING_MAX}` })
    }
    return new Promise((answer) => {
      this.#waiting.push({ request, answer })
    })
  }
}

/** The quantum in which a command takes effect: that which the pace has reached, and never one that was granted. */
export function soonest({ quantum, last }: GrantState, pacer: Pacer, quantumNs: number): Quantum {
  const byPace = pacer.pace > 0 && !pacer.paused
  const reached = byPace ? Math.floor((pacer.nowSeconds() * NS_PER_S) / quantumNs) : 0
  return Math.max(last + 1, Math.min(quantum, reached))
}

function refusal(error: unknown): string {
  if (error instanceof ScenarioError || error instanceof ColdpoolError) return error.message
  if (error instanceof StoreFull) return `CP_JOURNAL journal: ${error.message}; expected room for the command`
  throw error
}
