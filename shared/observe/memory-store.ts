/** A store in memory, for runs whose processes all end together: nothing would be left to recover. */
import { JOURNAL_STREAM, SNAPSHOT_STREAM, type Store, type Stored, superseded } from './store.ts'

export class MemoryStore implements Store {
  #sequence = 0
  readonly #messages = new Map<number, Stored & { readonly id: string }>()
  /** Of what is there. */
  readonly #sequenceOf = new Map<string, number>()

  async append(subject: string, bytes: Uint8Array, id: string, after?: number): Promise<number> {
    const before = this.#sequenceOf.get(id)
    if (before !== undefined) return before
    if (after !== undefined && after !== ((await this.last(subject))?.sequence ?? 0)) {
      throw superseded(subject)
    }
    this.#messages.set(++this.#sequence, { sequence: this.#sequence, subject, bytes, id })
    this.#sequenceOf.set(id, this.#sequence)
    return this.#sequence
  }

  async read(subject: string): Promise<Uint8Array | undefined> {
    return (await this.last(subject))?.bytes
  }

  next(subject: string, from: number): Promise<Stored | undefined> {
    const found = [...this.#messages.values()].find((stored) => stored.sequence >= from && matches(subject, stored.subject))
    return Promise.resolve(found)
  }

  last(subject: string): Promise<Stored | undefined> {
    return Promise.resolve([...this.#messages.values()].findLast((stored) => stored.subject === subject))
  }

  remove(stream: string, places: readonly number[]): Promise<void> {
    for (const place of places) {
      const stored = this.#messages.get(place)
      if (stored && streamOf(stored.subject) === stream) this.#forget(stored)
    }
    return Promise.resolve()
  }

  trim(stream: string, subject: string, before = Infinity): Promise<void> {
    for (const stored of this.#messages.values()) {
      const { sequence, subject: at } = stored
      if (streamOf(at) === stream && sequence < before && matches(subject, at)) this.#forget(stored)
    }
    return Promise.resolve()
  }

  #forget({ sequence, id }: { readonly sequence: number; readonly id: string }): void {
    this.#messages.delete(sequence)
    this.#sequenceOf.delete(id)
  }
}

function streamOf(subject: string): string {
  return subject.split('.')[2] === 'snapshot' ? SNAPSHOT_STREAM : JOURNAL_STREAM
}

/** As NATS has it: `*` stands for one part, `>` for one or more that follow. */
function matches(pattern: string, subject: string): boolean {
  const parts = subject.split('.')
  const wanted = pattern.split('.')
  if (wanted.at(-1) === '>') {
    const rest = parts.slice(wanted.length - 1)
    if (rest.length === 0) return false
    wanted.splice(-1, 1, ...rest)
  }
  return wanted.length === parts.length && wanted.every((part, i) => part === '*' || part === parts[i])
}
