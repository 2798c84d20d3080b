/** What an attacker with every user's password can learn of a run by listening: its name, its stages, and real messages of every kind. */
import { type Msg, type NatsConnection } from '@nats-io/transport-node'
import { decodeControl } from '#shared/bus/control.ts'
import { subject } from '#shared/bus/wire.ts'

/** Kept of each subject: the oldest, which are stale by the time of the attack. */
const KEPT_MAX = 20

export class Truth {
  readonly #heard = new Map<string, Uint8Array[]>()
  #deaf = false

  /** Hears what the rights of this user allow. */
  listen(connection: NatsConnection, patterns: readonly string[]): void {
    for (const pattern of patterns) {
      connection.subscribe(pattern, {
        callback: (error, message) => {
          if (!error && !this.#deaf) this.#keep(message)
        },
      })
    }
  }

  /** From now on what is said may be a lie. */
  stop(): void {
    this.#deaf = true
  }

  get run(): string {
    return this.#assignments[0]!.run
  }

  get lobby(): string {
    return [...this.#heard.keys()].find((at) => at.split('.')[2] === 'hello')!.split('.')[1]!
  }

  /** By stage number. */
  get roles(): readonly string[] {
    return this.#assignments[0]!.roles
  }

  get instances(): readonly string[] {
    return this.#assignments.map(({ instance }) => instance)
  }

  get generation(): number {
    return this.#assignments[0]!.generation
  }

  /** Real messages on this subject. */
  on(at: string): readonly Uint8Array[] {
    return this.#heard.get(at) ?? []
  }

  get kinds(): ReadonlySet<string> {
    return new Set(Array.from(this.#heard.keys(), (at) => at.split('.')[2]!))
  }

  get #assignments() {
    const calls = Array.from(this.#heard.keys()).filter((at) => at.includes('.call.conductor.'))
    return calls
      .flatMap((at) => this.on(at))
      .map((bytes) => decodeControl(bytes))
      .flatMap(({ kind, body }) => (kind === 'assign' ? [body] : []))
  }

  #keep({ subject: at, data }: Msg): void {
    const kept = this.#heard.get(at)
    if (kept === undefined) this.#heard.set(at, [data])
    else if (kept.length < KEPT_MAX) kept.push(data)
  }
}

export const EVERYTHING = ['coldpool.>']
export const AS_A_STAGE = [subject('*', 'bag', '*', '*'), subject('*', 'need', '*', '*')]
