/** What one host costs and suffers on a device: everything that is told apart by host but the slots themselves. */
import { REFUSAL_REASONS } from '#shared/messages.ts'
import { LatencyHistogram } from '#shared/latency-histogram.ts'
import type { Load } from './load.ts'

export class Account {
  peakUsedBytes = 0
  readBytes = 0
  writeBytes = 0
  /** Pages poisoned over the whole run. */
  poisonedPages = 0
  /** Of these, not yet told in an event; and when the last one told. */
  poisonUntold = 0
  poisonToldAtNs = -Infinity
  /** Hot units lost over the whole run. */
  hotlistDropped = 0
  /** By reason, in the order of REFUSAL_REASONS. */
  readonly refused = new Float64Array(REFUSAL_REASONS.length)
  readonly reads = new LatencyHistogram()

  get refusedPages(): number {
    return this.refused.reduce((sum, pages) => sum + pages, 0)
  }

  /** Counts the refusals of a batch; the reasons that this host meets for the first time. */
  refuse(reasons: Uint8Array): number[] {
    const before = this.refused.slice()
    for (const reason of reasons) this.refused[reason]!++
    return [...this.refused.keys()].filter((reason) => before[reason] === 0 && this.refused[reason]! > 0)
  }

  read(plainReads: number, compressedReads: number, load: Load): void {
    this.reads.add(load.rawReadNs, plainReads)
    this.reads.add(load.compressedReadNs, compressedReads)
  }

  snapshot() {
    const { refused, reads, ...counters } = this
    return structuredClone({ ...counters, refused, reads: reads.snapshot() })
  }

  restore(from: ReturnType<Account['snapshot']>): void {
    const { refused, reads, ...counters } = structuredClone(from)
    Object.assign(this, counters)
    this.refused.set(refused)
    this.reads.restore(reads)
  }
}
