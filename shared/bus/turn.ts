/**
 * A grant and its done as bytes: they go to and fro in every quantum, between processes that have just been woken, so what counts
 * is how little code they touch. Both are messages of control.ts like all others, and any form of msgpack that the
 * table allows is understood. The plain ones, which are nearly all (no set, no commands; no report, no step ahead), are written in msgpack's
 * widest form, so that every field has its place, and are read there. Whatever does not stand in its place is left to control.ts.
 */
import type { StageId } from './bus.ts'
import { CONTROL_KINDS, type ControlOf, encodeControl, readControl } from './control.ts'
import type { NamedBag } from './mailbag.ts'
import type { Dropped } from './wire.ts'

/** As one stage reads it: of all bags, those that are to come to it from others. */
export interface GrantTo extends Omit<ControlOf<'grant'>, 'bagsFrom' | 'bagsTo' | 'bagDigests'> {
  readonly named: readonly NamedBag[]
}

/** msgpack's own names. */
const FIXSTR_0 = 0xa0
const FIXSTR_24 = 0xb8
const NIL = 0xc0
const FALSE = 0xc2
const TRUE = 0xc3
const FLOAT_64 = 0xcb
const UINT_32 = 0xce
const ARRAY_32 = 0xdd

const COUNT_BYTES = 5
const STAGE_BYTES = 5
const DIGEST_CHARS = 24
const DIGEST_BYTES = 1 + DIGEST_CHARS

const GRANT_HEAD = head('grant', 13)
const GRANT = {
  generation: 2,
  number: 11,
  quantum: 20,
  until: 29,
  observe: 38,
  final: 39,
  set: 40,
  mailFrom: 41,
  mailTo: 50,
  commands: 59,
  bags: 60,
}
const DONE_HEAD = head('done', 9)
const DONE = { generation: 2, stage: 11, number: 20, nextWake: 29, mails: 38, bags: 47 }

function head(kind: 'grant' | 'done', fields: number): readonly [number, number] {
  return [0x90 + 1 + fields, CONTROL_KINDS.indexOf(kind)]
}

export function encodeGrant(grant: ControlOf<'grant'>): Uint8Array {
  const { generation, number, quantum, until, observe, final, set, mailFrom, mailTo, commands, bagsFrom, bagsTo, bagDigests } =
    grant
  if (set !== '' || commands !== null || !bagDigests.every(isShort)) return encodeControl('grant', grant)
  const bytes = Buffer.allocUnsafe(GRANT.bags + 3 * COUNT_BYTES + bagsTo.length * (2 * STAGE_BYTES + DIGEST_BYTES))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  bytes[0] = GRANT_HEAD[0]
  bytes[1] = GRANT_HEAD[1]
  putReal(view, GRANT.generation, generation)
  putReal(view, GRANT.number, number)
  putReal(view, GRANT.quantum, quantum)
  putReal(view, GRANT.until, until)
  bytes[GRANT.observe] = observe ? TRUE : FALSE
  bytes[GRANT.final] = final ? TRUE : FALSE
  bytes[GRANT.set] = FIXSTR_0
  putReal(view, GRANT.mailFrom, mailFrom)
  putReal(view, GRANT.mailTo, mailTo)
  bytes[GRANT.commands] = NIL
  const at = putStages(view, putStages(view, GRANT.bags, bagsFrom), bagsTo)
  putDigests(bytes, view, at, bagDigests)
  return bytes
}

/** Undefined if it was dropped. A bag from a stage that there is not would be waited for in vain. */
export function readGrant(bytes: Uint8Array, stage: StageId, stages: number, dropped: Dropped): GrantTo | undefined {
  const plain = plainGrant(bytes, stage, stages)
  if (plain) return plain
  const grant = readControl(bytes, ['grant'], dropped)?.body
  if (grant === undefined) return undefined
  const { bagsFrom, bagsTo, bagDigests, ...rest } = grant
  const even = bagsFrom.length === bagsTo.length && bagsTo.length === bagDigests.length
  if (even && bagsFrom.every((from) => from < stages)) {
    const bags = bagsFrom.map((from, i) => ({ from, digest: bagDigests[i]! }))
    return { ...rest, named: bags.filter(({ from }, i) => bagsTo[i] === stage && from !== stage) }
  }
  dropped.count('malformed')
  return undefined
}

