/**
 * Where a stage gathers the bags that are on their way to it: they come before the grant that names them, may come twice,
 * damaged, late or not at all. A bag is known by its sender and the number of the grant in which it was sent; only the
 * one with the digest that its sender named is ever opened.
 */
import { hash } from 'node:crypto'
import { decodeBag, encodeBag } from '../codec.ts'
import type { Bag, StageId } from './bus.ts'
import type { Dropped } from './wire.ts'

export interface NamedBag {
  readonly from: StageId
  readonly digest: string
}

/** A sealed bag: generation, number and sender in clear, in front of the packed mail. */
export interface Parcel {
  readonly generation: number
  readonly number: number
  readonly from: StageId
  readonly packed: Uint8Array
}

const HEAD_BYTES = 24
/** Candidates for one bag; more than one only if something strange is sent in its sender's name. */
const CANDIDATES_MAX = 3
const BYTES_MAX = 256 << 20

export class Mailbag {
  readonly #dropped: Dropped
  /** Of each number and sender, in order of arrival. */
  readonly #arrived = new Map<number, Map<StageId, { digest: string; packed: Uint8Array }[]>>()
  #bytes = 0
  readonly #bytesMax: number

  constructor(dropped: Dropped, bytesMax = BYTES_MAX) {
    this.#dropped = dropped
    this.#bytesMax = bytesMax
  }

  /** `named` is the bag's digest if it is known already: then no other is let in, and it is, however full it is here. */
  put(parcel: Parcel, named: string | undefined): void {
    const digest = digestOf(parcel.packed)
    if (named !== undefined && digest !== named) return this.#dropped.count('malformed')
    let senders = this.#arrived.get(parcel.number)
    if (senders === undefined) this.#arrived.set(parcel.number, (senders = new Map()))
    let candidates = senders.get(parcel.from)
    if (candidates === undefined) senders.set(parcel.from, (candidates = []))
    if (candidates.some((candidate) => candidate.digest === digest)) return
    // What the grant names has its place; all else in that sender's name was made up.
    if (named !== undefined) this.#drop(candidates.splice(0))
    else if (this.#bytes + parcel.packed.length > this.#bytesMax) return this.#dropped.count('overflow')
    else if (candidates.length >= CANDIDATES_MAX) {
      this.#dropped.count('overflow')
      this.#drop(candidates.splice(0, 1))
    }
    candidates.push({ digest, packed: parcel.packed })
    this.#bytes += parcel.packed.length
  }

  missing(number: number, named: readonly NamedBag[]): NamedBag[] {
    return named.filter((bag) => this.#find(number, bag) === undefined)
  }

  /** Opens the named bags of a grant; all must be there. Earlier ones are forgotten. */
  take(number: number, named: readonly NamedBag[]): Bag[] {
    const bags = named.map((bag) => decodeBag(this.#find(number, bag)!))
    for (const [old, senders] of this.#arrived) {
      if (old > number) continue
      for (const candidates of senders.values()) this.#drop(candidates)
      this.#arrived.delete(old)
    }
    return bags
  }

  #drop(candidates: readonly { readonly packed: Uint8Array }[]): void {
    for (const { packed } of candidates) this.#bytes -= packed.length
  }

  #find(number: number, { from, digest }: NamedBag): Uint8Array | undefined {
    return this.#arrived
      .get(number)
      ?.get(from)
      ?.find((candidate) => candidate.digest === digest)?.packed
  }
}

export interface SealedBag {
  readonly to: StageId
  readonly digest: string
  readonly bytes: Uint8Array
}

export function sealBag(generation: number, number: number, bag: Bag): SealedBag {
  const packed = encodeBag(bag)
  const bytes = new Uint8Array(HEAD_BYTES + packed.length)
  const head = new DataView(bytes.buffer)
  head.setFloat64(0, generation)
  head.setFloat64(8, number)
  head.setFloat64(16, bag.from)
  bytes.set(packed, HEAD_BYTES)
  return { to: bag.to, digest: digestOf(packed), bytes }
}

/** Undefined if these bytes cannot be one. */
export function readParcel(bytes: Uint8Array): Parcel | undefined {
  if (bytes.length <= HEAD_BYTES) return undefined
  const head = new DataView(bytes.buffer, bytes.byteOffset, HEAD_BYTES)
  const [generation, number, from] = [head.getFloat64(0), head.getFloat64(8), head.getFloat64(16)]
  if (![generation, number, from].every((value) => Number.isSafeInteger(value) && value >= 0)) return undefined
  return { generation, number, from, packed: bytes.subarray(HEAD_BYTES) }
}

/** 96 bits of SHA-256. */
export function digestOf(bytes: Uint8Array): string {
  return hash('sha256', bytes).slice(0, 24)
}
