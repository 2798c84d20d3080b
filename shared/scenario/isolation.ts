/** Who may allocate on a host's devices, and what its files and its kernel allocate, as a scenario gives them. */
import { z } from 'zod'
import { content } from './content.ts'
import { byteRate, choice, flag, mapping, name, percentage, size, time } from './fields.ts'

const CGROUPS = ['root', 'system', 'workloads'] as const

/** The name of the DRAM node in a list of nodes. */
export const DRAM_NODE = 'dram'

const cgroup = (meaning: string) => choice(meaning, CGROUPS)

const nodes = (meaning: string) =>
  z
    .array(name('A node'), `a list of nodes: ${DRAM_NODE} and the host's devices`)
    .min(1, 'at least one node')
    .max(5, 'at most 5 nodes')
    .describe(meaning)

const mems = mapping("cpuset.mems of the host's cgroups; a child never has a node that the root lacks", {
  root: nodes('Of the root; default: all nodes').optional(),
  system: nodes("Of the system's services; default: all nodes").optional(),
  workloads: nodes('Of the workloads; default: all nodes, under cpuset DRAM alone').optional(),
})

const change = mapping("Somebody writes a cgroup's cpuset.mems", {
  at: time('When', { min: '0s', max: '10h' }),
  cgroup: cgroup('Which cgroup'),
  mems: nodes('The nodes it has from then on'),
})

const inCpusets = {
  mems: mems.prefault({}),
  changes: z
    .array(change, 'a list of changes { at: 5s, cgroup: workloads, mems: [dram] }')
    .max(64, 'at most 64 changes')
    .default([])
    .describe('Changes of cpuset.mems while the run goes; default none'),
  demotionHonoursMems: flag('Demotion looks for a target within cpuset.mems (kernels after 6.15); default true').default(true),
}

const apart = {
  numaBalancing: flag('NUMA hint faults reach its pages all the same; default false').default(false),
  damon: flag('DAMON reaches its pages all the same; default false').default(false),
}

const FORMS = [
  mapping("The device's node is ordinary memory in the default allocator", { policy: z.literal('none'), ...inCpusets }),
  mapping("The workloads' tasks bind themselves to DRAM", { policy: z.literal('mempolicy'), ...inCpusets }),
  mapping("The workloads' cgroup has DRAM alone", { policy: z.literal('cpuset'), ...inCpusets }),
  mapping("The device's node is a zone of its own", {
    policy: z.literal('zone'),
    zone: choice('ZONE_MOVABLE, closed to the kernel alone, or ZONE_DEVICE, without an LRU; default movable', [
      'movable',
      'device',
    ]).default('movable'),
    ...inCpusets,
  }),
  mapping('The node is in no fallback list: only demotion reaches it', { policy: z.literal('private-node'), ...apart }),
  mapping('As private-node, and user space takes its pages on purpose', { policy: z.literal('dedicated-driver'), ...apart }),
] as const
const POLICIES = FORMS.map((form) => form.shape.policy.value).join(', ')

const isolation = z.discriminatedUnion('policy', FORMS, {
  error: (issue) => (issue.code === 'invalid_union' ? `one of ${POLICIES}` : `a mapping with policy: one of ${POLICIES}`),
})

const pageCache = mapping('Files that tasks of the host read', {
  size: size('All that can be cached', { min: '4KiB', max: '1TiB' }),
  rate: byteRate('How fast pages are touched that are not cached'),
  content: content('What they hold; default redis_json').prefault('redis_json'),
  root: percentage('Share of them first touched by tasks of the root cgroup; default 0%').prefault('0%'),
  system: percentage("Share first touched by the system's services; default 0%. The rest: by workloads").prefault('0%'),
})

const kernel = mapping("The kernel's own allocations", {
  size: size('How much in the end', { min: '4KiB', max: '1TiB' }),
  rate: byteRate('How fast'),
  content: content('What they hold; default redis_json').prefault('redis_json'),
  interrupts: percentage('Share made in interrupts; default 0%. The rest: by kernel threads').prefault('0%'),
})

/** Of a host. */
export const allocation = {
  isolation: isolation.prefault({ policy: 'private-node' }).describe('Who may allocate on its devices; default private-node'),
  pageCache: pageCache.optional(),
  kernel: kernel.optional(),
}

/** Of a workload. */
export const task = {
  cgroup: cgroup('The cgroup it runs in; default workloads').default('workloads'),
  deliberate: size('How much of its memory it takes on a device on purpose, through a dedicated driver; default 0B', {
    min: '0B',
    max: '4TiB',
  }).prefault('0B'),
}

interface Isolated {
  readonly isolation: z.output<typeof isolation>
  readonly devices: readonly string[]
}

/** NUMA balancing is not kept from the pages on the host's devices. */
export function hintFaultsReach(host: Isolated): boolean {
  return reaches(host, 'numaBalancing')
}

/** Nor is DAMON. */
export function damonReaches(host: Isolated): boolean {
  return reaches(host, 'damon')
}

function reaches({ isolation: given, devices }: Isolated, optIn: keyof typeof apart): boolean {
  if (devices.length === 0) return true
  if (given.policy === 'private-node' || given.policy === 'dedicated-driver') return given[optIn]
  return given.policy !== 'zone' || given.zone === 'movable'
}
