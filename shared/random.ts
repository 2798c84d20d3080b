/**
 * Named random streams: counter-based, 32-bit integer arithmetic only, so the same on every machine and in any order
 * of use. `fork(seed, "host-3/zipf")` names a stream; the n-th number of a stream depends on the name, the seed and n only.
 *
 * The mixer is two rounds of the "lowbias32" finaliser (C. Wellons, hash prospector) over both key words and the
 * counter. It is a simulation generator: not for secrets.
 */

/** A 64-bit key in two unsigned words. */
export interface Key {
  readonly a: number
  readonly b: number
}

/** The key of the stream `name` under `seed`. Seeds are whole numbers from 0 to 2^53 − 1. */
export function fork(seed: number, name: string): Key {
  let a = mix((seed >>> 0) ^ 0x9e3779b9)
  let b = mix((Math.floor(seed / 2 ** 32) >>> 0) ^ 0x85ebca6b)
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i)
    a = mix((a + unit) >>> 0)
    b = mix((b ^ Math.imul(unit + 1, 0x9e3779b1)) >>> 0)
  }
  return { a: mix(a ^ b), b: mix((b + 0x6a09e667) >>> 0) }
}

/** The unsigned 32-bit number that belongs to (key, x, y): a pure function, for draws addressed by page and time. */
export function hash(key: Key, x: number, y: number): number {
  return mix(mix((key.a ^ Math.imul(x, 0x9e3779b1)) >>> 0) ^ (key.b + Math.imul(y, 0x85ebca77)))
}

/** As `hash`, mapped to the open interval (0, 1), resolution 2^-32. */
export function hashUnit(key: Key, x: number, y: number): number {
  return (hash(key, x, y) + 0.5) * 2 ** -32
}

/** A stream read in sequence. Its whole state is `counter`. */
export class Stream {
  readonly key: Key
  counter: number

  constructor(key: Key, counter = 0) {
    this.key = key
    this.counter = counter
  }

  /** Unsigned 32 bits. */
  u32(): number {
    const n = this.counter++
    return hash(this.key, n >>> 0, (n / 2 ** 32) >>> 0)
  }

  /** In the open interval (0, 1), resolution 2^-32. */
  unit(): number {
    return (this.u32() + 0.5) * 2 ** -32
  }

  /** A whole number in [0, n), n ≤ 2^32; the bias is below n / 2^32. */
  below(n: number): number {
    return Math.floor(this.u32() * 2 ** -32 * n)
  }
}

function mix(x: number): number {
  x ^= x >>> 16
  x = Math.imul(x, 0x7feb352d)
  x ^= x >>> 15
  x = Math.imul(x, 0x846ca68b)
  x ^= x >>> 16
  return x >>> 0
}
