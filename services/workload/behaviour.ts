/**
 * What a kind of workload is. A kind is a pure description, without state of its own: a row of acts, numbered from 0,
 * each with one profile (which share of the pages is touched how often). The actor in workload.ts asks at every
 * step which act is on, sends the profile when the act has changed, and keeps all that must be remembered.
 *
 * To add a kind: write one file here that exports its `…Kind` (its numbers, with a `name` of its own) and a function from
 * footprint and kind to a Behaviour; list both in spec.ts; give it a form in shared/scenario/workload.ts. The profile
 * helpers in profile.ts turn classes and sweeps into mail.
 */
import type { BodyOf } from '#shared/messages.ts'

/** What a behaviour may look at. */
export interface Moment {
  /** Virtual time since the workload started. */
  readonly sinceStartNs: number
  /** What the host has said last; all zero until it has. */
  readonly progress: BodyOf<'progress'>
}

export interface Behaviour {
  /** Which act is on. Asked at the start, at every mail and at `nextActNs`. It never goes back. */
  act(at: Moment): number
  profile(act: number): BodyOf<'profile'>
  /** What the journal says when the act begins; undefined: nothing. */
  announce(act: number): Announcement | undefined
  /** Virtual time since the start, after `sinceStartNs`, at which the act changes by itself; Infinity if it will not. */
  nextActNs(sinceStartNs: number): number
  /** True once it has done all it set out to do: it then leaves by itself. */
  finished(at: Moment): boolean
  /** Exact counts to replay besides the profile; only traces have them. */
  readonly replay?: Replay
}

interface Announcement {
  readonly code: string
  readonly fields: Readonly<Record<string, number | string>>
}

interface Replay {
  /** Epochs over all repeats; Infinity if it goes on for ever. */
  readonly epochs: number
  accesses(epoch: number): BodyOf<'accesses'>
  /** Digest of what the epochs come from, if that is no part of the product. */
  readonly source?: string
}

/** The parts of a behaviour that has one act and no end. */
export function steady(profile: BodyOf<'profile'>): Behaviour {
  return {
    act: () => 0,
    profile: () => profile,
    announce: () => undefined,
    nextActNs: () => Infinity,
    finished: () => false,
  }
}