function plainGrant(bytes: Uint8Array, stage: StageId, stages: number): GrantTo | undefined {
  if (bytes.length < GRANT.bags + COUNT_BYTES || bytes[0] !== GRANT_HEAD[0] || bytes[1] !== GRANT_HEAD[1]) return undefined
  if (bytes[GRANT.set] !== FIXSTR_0 || bytes[GRANT.commands] !== NIL) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const count = view.getUint32(GRANT.bags + 1)
  const to = GRANT.bags + COUNT_BYTES + count * STAGE_BYTES
  const digests = to + COUNT_BYTES + count * STAGE_BYTES
  if (bytes.length !== digests + COUNT_BYTES + count * DIGEST_BYTES) return undefined
  if (!isCount(view, GRANT.bags, count) || !isCount(view, to, count) || !isCount(view, digests, count)) return undefined
  const generation = wholeAt(view, GRANT.generation)
  const number = wholeAt(view, GRANT.number)
  const quantum = wholeAt(view, GRANT.quantum)
  const until = wholeAt(view, GRANT.until)
  const mailFrom = realAt(view, GRANT.mailFrom)
  const mailTo = wholeAt(view, GRANT.mailTo)
  const observe = bytes[GRANT.observe] === TRUE
  const final = bytes[GRANT.final] === TRUE
  if (generation < 0 || number < 0 || quantum < 0 || until < 0 || Number.isNaN(mailFrom) || mailTo < 0) return undefined
  if ((!observe && bytes[GRANT.observe] !== FALSE) || (!final && bytes[GRANT.final] !== FALSE)) return undefined
  const named: NamedBag[] = []
  for (let i = 0; i < count; i++) {
    const from = stageAt(view, GRANT.bags + COUNT_BYTES + i * STAGE_BYTES)
    const receiver = stageAt(view, to + COUNT_BYTES + i * STAGE_BYTES)
    const at = digests + COUNT_BYTES + i * DIGEST_BYTES
    if (from < 0 || from >= stages || receiver < 0 || bytes[at] !== FIXSTR_24) return undefined
    if (receiver !== stage || from === stage) continue
    const digest = digestAt(bytes, at)
    if (digest === undefined) return undefined
    named.push({ from, digest })
  }
  return { generation, number, quantum, until, observe, final, set: '', mailFrom, mailTo, commands: null, named }
}

export function encodeDone(done: ControlOf<'done'>): Uint8Array {
  const { generation, stage, number, nextWake, mails, bagsTo, bagDigests, report, ahead } = done
  if (report !== null || ahead !== null || !bagDigests.every(isShort)) return encodeControl('done', done)
  const bytes = Buffer.allocUnsafe(DONE.bags + 2 * COUNT_BYTES + bagsTo.length * (STAGE_BYTES + DIGEST_BYTES) + 2)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  bytes[0] = DONE_HEAD[0]
  bytes[1] = DONE_HEAD[1]
  putReal(view, DONE.generation, generation)
  putReal(view, DONE.stage, stage)
  putReal(view, DONE.number, number)
  putReal(view, DONE.nextWake, nextWake)
  putReal(view, DONE.mails, mails)
  bytes.fill(NIL, putDigests(bytes, view, putStages(view, DONE.bags, bagsTo), bagDigests))
  return bytes
}

/** Undefined if it was dropped. */
export function readDone(bytes: Uint8Array, dropped: Dropped): ControlOf<'done'> | undefined {
  return plainDone(bytes) ?? readControl(bytes, ['done'], dropped)?.body
}

