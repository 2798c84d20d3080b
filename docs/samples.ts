/** Messages and their bytes, so that a program in another language can be held against them. */
import type { Bag } from '#shared/bus/bus.ts'
import { sealBag } from '#shared/bus/mailbag.ts'
import { encodeControl } from '#shared/bus/control.ts'
import { encodeBody } from '#shared/codec.ts'
import type { BodyOf } from '#shared/messages.ts'

const PROFILE: BodyOf<'profile'> = {
  pages: 4000,
  allocateBytesPerSecond: 64e6,
  threads: 1,
  contiguous: 0,
  shift: 0.25,
  share: Float64Array.of(0.2, 0.8),
  reads: Float64Array.of(50, 0.01),
  writes: Float64Array.of(5, -0),
  miss: Float64Array.of(0.1, 1),
  stored: ['redis_json', 'zero'],
  written: ['redis_json', 'incompressible'],
  sweepBytesPerSecond: -0,
  sweepWrites: 0,
  sweepPooledOnly: 0,
  sweepPasses: 0,
  sweepContent: 'zero',
}

const DEMOTE: BodyOf<'demote'> = { batch: 9, pages: Uint32Array.of(1, 65_536), sizes: Uint16Array.of(0, 1300) }
const BAG: Bag = { from: 2, to: 1, quantum: 41, mails: [{ from: 3, to: 1, sequence: 17, kind: 'demote', body: DEMOTE }] }

/** The fields of `profile`, as they stand in a saying. */
export function profileSample(): string {
  return hex(encodeBody('profile', PROFILE))
}

/** A bag with one mail, of generation 1 and grant 12. */
export function bagSample(): string {
  return hex(sealBag(1, 12, BAG).bytes)
}

export function bagDigest(): string {
  return sealBag(1, 12, BAG).digest
}

export function needSample(): string {
  return hex(encodeControl('need', { generation: 1, stage: 2, number: 12 }))
}

/** 32 bytes a line. */
function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').replaceAll(/.{64}/g, '$&\n').trimEnd()
}
