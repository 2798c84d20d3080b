/**
 * Every mail between actors: the whole protocol on one screen. The table decides types, validation, encoding, digest
 * and documentation. A mail is immutable once sent. Field order is part of the protocol (and of the schema hash).
 */
import type { Ordinal } from './actor.ts'

/** What a stage of a cluster may carry. */
export const STAGE_ROLES = ['host', 'device', 'promoter', 'workload'] as const
export const ROLES = ['conductor', ...STAGE_ROLES] as const
export type Role = (typeof ROLES)[number]

/** The types of a field: `u32` a whole number < 2^32, `f64` a finite number, `text` at most 4 KiB, `T[]` a typed array. */
interface FieldTypes {
  u32: number
  f64: number
  text: string
  'u8[]': Uint8Array
  'u16[]': Uint16Array
  'u32[]': Uint32Array
  'f64[]': Float64Array
  'text[]': readonly string[]
}
export type FieldType = keyof FieldTypes

export interface MessageSpec {
  readonly from: Role
  readonly to: readonly Role[]
  readonly meaning: string
  readonly fields: Readonly<Record<string, FieldType>>
}

export const MESSAGES = {
  profile: {
    from: 'workload',
    to: ['host'],
    meaning:
      'rate classes, at start and at every phase change. Page p of the workload belongs to the class in whose share of [0, 1) lies frac(p·φ + shift) (scattered) or p / pages (contiguous). Rates are per page and second of work time; miss is the share of accesses that miss the CPU cache. Beside them, at most one sweep: pages read or overwritten whole, in order.',
    fields: {
      pages: 'u32',
      allocateBytesPerSecond: 'f64',
      threads: 'u32',
      contiguous: 'u32',
      shift: 'f64',
      share: 'f64[]',
      reads: 'f64[]',
      writes: 'f64[]',
      miss: 'f64[]',
      stored: 'text[]',
      written: 'text[]',
      sweepBytesPerSecond: 'f64',
      sweepWrites: 'u32',
      sweepPooledOnly: 'u32',
      sweepPasses: 'u32',
      sweepContent: 'text',
    },
  },
  accesses: {
    from: 'workload',
    to: ['host'],
    meaning:
      "a trace's epoch: exact counts per page, spread over workNs of work time; llcReads and llcWritebacks are what passes the CPU cache; without rows there, every read and write does",
    fields: {
      epoch: 'u32',
      workNs: 'f64',
      pages: 'u32[]',
      reads: 'u32[]',
      writes: 'u32[]',
      llcReads: 'u32[]',
      llcWritebacks: 'u32[]',
    },
  },
  left: {
    from: 'workload',
    to: ['host', 'conductor'],
    meaning: 'the workload has ended; its pages are freed',
    fields: {},
  },
  progress: {
    from: 'host',
    to: ['workload'],
    meaning:
      'work time granted since the start (a slowed host slows its workloads), pages allocated so far, trace epochs fully replayed, whole passes of the sweep',
    fields: { workNs: 'f64', allocated: 'u32', epochsDone: 'u32', sweepPassesDone: 'u32' },
  },
  killed: {
    from: 'host',
    to: ['workload'],
    meaning: 'the host killed the workload; cause is oom or sigbus (it read a poisoned page)',
    fields: { cause: 'text' },
  },
  demote: {
    from: 'host',
    to: ['device'],
    meaning:
      'the control-plane question for a batch of pages. Sizes ride along only as a property of the simulated data: nobody knows a size before compression, so admission does not see them (but where the option rejectAbove is on)',
    fields: { batch: 'u32', pages: 'u32[]', sizes: 'u16[]' },
  },
  admitted: {
    from: 'device',
    to: ['host'],
    meaning: 'pages of a batch that may be copied; space is reserved until they are written',
    fields: { batch: 'u32', pages: 'u32[]' },
  },
  refused: {
    from: 'device',
    to: ['host'],
    meaning: 'pages of a batch that may not, with a reason each (REFUSAL_REASONS)',
    fields: { batch: 'u32', pages: 'u32[]', reasons: 'u8[]' },
  },
  written: {
    from: 'host',
    to: ['device'],
    meaning: 'new compressed sizes in bytes (0: all zero). The copy of an admitted page is its first write',
    fields: { pages: 'u32[]', sizes: 'u16[]' },
  },
  released: {
    from: 'host',
    to: ['device'],
    meaning: 'slots (or reservations) that the host gives back',
    fields: { pages: 'u32[]' },
  },
  traffic: {
    from: 'host',
    to: ['device'],
    meaning:
      'what crossed the link since the last report: bytes by direction, 64 B reads that met a compressed page, pages compressed and decompressed whole, and reads and writes per page as the hotness monitor sees them',
    fields: {
      spanNs: 'f64',
      readBytes: 'f64',
      writeBytes: 'f64',
      compressedReads: 'f64',
      recompressions: 'f64',
      pages: 'u32[]',
      reads: 'u16[]',
      writes: 'u16[]',
    },
  },
  pressure: {
    from: 'device',
    to: ['host'],
    meaning: 'interrupt: 0 (at ease) to 1000',
    fields: { level: 'u32' },
  },
  load: {
    from: 'device',
    to: ['host'],
    meaning:
      'loaded latency of a 64 B read by what it meets (raw, compressed, zero page), of a write; offered load of the busiest part over what it can serve in the last tick (what is beyond 1 is still to be waited for), DevLoad class 0–3',
    fields: { rawReadNs: 'f64', compressedReadNs: 'f64', zeroReadNs: 'f64', writeNs: 'f64', utilisation: 'f64', devLoad: 'u32' },
  },
  poisoned: {
    from: 'device',
    to: ['host'],
    meaning: 'slots whose last write was dropped for want of space; changes nothing until a read hits one',
    fields: { pages: 'u32[]' },
  },
  hotlist: {
    from: 'device',
    to: ['promoter'],
    meaning: 'hot units of this host (unit · granulePages is its first page) with their counts, and how many units were dropped',
    fields: { granulePages: 'u32', units: 'u32[]', counts: 'u32[]', dropped: 'u32' },
  },
  hints: {
    from: 'host',
    to: ['promoter'],
    meaning: 'hint faults: pages and the time from scan to first touch',
    fields: { pages: 'u32[]', latencyMs: 'u32[]' },
  },
  promote: {
    from: 'promoter',
    to: ['host'],
    meaning: 'pages to bring home',
    fields: { pages: 'u32[]' },
  },
  promoted: {
    from: 'host',
    to: ['promoter'],
    meaning:
      'what is coming home, what was declined for want of room, and what was no longer in the pool or cannot be moved (kernel pages, and those that user space holds there on purpose)',
    fields: { home: 'u32[]', declined: 'u32[]', gone: 'u32[]' },
  },
  stop: {
    from: 'conductor',
    to: ['workload'],
    meaning: 'an operator wants the workload to leave, as if its stop time had come',
    fields: {},
  },
  pause: {
    from: 'device',
    to: ['host'],
    meaning:
      'the host has overdrawn its share and used up the grace: whoever writes to pooled pages stands still until the device takes it back',
    fields: { paused: 'u32' },
  },
  landed: {
    from: 'host',
    to: ['device'],
    meaning:
      "pages that the host's allocator put on the device without a question (its isolation leaks, or user space took them on purpose): their first stores take space whatever the device would have said; what does not fit is poisoned",
    fields: { pages: 'u32[]', sizes: 'u16[]' },
  },
  poll: {
    from: 'host',
    to: ['device'],
    meaning: 'how much real capacity remains? Asked only by hosts with a write budget',
    fields: {},
  },
  remaining: {
    from: 'device',
    to: ['host'],
    meaning:
      'the register of real remaining capacity when the question came in, on a divided device that of the host: what is reserved for demotions under way is not taken off',
    fields: { bytes: 'f64' },
  },
  stocked: {
    from: 'host',
    to: ['device'],
    meaning:
      'pages that have lain on the device since before the run, as if demoted then, and how many pages the host has in all. In the first quantum of its workloads, in one mail or more. They take space at once; a device that would not have admitted them ends the run',
    fields: { hostPages: 'u32', pages: 'u32[]', sizes: 'u16[]' },
  },
  damon: {
    from: 'host',
    to: ['promoter'],
    meaning:
      'pages on devices that DAMON found young, in regions that are touched, the most touched ones first. Once a second; not more than 51200',
    fields: { pages: 'u32[]', samples: 'u32[]' },
  },
} as const satisfies Record<string, MessageSpec>

export type Kind = keyof typeof MESSAGES
export const KINDS = Object.keys(MESSAGES) as readonly Kind[]

export type BodyOf<K extends Kind> = {
  readonly [F in keyof (typeof MESSAGES)[K]['fields']]: (typeof MESSAGES)[K]['fields'][F] extends FieldType
    ? FieldTypes[(typeof MESSAGES)[K]['fields'][F]]
    : never
}

interface Envelope<K extends Kind> {
  readonly from: Ordinal
  readonly to: Ordinal
  /** Counts the sender's mail over the whole run. */
  readonly sequence: number
  readonly kind: K
  readonly body: BodyOf<K>
}
export type Mail = { [K in Kind]: Envelope<K> }[Kind]

/** Why a device refuses a demotion; the index is what travels. */
export const REFUSAL_REASONS = ['full', 'pressure', 'share', 'offline', 'incompressible'] as const
export type RefusalReason = (typeof REFUSAL_REASONS)[number]