function plainDone(bytes: Uint8Array): ControlOf<'done'> | undefined {
  if (bytes.length < DONE.bags + COUNT_BYTES || bytes[0] !== DONE_HEAD[0] || bytes[1] !== DONE_HEAD[1]) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const count = view.getUint32(DONE.bags + 1)
  const digests = DONE.bags + COUNT_BYTES + count * STAGE_BYTES
  const end = digests + COUNT_BYTES + count * DIGEST_BYTES
  if (bytes.length !== end + 2 || bytes[end] !== NIL || bytes[end + 1] !== NIL) return undefined
  if (!isCount(view, DONE.bags, count) || !isCount(view, digests, count)) return undefined
  const generation = wholeAt(view, DONE.generation)
  const stage = wholeAt(view, DONE.stage)
  const number = wholeAt(view, DONE.number)
  const nextWake = realAt(view, DONE.nextWake)
  const mails = wholeAt(view, DONE.mails)
  if (generation < 0 || stage < 0 || number < 0 || Number.isNaN(nextWake) || mails < 0) return undefined
  const bagsTo: number[] = []
  const bagDigests: string[] = []
  for (let i = 0; i < count; i++) {
    const to = stageAt(view, DONE.bags + COUNT_BYTES + i * STAGE_BYTES)
    const digest = digestAt(bytes, digests + COUNT_BYTES + i * DIGEST_BYTES)
    if (to < 0 || digest === undefined) return undefined
    bagsTo.push(to)
    bagDigests.push(digest)
  }
  return { generation, stage, number, nextWake, mails, bagsTo, bagDigests, report: null, ahead: null }
}

function putReal(view: DataView, at: number, value: number): void {
  view.setUint8(at, FLOAT_64)
  view.setFloat64(at + 1, value)
}

/** NaN if there is none. */
function realAt(view: DataView, at: number): number {
  return view.getUint8(at) === FLOAT_64 ? view.getFloat64(at + 1) : Number.NaN
}

/** −1 if there is none. */
function wholeAt(view: DataView, at: number): number {
  const value = realAt(view, at)
  return Number.isSafeInteger(value) ? value : -1
}

function putCount(view: DataView, at: number, count: number): void {
  view.setUint8(at, ARRAY_32)
  view.setUint32(at + 1, count)
}

function isCount(view: DataView, at: number, count: number): boolean {
  return view.getUint8(at) === ARRAY_32 && view.getUint32(at + 1) === count
}

/** Gives the place behind them. */
function putStages(view: DataView, at: number, stages: readonly StageId[]): number {
  putCount(view, at, stages.length)
  let next = at + COUNT_BYTES
  for (const stage of stages) {
    view.setUint8(next, UINT_32)
    view.setUint32(next + 1, stage)
    next += STAGE_BYTES
  }
  return next
}

/** −1 if there is none. */
function stageAt(view: DataView, at: number): StageId {
  return view.getUint8(at) === UINT_32 ? view.getUint32(at + 1) : -1
}

/** Gives the place behind them. */
function putDigests(bytes: Buffer, view: DataView, at: number, digests: readonly string[]): number {
  putCount(view, at, digests.length)
  let next = at + COUNT_BYTES
  for (const digest of digests) {
    bytes[next] = FIXSTR_24
    bytes.write(digest, next + 1, DIGEST_CHARS, 'latin1')
    next += DIGEST_BYTES
  }
  return next
}

/** Undefined if there is none. */
function digestAt(bytes: Uint8Array, at: number): string | undefined {
  if (bytes[at] !== FIXSTR_24) return undefined
  // As long as it is ASCII, its bytes are its characters.
  for (let i = 1; i < DIGEST_BYTES; i++) if (bytes[at + i]! > 0x7f) return undefined
  return Buffer.prototype.latin1Slice.call(bytes, at + 1, at + DIGEST_BYTES)
}

const SHORT = /^[\da-f]{24}$/

/** As digestOf() gives them; others come only in the name of a stage that is not ours. */
function isShort(digest: string): boolean {
  return SHORT.test(digest)
}
