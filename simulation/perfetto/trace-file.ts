/**
 * A file in Chrome's trace event format, as ui.perfetto.dev opens it: JSON, written as the run goes on. Each actor is a process
 * with one thread, so that its slices, batches, events and counters stand together. Times are virtual, in microseconds.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import type { Ordinal } from '#shared/actor.ts'
import { NS_PER_US } from '#shared/time.ts'
import { guarded } from '../output.ts'

/** Events are gathered up to this many characters before they are written. */
const BUFFER_CHARACTERS_MAX = 1 << 16

export type Args = Readonly<Record<string, number | string>>

/** A slice that may overlap others of its actor; `category` and `id` together are its own. */
export interface Span {
  readonly actor: Ordinal
  readonly category: string
  readonly id: string
  readonly name: string
}

/** Where one end of an arrow touches a slice. Both ends have the name and the id. */
export interface ArrowEnd {
  readonly actor: Ordinal
  readonly name: string
  readonly id: number
  readonly atNs: number
}

export class TraceFile implements Disposable {
  readonly #path: string
  readonly #file: number
  #pending: string
  #separator = ''
  #open = true

  /** What was in the file is gone. Throws CP_OUTPUT. */
  constructor(path: string, about: Args) {
    this.#path = path
    this.#file = this.#guard(() => openSync(path, 'w'))
    // What is about the whole file stands first: importers read it from their first chunk.
    this.#pending = `{"otherData":${JSON.stringify(about)},"traceEvents":[\n`
  }

  name(actor: Ordinal, name: string): void {
    this.#add('process_name', 'M', actor, { args: { name } })
    this.#add('thread_name', 'M', actor, { args: { name } })
    this.#add('process_sort_index', 'M', actor, { args: { sort_index: actor } })
  }

  /** Slices of one actor nest. */
  slice(actor: Ordinal, name: string, atNs: number, forNs: number, args: Args): void {
    this.#add(name, 'X', actor, { cat: 'step', ts: atNs / NS_PER_US, dur: forNs / NS_PER_US, args })
  }

  begin({ actor, category, id, name }: Span, atNs: number, args: Args): void {
    this.#add(name, 'b', actor, { cat: category, id, ts: atNs / NS_PER_US, args })
  }

  end({ actor, category, id, name }: Span, atNs: number, args: Args): void {
    this.#add(name, 'e', actor, { cat: category, id, ts: atNs / NS_PER_US, args })
  }

  instant(actor: Ordinal, category: string, name: string, atNs: number, args: Args): void {
    this.#add(name, 'i', actor, { cat: category, s: 't', ts: atNs / NS_PER_US, args })
  }

  counter(actor: Ordinal, name: string, unit: string, atNs: number, value: number): void {
    this.#add(name, 'C', actor, { ts: atNs / NS_PER_US, args: { [unit]: value } })
  }

  /** The arrow leaves from the slice that is around it. */
  depart({ actor, name, id, atNs }: ArrowEnd): void {
    this.#add(name, 's', actor, { cat: 'mail', id, ts: atNs / NS_PER_US })
  }

  arrive({ actor, name, id, atNs }: ArrowEnd): void {
    this.#add(name, 'f', actor, { cat: 'mail', id, bp: 'e', ts: atNs / NS_PER_US })
  }

  /** Makes it whole; again, it does nothing. */
  close(): void {
    if (!this.#open) return
    this.#pending += '\n],"displayTimeUnit":"ns"}\n'
    this.#write()
    this.#open = false
    closeSync(this.#file)
  }

  /** A run that fails leaves a file that can be opened, too. */
  [Symbol.dispose](): void {
    this.close()
  }

  #add(name: string, ph: string, actor: Ordinal, rest: Readonly<Record<string, unknown>>): void {
    // Process 0 would be the idle process of a kernel.
    this.#pending += `${this.#separator}${JSON.stringify({ name, ph, pid: actor + 1, tid: actor + 1, ...rest })}`
    this.#separator = ',\n'
    if (this.#pending.length > BUFFER_CHARACTERS_MAX) this.#write()
  }

  #write(): void {
    const bytes = Buffer.from(this.#pending)
    this.#pending = ''
    try {
      this.#guard(() => {
        for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at)
      })
    } catch (error) {
      // Nothing can be added to what is broken off.
      this.#open = false
      closeSync(this.#file)
      throw error
    }
  }

  #guard<T>(write: () => T): T {
    return guarded(this.#path, write, 'a file that can be written')
  }
}
