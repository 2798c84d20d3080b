/**
 * What the conductor of a cluster tells whoever listens: its status once a second, a sample of all telemetry as the
 * scenario says, every event. All of it is keyed by quantum, so whoever listens can drop what a recovery repeats.
 */
import { z } from 'zod'
import type { ActorEvent, ActorId, Telemetry } from '../actor.ts'
import type { Quantum } from '../time.ts'

const LIST_MAX = 4096
const text = z.string().max(4096)
const count = z.number().min(0)
/** Actors may report what is not finite. */
const figure = z
  .number()
  .or(z.nan())
  .or(z.literal([Infinity, -Infinity]))
const names = z.array(text).max(LIST_MAX)

const stage = z.object({
  /** Unique in the cluster, stable over restarts. */
  name: text,
  roles: names,
  actors: names,
  /** missing: gone for good, or not there yet; silent: nothing was heard of it for 5 s. The run waits for both. */
  state: z.enum(['live', 'silent', 'missing']),
  silentSeconds: count,
})

export const statusSchema = z.object({
  /** Unique; names the run on the bus. */
  run: text,
  /** The lobby in which its conductor and stages have met. */
  cluster: text,
  scenario: text,
  seed: z.number(),
  state: z.enum(['waiting', 'running', 'paused', 'recovering', 'full', 'ended', 'failed']),
  /** In a sentence: whom the run waits for, what went wrong. Empty if there is nothing to say. */
  remark: text,
  quantum: count,
  quanta: count,
  virtualSeconds: count,
  totalSeconds: count,
  /** Virtual seconds per second of wall time that are asked for; 0: as fast as possible. */
  pace: count,
  /** How far the run is behind its pace, in seconds of wall time. */
  behindSeconds: count,
  /** Goes up by one with every recovery. */
  generation: count,
  /** Virtual time of the last whole set of snapshots; −1: none yet. */
  lastSetSeconds: z.number(),
  stages: z.array(stage).max(LIST_MAX),
  /** Names of stages that carry nothing and wait. */
  standby: names,
  workloads: z
    .array(z.object({ id: text, host: text, kind: text, state: z.enum(['present', 'stopping', 'left']), injected: z.boolean() }))
    .max(LIST_MAX),
  /** Messages from outside that were not taken, over all stages, by cause. */
  dropped: z.record(text, count),
  devices: z.record(
    text,
    z.object({ physicalBytes: count, advertisedBytes: count, lowFraction: count, highFraction: count, hosts: names }),
  ),
  hosts: z.record(text, z.object({ memoryBytes: count, swapBytes: count, devices: names })),
})
export type Status = z.infer<typeof statusSchema>
export type StageStatus = z.infer<typeof stage>

export const sampleSchema = z.object({
  quantum: count,
  virtualSeconds: count,
  telemetry: z.record(text, z.record(text, figure)),
})
export interface Sample {
  readonly quantum: Quantum
  readonly virtualSeconds: number
  readonly telemetry: Readonly<Record<ActorId, Telemetry>>
}

export const eventsSchema = z.object({
  quantum: count,
  events: z
    .array(z.object({ quantum: count, actor: text, code: text, fields: z.record(text, figure.or(text)) }))
    .max(LIST_MAX * 16),
})
export interface Events {
  readonly quantum: Quantum
  readonly events: readonly ActorEvent[]
}

/** What a listener hears, checked and in order; nothing twice. */
export interface Listener {
  status?(status: Status): void
  sample?(sample: Sample): void
  events?(events: Events): void
}
