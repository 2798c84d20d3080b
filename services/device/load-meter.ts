/**
 * Collects the hosts' traffic reports of one accounting tick and turns them into the device's load.
 *
 * A report over a span longer than a tick counts with its mean rate. Traffic is taken as steady within a tick.
 *
 * Hosts and device find their balance of latency and load within microseconds; here each hears of the other a tick later, and
 * would overshoot. So latency follows the load offered with a time constant of some ticks; utilisation follows at once.
 */
import { exp } from '#shared/arithmetic.ts'
import { LINE_BYTES } from '#shared/page/page-table.ts'
import { NS_PER_MS, NS_PER_S } from '#shared/time.ts'
import type { BodyOf } from '#shared/messages.ts'
import { idleLoad, loadUnder, type Load, type Offered } from './load.ts'
import type { DeviceSpec } from './spec.ts'

/** D: four ticks of the default 10 ms: as short as keeps 4 to 128 threads that saturate an engine from swinging. */
const SETTLING_NS = 40 * NS_PER_MS

const NOTHING: Offered = { readBytes: 0, writeBytes: 0, compressedReads: 0, recompressions: 0 }

export class LoadMeter {
  load: Load
  /** The load that latency follows. */
  private settled: Offered = NOTHING
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
    const offered = {
      readBytes: this.readBytes * perSecond,
      writeBytes: this.writeBytes * perSecond,
      compressedReads: this.compressedReads * perSecond,
      recompressions: this.recompressions * perSecond,
    }
    this.settled = this.follow(offered)
    const { utilisation, devLoad } = loadUnder(offered, this.spec)
    this.load = { ...loadUnder(this.settled, this.spec), utilisation, devLoad }
    this.peakUtilisation = Math.max(this.peakUtilisation, this.load.utilisation)
    for (let host = 0; host < this.plain.length; host++) reads(host, this.plain[host]!, this.compressed[host]!, this.load)
    this.readBytes = this.writeBytes = this.compressedReads = this.recompressions = 0
    this.plain.fill(0)
    this.compressed.fill(0)
    return this.load
  }

  private follow(offered: Offered): Offered {
    if (offered.readBytes + offered.writeBytes === 0) return NOTHING
    const weight = 1 - exp(-this.spec.tickNs / SETTLING_NS)
    const towards = (key: keyof Offered): number => this.settled[key] + (offered[key] - this.settled[key]) * weight
    return {
      readBytes: towards('readBytes'),
      writeBytes: towards('writeBytes'),
      compressedReads: towards('compressedReads'),
      recompressions: towards('recompressions'),
    }
  }

  snapshot() {
    const { settled, load, peakUtilisation, readBytes, writeBytes, compressedReads, recompressions, plain, compressed } = this
    return structuredClone({
      settled,
      load,
      peakUtilisation,
      readBytes,
      writeBytes,
      compressedReads,
      recompressions,
      plain,
      compressed,
    })
  }

  restore(from: ReturnType<LoadMeter['snapshot']>): void {
    const { plain, compressed, ...rest } = structuredClone(from)
    Object.assign(this, rest)
    this.plain.set(plain)
    this.compressed.set(compressed)
  }
}
