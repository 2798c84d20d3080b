/** Arrays cut into blocks: whether a block has changed, and whether a few words can say what is in it. */
export const BLOCK_BYTES = 4096

/** An array's bytes, and the same as words as far as they go. */
export interface Cut {
  readonly bytes: Uint8Array
  readonly words: Uint32Array
}

export function cut(array: NodeJS.TypedArray): Cut {
  const { buffer, byteOffset, byteLength } = array
  const lent = new Uint8Array(buffer, byteOffset, byteLength)
  const bytes = byteOffset % 4 === 0 ? lent : lent.slice()
  return { bytes, words: new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2) }
}

export function blocksOf({ bytes }: Cut): number {
  return Math.ceil(bytes.length / BLOCK_BYTES)
}

export function contentOf({ bytes }: Cut, block: number): Uint8Array {
  return bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES)
}

/**
 * 64 bits of hash, as two words. Four lanes take every fourth word each, so that the processor need not wait for a multiplication; the
 * first word of the hash joins where they end, the second sums up where they were. Two blocks of one length that differ in a
 * single word never have the same hash.
 */
export function hashBlock({ bytes, words }: Cut, block: number, out: Uint32Array): void {
  const from = block * (BLOCK_BYTES / 4)
  const to = Math.min(from + BLOCK_BYTES / 4, words.length)
  const whole = from + ((to - from) & ~3)
  let [a, b, c, d] = [0x243f6a88, 0x05a308d3, 0x13198a2e, 0x03707344]
  let sum = 0
  for (let i = from; i < whole; i += 4) {
    a = Math.imul(a ^ words[i]!, 0x85ebca6b)
    b = Math.imul(b ^ words[i + 1]!, 0x85ebca6b)
    c = Math.imul(c ^ words[i + 2]!, 0x85ebca6b)
    d = Math.imul(d ^ words[i + 3]!, 0x85ebca6b)
    a ^= a >>> 15
    b ^= b >>> 15
    c ^= c >>> 15
    d ^= d >>> 15
    sum = (sum + a + Math.imul(b, 3) + Math.imul(c, 5) + Math.imul(d, 7)) | 0
  }
  let hash = to - from
  for (const lane of [a, b, c, d]) hash = mixed(hash, lane)
  for (let i = whole; i < to; i++) {
    hash = mixed(hash, words[i]!)
    sum = (sum + hash) | 0
  }
  // The end of an array that is no whole number of words.
  for (let i = 4 * to; i < Math.min(bytes.length, (block + 1) * BLOCK_BYTES); i++) {
    hash = mixed(hash, bytes[i]! + 1)
    sum = (sum + hash) | 0
  }
  out[2 * block] = hash
  out[2 * block + 1] = sum
}

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0xc2b2ae35)
  return product ^ (product >>> 13)
}

/** Whether the block's words go up by one step from the first to the last, as where one word fills it, or pages are listed in order. */
export function isRamp({ bytes, words }: Cut, block: number): boolean {
  const from = block * (BLOCK_BYTES / 4)
  const to = Math.min(from + BLOCK_BYTES / 4, words.length)
  // The end of an array that is no whole number of words.
  if (to - from < 2 || Math.min(bytes.length, (block + 1) * BLOCK_BYTES) !== 4 * to) return false
  let last = words[from + 1]!
  const step = (last - words[from]!) | 0
  for (let i = from + 2; i < to; i++) {
    const word = words[i]!
    if (((word - last) | 0) !== step) return false
    last = word
  }
  return true
}

/** First word and step of each different ramp, by number. */
export class Ramps {
  readonly pairs: number[] = []
  readonly #numbers = new Map<string, number>()
  /** Most follow one that was the same. */
  #last = { first: -1, step: -1, number: -1 }

  numberOf({ words }: Cut, block: number): number {
    const at = block * (BLOCK_BYTES / 4)
    const first = words[at]!
    const step = (words[at + 1]! - first) | 0
    if (first === this.#last.first && step === this.#last.step) return this.#last.number
    const key = `${first} ${step}`
    let number = this.#numbers.get(key)
    if (number === undefined) {
      number = this.#numbers.size
      this.#numbers.set(key, number)
      this.pairs.push(first, step)
    }
    this.#last = { first, step, number }
    return number
  }
}

/** Writes a ramp into a block. */
export function writeRamp({ words }: Cut, block: number, first: number, step: number): void {
  const from = block * (BLOCK_BYTES / 4)
  const to = Math.min(from + BLOCK_BYTES / 4, words.length)
  for (let i = from, word = first; i < to; i++, word += step) words[i] = word
}
