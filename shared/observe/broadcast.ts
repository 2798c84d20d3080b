/**
 * What the conductor of a cluster tells whoever listens: its status once a second, a sample of all telemetry as the
 * scenario says, every event. All of it is keyed by quantum, so whoever listens can drop what a recovery repeats.
 */
import { z } from 'zod'
import type { ActorEvent, ActorId, Telemetry } from '../actor.ts'
import { KINDS } from '../messages.ts'
import { LINES_MAX } from '../recent-mail.ts'
import type { Quantum } from '../time.ts'

const LIST_MAX = 4096
/** Quanta of mail in one message. */
const HEARD_MAX = 64
const text = z.string().max(4096)
const count = z.number().min(0)
/** Actors may report what is not finite. */
const figure = z
  .number()
  .or(z.nan())
  .or(z.literal([Infinity, -Infinity]))
const names = z.array(text).max(LIST_MAX)

const stage = z.object({
  name: text.describe('unique in the cluster, stable over restarts'),
  roles: names.describe('what it can carry'),
  actors: names.describe('what it carries'),
  state: z
    .enum(['live', 'silent', 'missing'])
    .describe('missing: gone for good, or not there yet; silent: nothing was heard of it for 5 s. The run waits for both'),
  silentSeconds: count.describe('since its last word'),
})

const workload = z.object({
  id: text,
  host: text,
  kind: text.describe('as in the scenario, or foreign'),
  state: z.enum(['present', 'stopping', 'left']),
  injected: z.boolean().describe('it came while the run went on'),
})

const host = z.object({
  memoryBytes: count,
  swapBytes: count,
  devices: names,
  watermarks: z
    .object({ minBytes: count, lowBytes: count, highBytes: count, promoBytes: count })
    .describe('of its DRAM: kswapd wakes below low and rests above high; promotions need room above promo'),
})

const device = z.object({
  physicalBytes: count,
  advertisedBytes: count,
  lowFraction: count.describe('free share of the physical capacity below which it presses hosts'),
  highFraction: count.describe('free share from which it is at ease again'),
  shares: z.enum(['none', 'hard', 'weighted', 'grace']).optional().describe('how it is divided among its hosts'),
  hosts: names,
})

export const statusSchema = z.object({
  run: text.describe('unique; names the run on the bus'),
  cluster: text.describe('the cluster in whose lobby its conductor and stages have met'),
  scenario: text,
  seed: z.number(),
  state: z
    .enum(['waiting', 'running', 'paused', 'recovering', 'full', 'ended', 'failed'])
    .describe('full: the journal has no room, and the run waits'),
  remark: text.describe('in a sentence: whom the run waits for, what went wrong; empty if there is nothing to say'),
  quantum: count.describe('the next to be granted'),
  quanta: count.describe('granted so far, not skipped'),
  virtualSeconds: count,
  totalSeconds: count.describe("the scenario's duration"),
  pace: count.describe('virtual seconds per second of wall time that are asked for; 0: as fast as possible'),
  behindSeconds: count.describe('how far the run is behind its pace, in seconds of wall time'),
  generation: count.describe('goes up by one with every recovery'),
  lastSetSeconds: z.number().describe('virtual time of the last whole set of snapshots; −1: none yet'),
  stages: z.array(stage).max(LIST_MAX),
  standby: names.describe('stages that carry nothing and wait'),
  workloads: z.array(workload).max(LIST_MAX),
  dropped: z.record(text, count).describe('messages from outside that were not taken, over all stages, by cause'),
  devices: z.record(text, device),
  hosts: z.record(text, host),
  promoters: z.record(text, z.object({ host: text })),
})
export type Status = z.infer<typeof statusSchema>
export type StageStatus = z.infer<typeof stage>

export const sampleSchema = z.object({
  quantum: count.describe('in which it was taken'),
  virtualSeconds: count,
  telemetry: z.record(text, z.record(text, figure)).describe('of each actor, its counters and gauges by dotted name'),
})
export interface Sample {
  readonly quantum: Quantum
  readonly virtualSeconds: number
  readonly telemetry: Readonly<Record<ActorId, Telemetry>>
}

const event = z.object({
  quantum: count,
  actor: text,
  code: text.describe('what happened'),
  fields: z.record(text, figure.or(text)).describe('more about it'),
})

const line = z.object({
  from: text,
  to: text,
  kind: z.enum(KINDS),
  mails: count.describe('of this kind, in this quantum'),
  pages: count.describe('that they list'),
})

const heard = z.object({
  quantum: count.describe('in which it was delivered'),
  lines: z.array(line).max(LINES_MAX).describe('in the order of delivery: by receiver, then by sender'),
  more: count.describe('lines that are left out'),
})
export type Heard = z.infer<typeof heard>
export type HeardLine = z.infer<typeof line>

export const eventsSchema = z.object({
  quantum: count,
  events: z.array(event).max(LIST_MAX * 16),
  mail: z
    .array(heard)
    .max(HEARD_MAX)
    .optional()
    .describe('what mail was delivered in the quanta around those with events: two before to two after, each told once'),
})
export interface Events {
  readonly quantum: Quantum
  readonly events: readonly ActorEvent[]
  readonly mail?: readonly Heard[] | undefined
}

/** What a listener hears, checked and in order; nothing twice. */
export interface Listener {
  status?(status: Status): void
  sample?(sample: Sample): void
  events?(events: Events): void
}
