/** A host and its promoter, as a scenario gives them. */
import { z } from 'zod'
import { access } from './access.ts'
import { byteRate, choice, flag, mapping, name, percentage, size, time, whole } from './fields.ts'
import { allocation } from './isolation.ts'

const byAge = mapping('Proactive reclaim of what has been idle for long', {
  by: z.literal('age').default('age'),
  rate: byteRate('How much it demotes'),
  age: time('How long a page must have been idle', { min: '1ms', max: '10h' }),
})

const byPressure = mapping('Proactive reclaim as far as it makes nobody stall, as TMO does', {
  by: z.literal('pressure'),
  // R: the figures of TMO's Senpai.
  interval: time('How often it reclaims, from tick to tick; default 6s', { min: '1ms', max: '1h' }).prefault('6s'),
  reclaim: percentage('Share of what lies in DRAM that it reclaims each time; default 0.05%', {
    min: '0.001%',
    max: '100%',
  }).prefault('0.05%'),
  pressure: percentage('Share of time stalled for memory at which it reclaims nothing; default 0.1%', {
    min: '0.001%',
    max: '100%',
  }).prefault('0.1%'),
})

const BY_EXPECTED = 'one of age, pressure'

const proactive = z
  .discriminatedUnion('by', [byAge, byPressure], {
    error: (issue) => (issue.code === 'invalid_union' ? BY_EXPECTED : `a mapping with by: ${BY_EXPECTED}`),
  })
  .describe('Proactive reclaim; default: none')

const swap = mapping('The swap device', {
  size: size('Its size; 0B: none', { min: '0B', max: '16TiB' }),
  bandwidth: byteRate('Its bandwidth; default 2GB/s').prefault('2GB/s'),
  latency: time('Its latency; default 80us', { min: '0ns', max: '1s' }).prefault('80us'),
})

// R: CXL leaves the amounts to the host.
const throttle = mapping("Throttling by the devices' load class (DevLoad); each a share of what an access takes", {
  moderate: percentage('Waited more with every tick of moderate load, and less with every tick of light load; default 10%', {
    min: '0%',
    max: '1000%',
  }).prefault('10%'),
  severe: percentage('Waited more with every tick of severe load; default 50%', { min: '0%', max: '1000%' }).prefault('50%'),
  most: percentage('The longest wait; default 1000%', { min: '0%', max: '10000%' }).prefault('1000%'),
})

export const host = mapping('A host', {
  memory: size('DRAM', { min: '16MiB', max: '1TiB' }),
  devices: z
    .array(name('A device'), 'a list of names of devices, [] for none')
    .max(4, 'at most 4 devices')
    .describe('The devices it demotes to (0 to 4, all of one codec)'),
  watermarkScaleFactor: whole('vm.watermark_scale_factor, in 10000ths of memory; default 10', 1, 1000).default(10),
  generations: whole('MGLRU generations; default 4', 2, 4).default(4),
  demotionBatch: whole('Pages in a demotion batch; default 512', 1, 4096).default(512),
  access,
  demotionStores: choice('How pages are copied to a device; default plain (which read each line for ownership first)', [
    'plain',
    'non-temporal',
  ]).default('plain'),
  proactive: proactive.optional(),
  swap: swap.prefault({ size: '0B' }),
  pooledAtStart: size(
    'Of its workloads that start with the run, so much lies on its devices from the first, the coldest; the rest in DRAM; default 0B: they begin with nothing',
    { min: '0B', max: '4TiB' },
  ).prefault('0B'),
  throttle: throttle.optional().describe('Its accesses to a device wait when that is loaded; default: off'),
  ...allocation,
})

export const promoter = mapping('A promotion agent (pghot and kmigrated)', {
  host: name('The host it serves'),
  chmu: flag("Takes the devices' hotness reports as a source; default true").default(true),
  hints: flag("Takes NUMA hint faults as a source; default: where the host's isolation lets them reach its devices").optional(),
  damon: flag("Takes DAMON as a source, if the host's isolation lets it reach its devices; default false").default(false),
  window: time('Accesses further apart than this start a new count; default 3s', { min: '128ms', max: '1h' }).prefault('3s'),
  threshold: whole('Accesses within the window that make a page hot; default 2', 1, 3).default(2),
  sleep: time("kmigrated's sleep; default 100ms", { min: '50ms', max: '1s' }).prefault('100ms'),
  batch: whole('Pages in one order to the host; default 512', 64, 1024).default(512),
  rateLimit: byteRate('Most bytes ordered per second; default 65536MB/s').prefault('65536MB/s'),
  scanSize: size('Memory that a hint-fault scan covers; default 256MiB', { min: '4KiB', max: '1TiB' }).prefault('256MiB'),
  scanPeriod: time('Period of the hint-fault scan; default 1s', { min: '1s', max: '60s' }).prefault('1s'),
  hintLatency: time('A page is hot if its hint fault comes sooner than this after the scan; default 1s', {
    min: '1ms',
    max: '60s',
  }).prefault('1s'),
})
