/**
 * Latency and throughput of a device's codec by name: the presets that a scenario may override. How far data shrinks is
 * no matter of the device; the hosts' content says it.
 *
 * Latencies are what one 64 B access to a compressed page waits for; throughputs are those of the engine that all
 * accesses share.
 */
interface CodecFigures {
  readonly decompressNs: number
  readonly compressNs: number
  readonly decompressBytesPerSecond: number
  readonly compressBytesPerSecond: number
  readonly metadataNs: number
}

/** S: FACTS 6, DyLeCT at 1.3x: added by a metadata cache that hits 96 % of the time. */
const METADATA_NS = 2.9

export const CODECS = {
  // S: FACTS 6, TMCC ASIC: half a page in 140 ns, 662 ns to compress, 14.8 and 17.2 GB/s. D: its figures stand for inline LZ4.
  lz4: {
    decompressNs: 140,
    compressNs: 662,
    decompressBytesPerSecond: 14.8e9,
    compressBytesPerSecond: 17.2e9,
    metadataNs: METADATA_NS,
  },
  // S: FACTS 6, IBM Deflate, 4 KiB: 1100 and 1050 ns. D: one page at a time, so 4096 B in each of these.
  zstd1: {
    decompressNs: 1100,
    compressNs: 1050,
    decompressBytesPerSecond: 3.7e9,
    compressBytesPerSecond: 3.9e9,
    metadataNs: METADATA_NS,
  },
  // S: FACTS 6, TMCC ASIC Deflate, 4 KiB whole.
  deflate1: {
    decompressNs: 277,
    compressNs: 662,
    decompressBytesPerSecond: 14.8e9,
    compressBytesPerSecond: 17.2e9,
    metadataNs: METADATA_NS,
  },
} as const satisfies Record<string, CodecFigures>
