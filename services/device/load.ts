/**
 * What an access to the device costs under a given load: link and memory by the measured curve, the codec's two engines
 * as single servers with a queue.
 *
 * - A read of a raw page: curve, switch, metadata lookup. A read of a zero page costs the same: what it answers comes from
 *   the metadata, which the device still has to fetch, and the curve does not tell the link's part from the memory's.
 * - A read of a compressed page: besides, half a page is decompressed on average before its 64 B come out (S: FACTS 6, TMCC
 *   140 ns), after waiting for the engine (M/D/1).
 * - A write is posted: recompression runs behind it and is not waited for, until the compressor is offered more than it can do.
 *   Then the queue before it is full, and a write waits for a compression.
 *
 * A utilisation above 1 was offered, not served: the hosts whose accesses it was wait for the rest (services/host/access.ts).
 */
import type { BodyOf } from '#shared/messages.ts'
import { PAGE_BYTES } from '#shared/page/page-table.ts'
import { latencyUnder } from './latency-curve.ts'
import type { DeviceSpec } from './spec.ts'

export type Load = BodyOf<'load'>

type LoadSpec = Pick<
  DeviceSpec,
  | 'channels'
  | 'extraLatencyNs'
  | 'metadataNs'
  | 'decompressNs'
  | 'compressNs'
  | 'decompressBytesPerSecond'
  | 'compressBytesPerSecond'
>

/** What all hosts offer together, per second. */
export interface Offered {
  readonly readBytes: number
  readonly writeBytes: number
  /** 64 B reads of compressed pages; a page that is copied whole counts as two, one per half. */
  readonly compressedReads: number
  /** Pages compressed. */
  readonly recompressions: number
}

/** S: FACTS 6, TMCC: 64 B lie half a page into the stream on average. */
const DECOMPRESSED_BYTES_PER_READ = PAGE_BYTES / 2
/** The queue formula knows no bound on those who wait and diverges at 1; up to here it is believed (a wait of 9.5 services). */
const QUEUE_CAP = 0.95
/** R: FACTS 6 names the classes (light, optimal, moderate, severe), not their borders. */
const DEV_LOAD_BORDERS = [0.25, 0.7, 0.9] as const

export function loadUnder(offered: Offered, spec: LoadSpec): Load {
  const bytes = offered.readBytes + offered.writeBytes
  const memory = latencyUnder(bytes, bytes > 0 ? offered.readBytes / bytes : 1, spec.channels)
  const decompressor = (offered.compressedReads * DECOMPRESSED_BYTES_PER_READ) / spec.decompressBytesPerSecond
  const compressor = (offered.recompressions * PAGE_BYTES) / spec.compressBytesPerSecond
  const utilisation = Math.max(memory.utilisation, decompressor, compressor)
  const rawReadNs = memory.ns + spec.extraLatencyNs + spec.metadataNs
  const serviceNs = (DECOMPRESSED_BYTES_PER_READ / spec.decompressBytesPerSecond) * 1e9
  const postedNs = memory.ns + spec.extraLatencyNs
  return {
    rawReadNs,
    compressedReadNs: rawReadNs + spec.decompressNs + queueWaitNs(decompressor, serviceNs),
    zeroReadNs: rawReadNs,
    writeNs: compressor > 1 ? postedNs + spec.compressNs : postedNs,
    utilisation,
    devLoad: DEV_LOAD_BORDERS.filter((border) => utilisation >= border).length,
  }
}

/** What hosts may assume until the device first speaks. */
export function idleLoad(spec: LoadSpec): Load {
  return loadUnder({ readBytes: 0, writeBytes: 0, compressedReads: 0, recompressions: 0 }, spec)
}

export function sameLoad(a: Load, b: Load): boolean {
  return (
    a.rawReadNs === b.rawReadNs &&
    a.compressedReadNs === b.compressedReadNs &&
    a.writeNs === b.writeNs &&
    a.utilisation === b.utilisation
  )
}

/** Mean wait in an M/D/1 queue. */
function queueWaitNs(utilisation: number, serviceNs: number): number {
  const within = Math.min(QUEUE_CAP, utilisation)
  return (within / (2 * (1 - within))) * serviceNs
}
