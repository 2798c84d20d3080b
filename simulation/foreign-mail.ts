/**
 * What a foreign workload may say to its host. Its bytes come from a process that is none of ours, so they are checked
 * where they enter: beyond the form (codec.ts), whether a host can make sense of them. Throws a ColdpoolError.
 */
import { decodeBody } from '#shared/codec.ts'
import type { ForeignKind } from '#shared/command.ts'
import { parseContent } from '#shared/content.ts'
import { ColdpoolError } from '#shared/errors.ts'
import type { BodyOf } from '#shared/messages.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { formatBytes } from '#shared/units.ts'

/** Rate classes in one profile; ours have at most 24. */
export const CLASSES_MAX = 64
export const THREADS_MAX = 1024
/** Per second and page, or bytes per second: more is a slip. */
export const RATE_MAX = 1e15
export const PASSES_MAX = 1_000_000
/** Work time of one epoch of accesses. */
export const WORK_NS_MAX = 3.6e12
const SHARE_TOLERANCE = 1e-6

/** `bytesMax` is how much memory it may say it has, `classesMax` how many classes (as many as in its first profile). */
export interface ForeignLimits {
  readonly bytesMax: number
  readonly classesMax?: number
}

export function checkForeignMail(kind: 'profile', bytes: Uint8Array, limits: ForeignLimits): BodyOf<'profile'>
export function checkForeignMail(kind: ForeignKind, bytes: Uint8Array, limits: ForeignLimits): BodyOf<ForeignKind>
export function checkForeignMail(kind: ForeignKind, bytes: Uint8Array, limits: ForeignLimits): BodyOf<ForeignKind> {
  if (kind === 'accesses') return checkAccesses(decodeBody(kind, bytes))
  return checkProfile(decodeBody(kind, bytes), limits)
}

function checkProfile(body: BodyOf<'profile'>, { bytesMax, classesMax = CLASSES_MAX }: ForeignLimits): BodyOf<'profile'> {
  const { pages, share, reads, writes, miss, stored, written } = body
  if (pages * PAGE_BYTES > bytesMax) refuse('profile.pages', `got ${pages}`, `at most ${formatBytes(bytesMax)} of pages`)
  inRange('profile.pages', pages, 1, 2 ** 32)
  inRange('profile.threads', body.threads, 1, THREADS_MAX)
  inRange('profile.allocateBytesPerSecond', body.allocateBytesPerSecond, 0, RATE_MAX)
  inRange('profile.shift', body.shift, 0, 1)
  inRange('profile.sweepBytesPerSecond', body.sweepBytesPerSecond, 0, RATE_MAX)
  inRange('profile.sweepPasses', body.sweepPasses, 0, PASSES_MAX)
  for (const flag of ['contiguous', 'sweepWrites', 'sweepPooledOnly'] as const) inRange(`profile.${flag}`, body[flag], 0, 1)
  inRange('profile.share', share.length, 1, classesMax, 'classes')
  for (const [name, column] of Object.entries({ reads, writes, miss, stored, written })) {
    if (column.length !== share.length) refuse(`profile.${name}`, `got ${column.length} classes`, `${share.length}, as in share`)
  }
  for (const part of share) inRange('profile.share', part, 0, 1)
  const sum = share.reduce((total, part) => total + part, 0)
  if (Math.abs(sum - 1) > SHARE_TOLERANCE) refuse('profile.share', `its sum is ${sum}`, 'shares that sum to 1')
  for (const rate of reads) inRange('profile.reads', rate, 0, RATE_MAX)
  for (const rate of writes) inRange('profile.writes', rate, 0, RATE_MAX)
  for (const part of miss) inRange('profile.miss', part, 0, 1)
  for (const content of [...stored, ...written, body.sweepContent]) parseContent(content)
  return body
}

function checkAccesses(body: BodyOf<'accesses'>): BodyOf<'accesses'> {
  const { workNs, pages, reads, writes, llcReads, llcWritebacks } = body
  inRange('accesses.workNs', workNs, 0, WORK_NS_MAX)
  for (const [name, column] of Object.entries({ reads, writes, llcReads, llcWritebacks })) {
    if (column.length !== pages.length && !(column.length === 0 && name.startsWith('llc')))
      refuse(`accesses.${name}`, `got ${column.length} rows`, `${pages.length}, as in pages`)
  }
  return body
}

function inRange(where: string, value: number, min: number, max: number, noun = ''): void {
  const unit = noun === '' ? '' : ` ${noun}`
  if (!(value >= min && value <= max)) refuse(where, `got ${value}${unit}`, `${min} to ${max}${unit}`)
}

function refuse(where: string, problem: string, expected: string): never {
  throw new ColdpoolError('CP_WIRE', where, problem, expected)
}
