/** Workloads, as a scenario gives them; `kind` decides which fields there are besides the common ones. */
import { z } from 'zod'
import { TRACE_NAMES } from '../trace.ts'
import { content, writtenContent } from './content.ts'
import { byteRate, choice, eventRate, flag, mapping, name, path, percentage, real, size, time, whole } from './fields.ts'
import { task } from './isolation.ts'

const start = time('When it starts; default 0s', { min: '0s', max: '10h' }).prefault('0s')
const stop = time('When it leaves; default: never', { min: '1ns', max: '10h' }).optional()
const writeShare = percentage('Share of writes among accesses; default 20%').prefault('20%')
const skew = real("Zipf's exponent; default 0.99", 0, 3).default(0.99)
const period = (meaning: string) => time(meaning, { min: '1ms', max: '10h' })

const common = {
  host: name('The host it runs on'),
  start,
  stop,
  content: content('What its pages hold at first; default redis_json').prefault('redis_json'),
  writes: writtenContent('What it writes; default: as content (a bear: incompressible)').optional(),
  threads: whole('How many of its accesses can stall at a time; default 8', 1, 1024).default(8),
  allocateRate: byteRate('How fast it allocates; default 2GB/s').prefault('2GB/s'),
  ...task,
}

const sized = { ...common, size: size('Memory it allocates', { min: '4KiB', max: '4TiB' }) }

/** Workloads that state rates are cached by the processor. */
const cached = {
  ...sized,
  cache: size('Its share of the last-level cache; default 32MiB', { min: '64B', max: '64GiB' }).prefault('32MiB'),
  miss: percentage('Share of accesses that miss the cache; default: by how hot a page is').optional(),
}

const zipf = mapping('Accesses by rank, Zipf-distributed', {
  kind: z.literal('zipf'),
  ...cached,
  accesses: eventRate('Its accesses'),
  writeShare,
  skew,
})

const uniform = mapping('Accesses spread evenly', {
  kind: z.literal('uniform'),
  ...cached,
  accesses: eventRate('Its accesses'),
  writeShare,
})

const scan = mapping('Reads (or overwrites) its memory in order, again and again', {
  kind: z.literal('scan'),
  ...sized,
  rate: byteRate('How fast'),
  overwrites: flag('Overwrites instead of reading; default false').default(false),
})

const phases = mapping('A hot working set that moves', {
  kind: z.literal('phases'),
  ...cached,
  accesses: eventRate('Its accesses'),
  writeShare,
  hot: percentage('Share of its pages that is hot', { min: '0.01%', max: '100%' }),
  hotShare: percentage('Share of its accesses that goes to the hot pages'),
  period: period('Work time after which the working set moves'),
})

const burst = mapping('Zipf-distributed accesses, calm but for bursts', {
  kind: z.literal('burst'),
  ...cached,
  accesses: eventRate('Its accesses while calm'),
  burst: eventRate('Its accesses in a burst'),
  writeShare,
  period: period('From the start of one burst to the next'),
  length: period('How long a burst lasts, less than the period'),
  skew,
})

const bear = mapping('Overwrites its pooled pages with data that compresses badly', {
  kind: z.literal('bear'),
  ...sized,
  writes: writtenContent('What it writes; default incompressible').prefault('incompressible'),
  rate: byteRate('How fast it overwrites'),
  attack: time('When it attacks, after its start; default 0s', { min: '0s', max: '10h' }).prefault('0s'),
  for: time('How long; default: until it stops', { min: '1ms', max: '10h' }).optional(),
  passes: whole('Times it overwrites everything; default 0: until it stops', 0, 1_000_000).default(0),
})

/** An epoch is one message, and its rows must fit into it. */
const EPOCH_REFERENCES_MAX = 2 ** 24

const trace = mapping('Replays a trace of page accesses, exactly: a recording of the product, or a file', {
  kind: z.literal('trace'),
  ...common,
  trace: choice('The recording', TRACE_NAMES).optional(),
  file: path('Instead of a recording: a file of references, relative to where the workload runs').optional(),
  epochReferences: whole(
    'References of the file that make an epoch; default: as many as its host has pages of DRAM, at most 1000000',
    1,
    EPOCH_REFERENCES_MAX,
  ).optional(),
  epoch: time('Work time that one epoch takes; default 100ms', { min: '1ms', max: '1h' }).prefault('100ms'),
  repeat: whole('Times it is replayed, 0: for ever; default 1', 0, 1_000_000).default(1),
})

const KINDS = [zipf, uniform, scan, phases, burst, bear, trace] as const
const NAMES = KINDS.map((kind) => kind.shape.kind.value).join(', ')

export const workload = z
  .discriminatedUnion('kind', KINDS, {
    error: (issue) => (issue.code === 'invalid_union' ? `one of ${NAMES}` : `a mapping with kind: one of ${NAMES}`),
  })
  .transform((given) => ({ ...given, writes: given.writes ?? given.content }))
