/**
 * What an operator asks of a running run. The conductor stamps each command with the quantum in which it takes effect;
 * scenario, seed and stamped commands together decide a run, so a recorded script reproduces it.
 */
import type { ActorId, Ordinal } from './actor.ts'
import type { Kind } from './messages.ts'
import { NEVER, type Quantum } from './time.ts'

export type Command =
  /** A workload starts: `workload` is its form as a scenario gives it (YAML's plain data, checked). */
  | {
      readonly kind: 'inject'
      readonly id: ActorId
      readonly ordinal: Ordinal
      readonly workload: Readonly<Record<string, unknown>>
    }
  /** A workload leaves. */
  | { readonly kind: 'stop'; readonly id: ActorId }
  /** A foreign workload (a process that is none of ours) comes to a host. */
  | { readonly kind: 'join'; readonly id: ActorId; readonly ordinal: Ordinal; readonly host: ActorId }
  /** Its mail to its host, in the encoding of the wire (codec.ts). */
  | { readonly kind: 'mail'; readonly id: ActorId; readonly mail: ForeignKind; readonly body: Uint8Array }
  /** It left, or nothing was heard of it for too long. */
  | { readonly kind: 'gone'; readonly id: ActorId }

/** What a foreign workload may say. */
export type ForeignKind = Extract<Kind, 'profile' | 'accesses'>

export interface Stamped {
  readonly quantum: Quantum
  readonly command: Command
}

/** The commands of a run, in the order in which they take effect. */
export class Script {
  readonly #commands: Stamped[] = []
  readonly #added: Stamped[] = []

  constructor(commands: readonly Stamped[] = []) {
    for (const stamped of commands) this.add(stamped)
  }

  get commands(): readonly Stamped[] {
    return this.#commands
  }

  /** In the order in which they were added; by it newcomers get their ordinals, so it has to be kept with them. */
  get added(): readonly Stamped[] {
    return this.#added
  }

  /** Behind all that take effect in the same quantum or before. */
  add(stamped: Stamped): void {
    this.#added.push(stamped)
    this.#commands.splice(this.#from(stamped.quantum + 1), 0, stamped)
  }

  at(quantum: Quantum): Command[] {
    return this.#commands.slice(this.#from(quantum), this.#from(quantum + 1)).map(({ command }) => command)
  }

  before(quantum: Quantum): Command[] {
    return this.#commands.slice(0, this.#from(quantum)).map(({ command }) => command)
  }

  /** The first stamped quantum ≥ `quantum`; NEVER if there is none. It counts as a wake. */
  nextFrom(quantum: Quantum): Quantum {
    return this.#commands[this.#from(quantum)]?.quantum ?? NEVER
  }

  /** The index of the first command of `quantum` or later. It is asked for in every quantum, hence by halves. */
  #from(quantum: Quantum): number {
    let low = 0
    let high = this.#commands.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#commands[middle]!.quantum < quantum) low = middle + 1
      else high = middle
    }
    return low
  }
}
