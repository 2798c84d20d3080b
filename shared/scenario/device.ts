/** A pooled compressed CXL memory device, as a scenario gives it. The codec's own times and rates live with the device. */
import { z } from 'zod'
import { CODECS } from '../content.ts'
import { byteRate, choice, flag, mapping, percentage, size, time, whole } from './fields.ts'
import { shares } from './shares.ts'

const hotness = mapping('The hotness monitoring unit (CHMU)', {
  // The specification allows 256 B to 2 GiB; below a page a report would not name a page.
  granule: size('Bytes that one counter covers; default 4KiB', { min: '4KiB', max: '2GiB', powerOfTwo: true }).prefault('4KiB'),
  epoch: time('Counting epoch: 1 to 4095 times 100us, 1ms, 10ms, 100ms or 1s; default 1s', {
    min: '100us',
    max: '4095s',
    whole: true,
  }).prefault('1s'),
  threshold: whole('Accesses in an epoch from which a unit is hot; default 16', 1, 65_535).default(16),
  hotlist: whole('Entries of the hotlist ring; default 1024', 2, 65_535).default(1024),
  counterBits: whole('Width of a counter; default 16', 1, 16).default(16),
  shared: flag('One unit and ring for all hosts; default false: one for each host').default(false),
})

const offline = mapping('A window of time', {
  from: time('Its start', { min: '0s', max: '10h' }),
  to: time('Its end', { min: '0s', max: '10h' }),
})

export const device = mapping('A device', {
  physical: size('Physical capacity', { min: '1MiB', max: '16TiB' }),
  advertised: size('Advertised (overcommitted) capacity, at least the physical', { min: '1MiB', max: '64TiB' }),
  chunk: size('Chunk of the allocator; default 512B', { min: '64B', max: '4KiB', powerOfTwo: true }).prefault('512B'),
  metadata: size('Metadata per stored page; default 64B', { min: '0B', max: '4KiB' }).prefault('64B'),
  codec: choice('Compression, with its sizes and times; default lz4', CODECS).default('lz4'),
  decompress: time("Time to decompress for a read; default: the codec's", { min: '0ns', max: '1ms' }).optional(),
  compress: time("Time to compress a page; default: the codec's", { min: '0ns', max: '1ms' }).optional(),
  decompressRate: byteRate("Throughput of the decompression engine; default: the codec's").optional(),
  compressRate: byteRate("Throughput of the compression engine; default: the codec's").optional(),
  metadataLatency: time("Time added by metadata look-ups; default: the codec's", { min: '0ns', max: '1ms' }).optional(),
  low: percentage('Remaining physical capacity below which the interrupt is raised; default 10%').prefault('10%'),
  high: percentage('Remaining physical capacity above which it is lowered, at least low; default 15%').prefault('15%'),
  flush: time('Period of the zeroing flush that gives released space back; default 1s', { min: '1ms', max: '1h' }).prefault('1s'),
  channels: whole('Scales the bandwidth of the load-latency curve; default 1', 1, 16).default(1),
  extraLatency: time('Latency of switches and the like; default 0ns', { min: '0ns', max: '1ms' }).prefault('0ns'),
  rejectAbove: size('Refuse pages that compress to more than this; default: off', { min: '1B', max: '4KiB' }).optional(),
  offline: z
    .array(offline, 'a list of windows { from: 10s, to: 12s }')
    .max(64, 'at most 64 windows')
    .default([])
    .describe('Windows in which every demotion is refused; default none'),
  hotness: hotness.prefault({}),
  shares,
})
