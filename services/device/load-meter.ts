/**
 * Collects the hosts' traffic reports of one accounting tick and turns them into the device's load.
 *
 * A report over a span longer than a tick counts with its mean rate. Traffic is taken as steady within a tick.
 */
import { NS_PER_S } from '#shared/time.ts'
import type { BodyOf } from '#shared/messages.ts'
import { idleLoad, loadUnder, type Load } from './load.ts'
import type { DeviceSpec } from './spec.ts'

/** Bytes of a cache line. */
const LINE_BYTES = 64

export class LoadMeter {
  load: Load
  peakUtilisation = 0
  private readonly spec: DeviceSpec
  /** Offered so far in this tick. */
  private readBytes = 0
  private writeBytes = 0
  private compressedReads = 0
  private recompressions = 0
  /** Reads per host of this tick, whose latency is known at its end. */
  private readonly plain: Float64Array
  private readonly compressed: Float64Array

  constructor(spec: DeviceSpec) {
    this.spec = spec
    this.load = idleLoad(spec)
    this.plain = new Float64Array(spec.hosts.length)
    this.compressed = new Float64Array(spec.hosts.length)
  }

  add(host: number, traffic: BodyOf<'traffic'>): void {
    const weight = this.spec.tickNs / Math.max(this.spec.tickNs, traffic.spanNs)
    this.readBytes += traffic.readBytes * weight
    this.writeBytes += traffic.writeBytes * weight
    this.compressedReads += traffic.compressedReads * weight
    this.recompressions += traffic.recompressions * weight
    this.plain[host]! += Math.max(0, traffic.readBytes / LINE_BYTES - traffic.compressedReads)
    this.compressed[host]! += traffic.compressedReads
  }

  /** Ends the tick: `reads` learns how many reads of each host took how long. */
  close(reads: (host: number, plainReads: number, compressedReads: number, load: Load) => void): Load {
    const perSecond = NS_PER_S / this.spec.tickNs
    this.load = loadUnder(
      {
        readBytes: this.readBytes * perSecond,
        writeBytes: this.writeBytes * perSecond,
        compressedReads: this.compressedReads * perSecond,
        recompressions: this.recompressions * perSecond,
      },
      this.spec,
    )
    this.peakUtilisation = Math.max(this.peakUtilisation, this.load.utilisation)
    for (let host = 0; host < this.plain.length; host++) reads(host, this.plain[host]!, this.compressed[host]!, this.load)
    this.readBytes = this.writeBytes = this.compressedReads = this.recompressions = 0
    this.plain.fill(0)
    this.compressed.fill(0)
    return this.load
  }

  snapshot() {
    const { load, peakUtilisation, readBytes, writeBytes, compressedReads, recompressions, plain, compressed } = this
    return structuredClone({ load, peakUtilisation, readBytes, writeBytes, compressedReads, recompressions, plain, compressed })
  }

  restore(from: ReturnType<LoadMeter['snapshot']>): void {
    const { plain, compressed, ...rest } = structuredClone(from)
    Object.assign(this, rest)
    this.plain.set(plain)
    this.compressed.set(compressed)
  }
}
