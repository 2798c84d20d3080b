/**
 * Mail between threads: the mails of a bag laid out in shared memory, numbers as they are and arrays byte for byte, in the
 * order of the message table. Every part begins at a multiple of 8 bytes. It is read by a thread of the same process and the same
 * program, so it carries neither names nor types and is not checked again.
 */
import { assert } from '../errors.ts'
import { FIELDS } from '../mail.ts'
import { type FieldType, KINDS, type Mail } from '../messages.ts'

/** Of all bags that a stage sends in one quantum. It is address space: memory is taken as it is needed. */
const TRAY_BYTES_MAX = 1 << 30
const TRAY_BYTES_FIRST = 1 << 16
const WORD_BYTES = 8
/** Kind, sender, receiver, sequence. */
const ENVELOPE_WORDS = 4

const TYPED = { 'u8[]': Uint8Array, 'u16[]': Uint16Array, 'u32[]': Uint32Array, 'f64[]': Float64Array } as const
const KIND_INDEX = Object.fromEntries(KINDS.map((kind, index) => [kind, index]))
const PLANS = KINDS.map((kind) => FIELDS[kind])

/** The memory of a tray, for the thread that writes and for those that read. */
export function newTray(): SharedArrayBuffer {
  return new SharedArrayBuffer(TRAY_BYTES_FIRST, { maxByteLength: TRAY_BYTES_MAX })
}

/** Bags lie in a tray one behind the other; each is known by the word at which it begins. */
export class Tray {
  readonly #memory: SharedArrayBuffer
  #words: Float64Array
  #bytes: Uint8Array
  /** Next word to write or read. */
  #at = 0

  constructor(memory: SharedArrayBuffer) {
    this.#memory = memory
    this.#words = new Float64Array(memory, 0, memory.byteLength / WORD_BYTES)
    this.#bytes = new Uint8Array(memory, 0, memory.byteLength)
  }

  clear(): void {
    this.#at = 0
  }

  /** Gives the place of the bag. */
  write(mails: readonly Mail[]): number {
    const place = this.#at
    this.#room(1)
    this.#words[this.#at++] = mails.length
    for (const mail of mails) this.#writeMail(mail)
    return place
  }

  /** What is read is the reader's own: nothing of it lies in shared memory. */
  read(place: number): Mail[] {
    // Whoever writes may have made room since.
    if (this.#bytes.length < this.#memory.byteLength) this.#look()
    this.#at = place
    const count = this.#number()
    const mails: Mail[] = []
    for (let i = 0; i < count; i++) mails.push(this.#readMail())
    return mails
  }

  #writeMail({ kind, from, to, sequence, body }: Mail): void {
    const index = KIND_INDEX[kind]!
    const plan = PLANS[index]!
    // Room for all its numbers at once; what has a length makes room of its own.
    this.#room(ENVELOPE_WORDS + plan.length)
    this.#words[this.#at++] = index
    this.#words[this.#at++] = from
    this.#words[this.#at++] = to
    this.#words[this.#at++] = sequence
    const values = body as Readonly<Record<string, unknown>>
    for (const [name, type] of plan) {
      const value = values[name]
      if (type === 'u32' || type === 'f64') this.#writeNumber(value as number)
      else if (type === 'text') this.#writeText(value as string)
      else if (type === 'text[]') this.#writeTexts(value as readonly string[])
      else this.#writeArray(value as Uint8Array)
    }
  }

  #readMail(): Mail {
    const index = this.#number()
    const [from, to, sequence] = [this.#number(), this.#number(), this.#number()]
    const body: Record<string, unknown> = {}
    for (const [name, type] of PLANS[index]!) body[name] = this.#readField(type)
    return { from, to, sequence, kind: KINDS[index]!, body } as unknown as Mail
  }

  #readField(type: FieldType): unknown {
    if (type === 'u32' || type === 'f64') return this.#number()
    if (type === 'text') return this.#readText()
    if (type === 'text[]') return Array.from({ length: this.#number() }, () => this.#readText())
    return this.#readArray(TYPED[type])
  }

  #number(): number {
    return this.#words[this.#at++]!
  }

  #writeNumber(value: number): void {
    this.#room(1)
    this.#words[this.#at++] = value
  }

  #writeArray(values: Uint8Array | Uint16Array | Uint32Array | Float64Array): void {
    const words = Math.ceil(values.byteLength / WORD_BYTES)
    this.#room(1 + words)
    this.#words[this.#at++] = values.length
    this.#bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), this.#at * WORD_BYTES)
    this.#at += words
  }

  #readArray(Type: (typeof TYPED)[keyof typeof TYPED]): unknown {
    const length = this.#number()
    const values = new Type(length)
    const bytes = new Uint8Array(values.buffer)
    const from = this.#at * WORD_BYTES
    bytes.set(this.#bytes.subarray(from, from + bytes.length))
    this.#at += Math.ceil(bytes.length / WORD_BYTES)
    return values
  }

  #writeTexts(texts: readonly string[]): void {
    this.#writeNumber(texts.length)
    for (const text of texts) this.#writeText(text)
  }

  #writeText(text: string): void {
    this.#writeArray(Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)))
  }

  #readText(): string {
    const units = this.#readArray(Uint16Array) as Uint16Array
    let text = ''
    for (const unit of units) text += String.fromCharCode(unit)
    return text
  }

  #room(words: number): void {
    const needed = (this.#at + words) * WORD_BYTES
    if (needed <= this.#bytes.length) return
    assert(needed <= TRAY_BYTES_MAX, `the mail of one quantum (${needed} bytes) fits ${TRAY_BYTES_MAX} bytes`)
    this.#memory.grow(Math.min(TRAY_BYTES_MAX, Math.max(needed, 2 * this.#bytes.length)))
    this.#look()
  }

  #look(): void {
    const { byteLength } = this.#memory
    this.#words = new Float64Array(this.#memory, 0, byteLength / WORD_BYTES)
    this.#bytes = new Uint8Array(this.#memory, 0, byteLength)
  }
}
