/**
 * A rolling 64-bit hash in two 32-bit lanes, over values rather than encoded bytes, so that it does not depend on the
 * bus or the codec. It guards determinism; it is no defence against an adversary.
 */

const words = new Uint32Array(2)
const double = new Float64Array(words.buffer)

/** From so many values on an array of whole numbers is hashed by its bytes, in lanes: what that takes to begin pays from here on. */
const LANES_FROM = 64

type IntegerArray = Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array

function isInteger(values: ArrayLike<number>): values is IntegerArray {
  return ArrayBuffer.isView(values) && !(values instanceof Float64Array) && !(values instanceof Float32Array)
}

export class Digest {
  a: number
  b: number

  constructor(a = 0x243f6a88, b = 0x85a308d3) {
    this.a = a | 0
    this.b = b | 0
  }

  /** One 32-bit word. */
  word(w: number): void {
    this.a = Math.imul(this.a ^ w, 0x85ebca6b)
    this.a ^= this.a >>> 15
    this.b = (Math.imul(this.b ^ this.a, 0xc2b2ae35) + w) | 0
  }

  number(x: number): void {
    if ((x | 0) === x && !Object.is(x, -0)) {
      this.word(x)
      return
    }
    double[0] = x
    this.word(words[0]!)
    this.word(words[1]! ^ 0x5bd1e995)
  }

  text(s: string): void {
    this.word(s.length)
    for (let i = 0; i < s.length; i++) this.word(s.charCodeAt(i))
  }

  /** An array of numbers, element by element; a typed array of whole numbers, if it is not short, by its bytes. */
  numbers(values: ArrayLike<number>): void {
    const n = values.length
    this.word(n)
    if (n >= LANES_FROM && isInteger(values)) return this.#lanes(values)
    for (let i = 0; i < n; i++) this.number(values[i]!)
  }

  /**
   * The bytes of an array, as words (little-endian, as all machines that Node runs on but one). Four rolling hashes side by
   * side, each of every fourth word, are folded into this one: a word waits for the multiplication of the one before it, and so
   * the processor does four at a time.
   */
  #lanes(values: IntegerArray): void {
    const aligned = values.byteOffset % 4 === 0 ? values : values.slice()
    const row = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 2)
    let [a, b, c, d] = [this.a, this.b, this.a ^ 0x6a09e667, this.b ^ 0x3c6ef372]
    const whole = row.length & ~3
    for (let i = 0; i < whole; i += 4) {
      a = Math.imul(a ^ row[i]!, 0x85ebca6b)
      b = Math.imul(b ^ row[i + 1]!, 0x85ebca6b)
      c = Math.imul(c ^ row[i + 2]!, 0x85ebca6b)
      d = Math.imul(d ^ row[i + 3]!, 0x85ebca6b)
      a ^= a >>> 15
      b ^= b >>> 15
      c ^= c >>> 15
      d ^= d >>> 15
    }
    for (let i = (whole * 4) / aligned.BYTES_PER_ELEMENT; i < values.length; i++) this.word(values[i]!)
    for (const lane of [a, b, c, d]) this.word(lane)
  }

  /** Any plain data: numbers, text, booleans, null, arrays, typed arrays, Maps, objects (keys in their own order). */
  value(v: unknown): void {
    if (typeof v === 'number') this.number(v)
    else if (typeof v === 'string') this.text(v)
    else if (typeof v === 'boolean') this.word(v ? 1 : 2)
    else if (v === null || v === undefined) this.word(3)
    else if (ArrayBuffer.isView(v) && !(v instanceof DataView)) this.numbers(v as unknown as ArrayLike<number>)
    else if (Array.isArray(v)) {
      this.word(v.length)
      for (const item of v) this.value(item)
    } else if (v instanceof Map) {
      this.word(v.size)
      for (const [key, item] of v) {
        this.value(key)
        this.value(item)
      }
    } else {
      for (const [key, item] of Object.entries(v)) {
        this.text(key)
        this.value(item)
      }
    }
  }

  hex(): string {
    return (this.a >>> 0).toString(16).padStart(8, '0') + (this.b >>> 0).toString(16).padStart(8, '0')
  }
}
