/**
 * The operator's desk: requests from outside (inject, stop, pause, resume, pace), checked and answered. Those that change
 * what is simulated wait until the conductor stamps them between two grants; the others only change when grants go out.
 */
import { z } from 'zod'
import { subject, type Dropped, type Subscription, type Wire } from '#shared/bus/wire.ts'
import type { Stamped } from '#shared/command.ts'
import { ColdpoolError } from '#shared/errors.ts'
import { StoreFull } from '#shared/observe/store.ts'
import { pack, unpack } from '#shared/packing.ts'
import { ScenarioError } from '#shared/scenario/problems.ts'
import type { Admission, Request } from '../admission.ts'
import { lobby } from './crew.ts'
import type { Pacer } from './pacer.ts'

const id = z.string().min(1).max(64)

export const operatorRequest = z.discriminatedUnion('command', [
  z
    .strictObject({ command: z.literal('inject'), id: id.optional(), workload: z.record(z.string(), z.unknown()) })
    .describe('a workload starts, in the form that a scenario gives it; without an id it gets a name that is free'),
  z.strictObject({ command: z.literal('stop'), id }).describe('this workload is to leave'),
  z.strictObject({ command: z.literal('pause') }).describe('no more grants go out'),
  z.strictObject({ command: z.literal('resume') }).describe('they do again'),
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

export const REQUEST_BYTES_MAX = 64 << 10
/** Requests that wait at a time. */
export const WAITING_MAX = 256
/** As many newcomers may have joined and left in one run; it bounds the search for a free name. */
const NAMES_MAX = 100_000

interface Waiting {
  /** Made when it is stamped: only then is it sure which names are free. */
  readonly request: () => Request
  readonly answer: (answer: OperatorAnswer) => void
}

export interface CommandsParts {
  readonly wire: Wire
  readonly cluster: string
  readonly admission: Admission
  readonly pacer: Pacer
  readonly dropped: Dropped
  readonly seconds: () => number
  readonly quantum: () => number
  /** Ends the run early. */
  readonly end: () => void
}

export class Commands {
  readonly #parts: CommandsParts
  #waiting: Waiting[] = []
  #subscription: Subscription | undefined

  constructor(parts: CommandsParts) {
    this.#parts = parts
  }

  open(): void {
    const { wire, cluster } = this.#parts
    this.#subscription = wire.serve(subject(lobby(cluster), 'command', 'operator', 'conductor'), async (bytes) =>
      pack(await this.#answer(bytes)),
    )
  }

  close(): void {
    this.#subscription?.stop()
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

  async #answer(bytes: Uint8Array): Promise<OperatorAnswer> {
    const { pacer, seconds, quantum, dropped } = this.#parts
    const request = read(bytes)
    if (request === undefined) {
      dropped.count('malformed', 'a command of another form')
      return {
        error: 'CP_WIRE command: not a request; expected a msgpack map with command: inject, stop, pause, resume, pace or end',
      }
    }
    const now = { id: request.command, quantum: quantum(), seconds: seconds() }
    switch (request.command) {
      case 'pause':
        pacer.pause()
        return now
      case 'resume':
        pacer.resume(seconds())
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

function read(bytes: Uint8Array): OperatorRequest | undefined {
  if (bytes.length > REQUEST_BYTES_MAX) return undefined
  try {
    return operatorRequest.safeParse(unpack(bytes)).data
  } catch {
    return undefined
  }
}

function refusal(error: unknown): string {
  if (error instanceof ScenarioError || error instanceof ColdpoolError) return error.message
  if (error instanceof StoreFull) return `CP_JOURNAL journal: ${error.message}; expected room for the command`
  throw error
}
