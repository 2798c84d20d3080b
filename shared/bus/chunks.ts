/**
 * Messages above the server's max_payload travel as numbered parts with a common id. Parts of one sender come in order, yet any may be lost:
 * what stays incomplete is pushed out by what comes later, within fixed bounds, and asked for again by the protocol above.
 */
export interface Part {
  readonly id: string
  readonly index: number
  readonly count: number
}

/** In a message's headers, `ID INDEX COUNT`. */
export const PART_HEADER = 'Coldpool-Part'
const PART = /^([A-Za-z0-9]{1,32}) (\d{1,6}) (\d{1,6})$/

/** A whole message. */
export const MESSAGE_BYTES_MAX = 256 << 20
/** A message of that size in parts of 64 KiB, a small max_payload. */
const PARTS_MAX = 1 << 12
const UNFINISHED_MAX = 64
const UNFINISHED_BYTES_MAX = MESSAGE_BYTES_MAX

export function partsOf(bytes: Uint8Array, partBytes: number): Uint8Array[] {
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += partBytes) parts.push(bytes.subarray(at, at + partBytes))
  return parts
}

export function formatPart({ id, index, count }: Part): string {
  return `${id} ${index} ${count}`
}

/** Undefined if it is none. */
export function parsePart(text: string): Part | undefined {
  const [, id, index, count] = PART.exec(text) ?? []
  if (id === undefined || Number(count) < 1 || Number(count) > PARTS_MAX || Number(index) >= Number(count)) return undefined
  return { id, index: Number(index), count: Number(count) }
}

interface Unfinished {
  readonly subject: string
  readonly count: number
  /** By index; what was announced and has not come takes no room. */
  readonly parts: Map<number, Uint8Array>
  bytes: number
}

export class Assembly {
  /** By subject and id: nobody can put a part into the message of another role. In order of arrival. */
  readonly #unfinished = new Map<string, Unfinished>()
  #bytes = 0
  readonly #onDrop: () => void

  constructor(onDrop: () => void) {
    this.#onDrop = onDrop
  }

  /** Gives the message when its last part has come. */
  put(subject: string, part: Part, bytes: Uint8Array): Uint8Array | undefined {
    const key = `${subject} ${part.id}`
    let message = this.#unfinished.get(key)
    if (message === undefined) {
      message = { subject, count: part.count, parts: new Map(), bytes: 0 }
      this.#unfinished.set(key, message)
    }
    if (message.count !== part.count || message.parts.has(part.index)) {
      this.#onDrop()
      return undefined
    }
    message.parts.set(part.index, bytes)
    message.bytes += bytes.length
    this.#bytes += bytes.length
    if (message.parts.size === message.count) {
      this.#forget(key)
      return joined(message)
    }
    this.#bound()
    return undefined
  }

  /** Whoever has most under way, by subject and so by role, loses his oldest: he pushes out nobody else's. */
  #bound(): void {
    while (this.#unfinished.size > UNFINISHED_MAX || this.#bytes > UNFINISHED_BYTES_MAX) {
      const full = this.#bytes > UNFINISHED_BYTES_MAX
      const held = new Map<string, number>()
      for (const { subject, bytes } of this.#unfinished.values()) {
        held.set(subject, (held.get(subject) ?? 0) + (full ? bytes : 1))
      }
      const [greediest] = [...held].reduce((most, next) => (next[1] > most[1] ? next : most))
      for (const [key, { subject }] of this.#unfinished) {
        if (subject !== greediest) continue
        this.#forget(key)
        this.#onDrop()
        break
      }
    }
  }

  #forget(key: string): void {
    this.#bytes -= this.#unfinished.get(key)!.bytes
    this.#unfinished.delete(key)
  }
}

function joined({ count, parts, bytes }: Unfinished): Uint8Array {
  const message = new Uint8Array(bytes)
  let at = 0
  for (let index = 0; index < count; index++) {
    const part = parts.get(index)!
    message.set(part, at)
    at += part.length
  }
  return message
}
