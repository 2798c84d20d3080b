/** A host's side of one device: what it was last told, and what it has to say at the end of this step. */
import type { Outbox } from '#shared/actor.ts'
import { PageList } from '#shared/page/page-list.ts'
import { DEVICE_SHIFT, LINE_BYTES, PAGE_BYTES, type PageTable } from '#shared/page/page-table.ts'
import type { BodyOf } from '#shared/messages.ts'
import type { DemotionStores, NodeSpec, ThrottleSpec } from './spec.ts'
import { Throttle } from './throttle.ts'

/** Until the device has spoken: the idle latency of the smallest load in its curve, and a compressed page's 140 ns more. */
const IDLE_LOAD: BodyOf<'load'> = {
  rawReadNs: 107.4,
  compressedReadNs: 247.4,
  zeroReadNs: 107.4,
  writeNs: 107.4,
  utilisation: 0,
  devLoad: 0,
}

/** What a read can meet on a device. */
const ZERO = 0
export const RAW = 1
export const COMPRESSED = 2
export const READ_KINDS = 3
/** What a tick's meter counts for each device: reads by kind, then visits that made the device compress a page anew. */
export const REWRITTEN = 3
export const METER_SLOTS = 4

type LinesRead = readonly [zero: number, raw: number, compressed: number]

export class Link {
  readonly spec: NodeSpec
  readonly throttle: Throttle | undefined
  /** P: FACTS 5: a plain store reads its line for ownership first; with non-temporal stores the device's reads vanish. */
  readonly #readBytesPerCopyIn: number
  /** A page above this size is stored raw. */
  readonly #rawAboveBytes: number
  load: BodyOf<'load'> = IDLE_LOAD
  pressure = 0
  #readBytes = 0
  #writeBytes = 0
  #compressedReads = 0
  #recompressions = 0
  readonly #pages = new PageList()
  readonly #reads = new PageList()
  readonly #writes = new PageList()
  readonly #landedPages = new PageList()
  readonly #landedSizes = new PageList()
  readonly #writtenPages = new PageList()
  readonly #writtenSizes = new PageList()
  readonly #released = new PageList()

  constructor(spec: NodeSpec, stores: DemotionStores, throttle?: ThrottleSpec) {
    this.spec = spec
    this.throttle = throttle && new Throttle(throttle)
    this.#readBytesPerCopyIn = stores === 'plain' ? PAGE_BYTES : 0
    this.#rawAboveBytes = PAGE_BYTES - spec.chunkBytes
  }

  /** What a 64 B read of a page of this size meets. */
  kindOf(size: number): number {
    return size === 0 ? ZERO : size > this.#rawAboveBytes ? RAW : COMPRESSED
  }

  /** Its latency. */
  readNs(kind: number): number {
    if (kind === ZERO) return this.load.zeroReadNs
    return kind === RAW ? this.load.rawReadNs : this.load.compressedReadNs
  }

  /** What each access waits before it is issued. */
  get throttleNs(): number {
    return this.throttle === undefined ? 0 : this.throttle.delay * this.load.rawReadNs
  }

  /**
   * Lines of one page read and written, as the hotness monitor counts them, in so many visits: lines read one after the
   * other come out of one decompression.
   */
  access(page: number, size: number, reads: number, writes: number, visits: number): void {
    this.#readBytes += reads * LINE_BYTES
    this.#writeBytes += writes * LINE_BYTES
    if (this.kindOf(size) === COMPRESSED) {
      this.#compressedReads += visits
      // A run of lines written at once is one recompression of its page.
      if (writes > 0) this.#recompressions++
    }
    this.seen(page, reads, writes)
  }

