/**
 * Replays a trace of single references, gathered into epochs of a fixed number of them as they are read. An epoch keeps exact
 * counts per page and loses the order within it. The last epoch of a pass may be shorter, and then takes as much less work time. Left
 * out: a CPU cache, so a trace of what passes one (memory accesses) is what belongs here.
 */
import type { References } from '#shared/references.ts'
import type { TraceEpoch } from '#shared/trace.ts'
import { EpochBuilder } from '#shared/trace-epoch.ts'
import { type Behaviour, steady } from './behaviour.ts'
import { idleProfile, type Footprint } from './profile.ts'

export interface ReferencesKind {
  readonly name: 'references'
  readonly references: References
  /** References that make an epoch. */
  readonly epochReferences: number
  /** Work time that a whole epoch takes. */
  readonly epochNs: number
  /** Times it is replayed; 0: for ever. */
  readonly repeat: number
}

/** Read at a time: 256 KiB, which stay in a core's own cache until they are counted. */
const RECORDS_AT_A_TIME = 2 ** 16

export function references(footprint: Footprint, kind: ReferencesKind): Behaviour {
  const { references: source, epochReferences } = kind
  const perPass = Math.ceil(source.count / epochReferences)
  const epochs = (kind.repeat === 0 ? Infinity : kind.repeat) * perPass
  const profile = idleProfile({ ...footprint, pages: source.pages })
  const most = Math.min(epochReferences, source.count)
  const builder = new EpochBuilder(source.pages, most)
  const records = new Uint32Array(Math.min(RECORDS_AT_A_TIME, most))

  function gather(first: number, end: number): TraceEpoch {
    for (let at = first; at < end; at += records.length) {
      const some = records.subarray(0, Math.min(records.length, end - at))
      source.read(at, some)
      builder.add(some)
    }
    return builder.take()
  }

  return {
    ...steady(profile),
    finished: ({ progress }) => progress.epochsDone >= epochs,
    replay: {
      epochs,
      source: source.digest,
      accesses: (epoch) => {
        const first = (epoch % perPass) * epochReferences
        const end = Math.min(first + epochReferences, source.count)
        return { epoch, workNs: (kind.epochNs * (end - first)) / epochReferences, ...gather(first, end) }
      },
    },
  }
}
