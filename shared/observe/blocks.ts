/** Arrays cut into blocks: whether a block has changed, and whether one word fills it. */
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
  for (const lane of [a, b, c, d]) hash = step(hash, lane)
  for (let i = whole; i < to; i++) {
    hash = step(hash, words[i]!)
    sum = (sum + hash) | 0
  }
  // The end of an array that is no whole number of words.
  for (let i = 4 * to; i < Math.min(bytes.length, (block + 1) * BLOCK_BYTES); i++) {
    hash = step(hash, bytes[i]! + 1)
    sum = (sum + hash) | 0
  }
  out[2 * block] = hash
  out[2 * block + 1] = sum
}

function step(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0xc2b2ae35)
  return mixed ^ (mixed >>> 13)
}

/** The word that fills the block; undefined if there is none. */
export function fillOf({ bytes, words }: Cut, block: number): number | undefined {
  const from = block * (BLOCK_BYTES / 4)
  const to = Math.min(from + BLOCK_BYTES / 4, words.length)
  if (to <= from || Math.min(bytes.length, (block + 1) * BLOCK_BYTES) !== 4 * to) return undefined
  const first = words[from]!
  for (let i = from + 1; i < to; i++) if (words[i] !== first) return undefined
  return first
}
