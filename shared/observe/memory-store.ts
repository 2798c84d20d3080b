/** A store in memory, for runs whose processes all end together: nothing would be left to recover. */
import { JOURNAL_STREAM, SNAPSHOT_STREAM, type Store, type Stored } from './store.ts'

export class MemoryStore implements Store {
  #sequence = 0
  readonly #messages = new Map<number, Stored>()

  append(subject: string, bytes: Uint8Array): Promise<number> {
    this.#messages.set(++this.#sequence, { sequence: this.#sequence, subject, bytes })
    return Promise.resolve(this.#sequence)
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

  trim(stream: string, subject: string, before = Infinity): Promise<void> {
    for (const { sequence, subject: at } of this.#messages.values()) {
      const kind = at.split('.')[2] === 'snapshot' ? SNAPSHOT_STREAM : JOURNAL_STREAM
      if (kind === stream && sequence < before && matches(subject, at)) this.#messages.delete(sequence)
    }
    return Promise.resolve()
  }
}

/** As NATS has it: `*` stands for one part, `>` for all that follow. */
function matches(pattern: string, subject: string): boolean {
  const parts = subject.split('.')
  const wanted = pattern.split('.')
  if (wanted.at(-1) === '>') wanted.splice(-1, 1, ...parts.slice(wanted.length - 1))
  return wanted.length === parts.length && wanted.every((part, i) => part === '*' || part === parts[i])
}
