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
export const MESSAGE_BYTES_MAX = 512 << 20
const UNFINISHED_MAX = 64
const UNFINISHED_BYTES_MAX = 1 << 30

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
  if (id === undefined || Number(count) < 1 || Number(index) >= Number(count)) return undefined
  return { id, index: Number(index), count: Number(count) }
}

interface Unfinished {
  readonly parts: (Uint8Array | undefined)[]
  missing: number
  bytes: number
}

export class Assembly {
  readonly #unfinished = new Map<string, Unfinished>()
  #bytes = 0
  readonly #onDrop: () => void

  constructor(onDrop: () => void) {
    this.#onDrop = onDrop
  }

  /** Gives the message when its last part has come. */
  put(part: Part, bytes: Uint8Array): Uint8Array | undefined {
    let message = this.#unfinished.get(part.id)
    if (message === undefined) {
      message = { parts: Array.from({ length: part.count }), missing: part.count, bytes: 0 }
      this.#unfinished.set(part.id, message)
    }
    if (message.parts.length !== part.count || message.parts[part.index] !== undefined) {
      this.#onDrop()
      return undefined
    }
    message.parts[part.index] = bytes
    message.missing--
    message.bytes += bytes.length
    this.#bytes += bytes.length
    if (message.missing > 0 && message.bytes <= MESSAGE_BYTES_MAX) return this.#bound()
    this.#forget(part.id)
    if (message.missing === 0) return joined(message.parts as Uint8Array[], message.bytes)
    this.#onDrop()
    return undefined
  }

  #bound(): undefined {
    for (const id of this.#unfinished.keys()) {
      if (this.#unfinished.size <= UNFINISHED_MAX && this.#bytes <= UNFINISHED_BYTES_MAX) return
      this.#forget(id)
      this.#onDrop()
    }
  }

  #forget(id: string): void {
    this.#bytes -= this.#unfinished.get(id)!.bytes
    this.#unfinished.delete(id)
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