  /**
   * One line each of the first `count` pages that lie on this device (the host's `device`-th): a fill, and a write-back where
   * `wrote` is 1. `meter` (METER_SLOTS a device) counts them. As access(), for the many that are drawn in one tick; returns how
   * many. Without branches, for what a page compresses to is as good as random to the processor.
   */
  accessLines(
    device: number,
    table: PageTable,
    pages: Uint32Array,
    count: number,
    wrote: Uint8Array,
    meter: Float64Array,
  ): number {
    const { flags, size } = table
    const rawAbove = this.#rawAboveBytes
    // One more, for a page that is not here is written down and then written over.
    for (const list of [this.#pages, this.#reads, this.#writes]) list.reserve(count + 1)
    const { items: accessed } = this.#pages
    const { items: reads } = this.#reads
    const { items: writes } = this.#writes
    let at = this.#pages.length
    let [zero, raw, written, recompressed] = [0, 0, 0, 0]
    const from = at
    for (let i = 0; i < count; i++) {
      const page = pages[i]!
      const bytes = size[page]!
      const here = (((flags[page]! >> DEVICE_SHIFT) ^ device) - 1) >>> 31
      const isZero = ((bytes - 1) >>> 31) & here
      const isRaw = ((rawAbove - bytes) >>> 31) & here
      const write = wrote[i]! & here
      zero += isZero
      raw += isRaw
      recompressed += write & ~(isZero | isRaw)
      written += write
      accessed[at] = page
      reads[at] = 1
      writes[at] = write
      at += here
    }
    const lines = at - from
    for (const list of [this.#pages, this.#reads, this.#writes]) list.length = at
    this.#count(meter, device, [zero, raw, lines - zero - raw], written, recompressed)
    return lines
  }

  /** As access() for the first `count` pages that lie on this device, a visit for each line read; returns lines. */
  accessRows(
    device: number,
    table: PageTable,
    pages: Uint32Array,
    reads: Uint32Array,
    writes: Uint32Array,
    count: number,
    meter: Float64Array,
  ): number {
    const { flags, size } = table
    const rawAbove = this.#rawAboveBytes
    for (const list of [this.#pages, this.#reads, this.#writes]) list.reserve(count)
    const { items: accessed } = this.#pages
    const { items: readLines } = this.#reads
    const { items: writtenLines } = this.#writes
    let at = this.#pages.length
    let [zero, raw, read, written, recompressed] = [0, 0, 0, 0, 0]
    for (let i = 0; i < count; i++) {
      const page = pages[i]!
      const reading = reads[i]!
      const writing = writes[i]!
      if (flags[page]! >> DEVICE_SHIFT !== device || reading + writing === 0) continue
      const bytes = size[page]!
      if (bytes === 0) zero += reading
      else if (bytes > rawAbove) raw += reading
      else if (writing > 0) recompressed++
      read += reading
      written += writing
      accessed[at] = page
      readLines[at] = reading < 0xffff ? reading : 0xffff
      writtenLines[at++] = writing < 0xffff ? writing : 0xffff
    }
    for (const list of [this.#pages, this.#reads, this.#writes]) list.length = at
    this.#count(meter, device, [zero, raw, read - zero - raw], written, recompressed)
    return read + written
  }

  /** Lines read, by what they met, and written; once a tick and class. */
  #count(meter: Float64Array, device: number, [zero, raw, compressed]: LinesRead, written: number, recompressed: number): void {
    this.#readBytes += (zero + raw + compressed) * LINE_BYTES
    this.#writeBytes += written * LINE_BYTES
    this.#compressedReads += compressed
    this.#recompressions += recompressed
    const base = device * METER_SLOTS
    meter[base + ZERO]! += zero
    meter[base + RAW]! += raw
    meter[base + COMPRESSED]! += compressed
    meter[base + REWRITTEN]! += recompressed
  }

  /** As accessLines(), of a kind of page and by number alone: the hotness monitor has to be told apart (seen()). */
  accessMany(kind: number, lines: number, writes: number): void {
    this.#readBytes += lines * LINE_BYTES
    this.#writeBytes += writes * LINE_BYTES
    if (kind !== COMPRESSED) return
    this.#compressedReads += lines
    this.#recompressions += writes
  }

  /** What the hotness monitor has counted of a page, in traffic that was entered otherwise. */
  seen(page: number, reads: number, writes: number): void {
    this.#pages.push(page)
    this.#reads.push(Math.min(reads, 0xffff))
    this.#writes.push(Math.min(writes, 0xffff))
  }

  /** A whole page copied off the device. Decompressing all of it is two average line reads, which stop halfway. */
  copyOut(size: number): void {
    this.#readBytes += PAGE_BYTES
    if (this.kindOf(size) === COMPRESSED) this.#compressedReads += 2
  }

  /** A whole page copied onto the device. */
  copyIn(page: number, size: number): void {
    this.#readBytes += this.#readBytesPerCopyIn
    this.#writeBytes += PAGE_BYTES
    this.#recompressions++
    this.written(page, size)
  }

  /** A page allocated on the device: cleared by stores that read nothing first (R: clear_page), and told without a question. */
  land(page: number, size: number): void {
    this.#writeBytes += PAGE_BYTES
    this.#recompressions++
    this.#landedPages.push(page)
    this.#landedSizes.push(size)
  }

  /** The page has a new compressed size. */
  written(page: number, size: number): void {
    this.#writtenPages.push(page)
    this.#writtenSizes.push(size)
  }

  release(page: number): void {
    this.#released.push(page)
  }

  /** Landings, then sizes, then releases, and all before any new question, so that the device never sees a page twice. */
  flush(out: Outbox): void {
    if (this.#landedPages.length > 0) {
      out.send(this.spec.ordinal, 'landed', { pages: this.#landedPages.take(), sizes: this.#landedSizes.take16() })
      this.#landedPages.clear()
      this.#landedSizes.clear()
    }
    if (this.#writtenPages.length > 0) {
      out.send(this.spec.ordinal, 'written', {
        pages: this.#writtenPages.take(),
        sizes: this.#writtenSizes.take16(),
      })
      this.#writtenPages.clear()
      this.#writtenSizes.clear()
    }
    if (this.#released.length > 0) {
      out.send(this.spec.ordinal, 'released', { pages: this.#released.take() })
      this.#released.clear()
    }
  }

  /** Reports what crossed the link in `spanNs`; silent if nothing did. */
  reportTraffic(out: Outbox, spanNs: number): void {
    if (this.#readBytes === 0 && this.#writeBytes === 0) return
    out.send(this.spec.ordinal, 'traffic', {
      spanNs,
      readBytes: this.#readBytes,
      writeBytes: this.#writeBytes,
      compressedReads: this.#compressedReads,
      recompressions: this.#recompressions,
      pages: this.#pages.take(),
      reads: this.#reads.take16(),
      writes: this.#writes.take16(),
    })
    this.#readBytes = 0
    this.#writeBytes = 0
    this.#compressedReads = 0
    this.#recompressions = 0
    this.#pages.clear()
    this.#reads.clear()
    this.#writes.clear()
  }

  /** Landings, sizes and releases are always flushed before a snapshot; traffic may be half-way between two reports. */
  snapshot(): Record<string, unknown> {
    return {
      load: { ...this.load },
      pressure: this.pressure,
      readBytes: this.#readBytes,
      writeBytes: this.#writeBytes,
      compressedReads: this.#compressedReads,
      recompressions: this.#recompressions,
      pages: this.#pages.take(),
      reads: this.#reads.take(),
      writes: this.#writes.take(),
      ...(this.throttle && { throttle: this.throttle.snapshot() }),
    }
  }

  restore(from: Record<string, unknown>): void {
    this.load = from['load'] as BodyOf<'load'>
    this.pressure = from['pressure'] as number
    this.#readBytes = from['readBytes'] as number
    this.#writeBytes = from['writeBytes'] as number
    this.#compressedReads = from['compressedReads'] as number
    this.#recompressions = from['recompressions'] as number
    this.#pages.refill(from['pages'] as Uint32Array)
    this.#reads.refill(from['reads'] as Uint32Array)
    this.#writes.refill(from['writes'] as Uint32Array)
    this.throttle?.restore(from['throttle'] as Record<string, unknown>)
  }
}
