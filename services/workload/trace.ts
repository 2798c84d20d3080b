/**
 * Replays a recorded trace: exact counts per page and epoch. Every recorded epoch takes the same work time, although its
 * instructions differ by some 20 %. Pages come to life when the trace first touches them. Left out: system calls and
 * instruction fetches, which the recording does not have.
 */
import type { Trace } from '#shared/trace.ts'
import { type Behaviour, steady } from './behaviour.ts'
import { idleProfile, type Footprint } from './profile.ts'

export interface TraceKind {
  readonly name: 'trace'
  readonly trace: Trace
  /** Work time that one recorded epoch takes. */
  readonly epochNs: number
  /** Times it is replayed; 0: for ever. */
  readonly repeat: number
}

export function trace(footprint: Footprint, kind: TraceKind): Behaviour {
  const recorded = kind.trace.epochs
  const epochs = (kind.repeat === 0 ? Infinity : kind.repeat) * recorded.length
  const profile = idleProfile({ ...footprint, pages: kind.trace.pages })
  return {
    ...steady(profile),
    finished: ({ progress }) => progress.epochsDone >= epochs,
    replay: {
      epochs,
      accesses: (epoch) => ({ epoch, workNs: kind.epochNs, ...recorded[epoch % recorded.length]! }),
    },
  }
}
