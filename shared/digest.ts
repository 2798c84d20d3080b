/**
 * A rolling 64-bit hash in two 32-bit lanes, over values rather than encoded bytes, so that it does not depend on the
 * bus or the codec. It guards determinism; it is no defence against an adversary.
 */

const words = new Uint32Array(2)
const double = new Float64Array(words.buffer)

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

  /** A typed array or array of numbers, element by element. */
  numbers(values: ArrayLike<number>): void {
    const n = values.length
    this.word(n)
    if (values instanceof Uint32Array) this.#words32(values)
    else if (values instanceof Uint16Array) this.#words16(values)
    else if (values instanceof Uint8Array) this.#words8(values)
    else for (let i = 0; i < n; i++) this.number(values[i]!)
  }

  // One loop for each width: a loop that has met several of them asks at every element which it is.

  #words32(values: Uint32Array): void {
    let { a, b } = this
    for (let i = 0; i < values.length; i++) {
      const value = values[i]! | 0
      a = Math.imul(a ^ value, 0x85ebca6b)
      a ^= a >>> 15
      b = (Math.imul(b ^ a, 0xc2b2ae35) + value) | 0
    }
    this.a = a
    this.b = b
  }

  #words16(values: Uint16Array): void {
    let { a, b } = this
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!
      a = Math.imul(a ^ value, 0x85ebca6b)
      a ^= a >>> 15
      b = (Math.imul(b ^ a, 0xc2b2ae35) + value) | 0
    }
    this.a = a
    this.b = b
  }

  #words8(values: Uint8Array): void {
    let { a, b } = this
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!
      a = Math.imul(a ^ value, 0x85ebca6b)
      a ^= a >>> 15
      b = (Math.imul(b ^ a, 0xc2b2ae35) + value) | 0
    }
    this.a = a
    this.b = b
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
