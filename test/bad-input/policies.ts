/** Bad input about who may allocate, how demoted pages are mapped, and who gets how much. */
import { type Case, change, NAME, SHAPE } from './case.ts'

const HOST = 'memory: 64MiB, devices: [device-1]'
const PROMOTER = '{ host: host-1 }\nworkloads'
const allocating = (name: string, options: string, ...lines: string[]): Case =>
  change(name, HOST, `${HOST}, ${options}`, ...lines)

const isolation = [
  allocating(
    'a policy that is none',
    'isolation: { policy: cage }',
    `${SHAPE} hosts.host-1.isolation.policy: got "cage" (line 12); expected one of none, mempolicy, cpuset, zone, private-node`,
  ),
  allocating(
    'a policy without its name',
    'isolation: private-node',
    `${SHAPE} hosts.host-1.isolation: got "private-node" (line 12); expected a mapping with policy: one of none`,
  ),
  allocating(
    'a cpuset of a node that is in none',
    'isolation: { policy: private-node, mems: { root: [dram] } }',
    `${SHAPE} hosts.host-1.isolation.mems: unknown key "mems" (line 12); expected one of policy, numaBalancing`,
  ),
  allocating(
    'a cpuset with a device of another host',
    'isolation: { policy: cpuset, mems: { workloads: [dram, device-2] } }',
    `${NAME} hosts.host-1.isolation.mems.workloads.1: got "device-2" (line 12); expected device-1, or another one of dram, device-1`,
  ),
  allocating(
    'a root without DRAM',
    'isolation: { policy: cpuset, changes: [{ at: 1s, cgroup: root, mems: [device-1] }] }',
    `${SHAPE} hosts.host-1.isolation.changes.0.mems: lacks dram (line 12); expected a root with dram`,
  ),
  allocating(
    'changes that go back in time',
    'isolation: { policy: none, changes: [{ at: 2s, cgroup: system, mems: [dram] }, { at: 1s, cgroup: system, mems: [dram] }] }',
    `${SHAPE} hosts.host-1.isolation.changes.1.at: is earlier than the one before (line 12); expected ascending times`,
  ),
  allocating(
    'a cpuset of ZONE_DEVICE memory',
    'isolation: { policy: zone, zone: device, mems: { root: [dram] } }',
    `${SHAPE} hosts.host-1.isolation.mems.root: names nodes of a cpuset (line 12); expected none: ZONE_DEVICE memory is in no cpuset`,
  ),
  allocating(
    'more first touches than there are',
    'pageCache: { size: 1MiB, rate: 1MB/s, root: 60%, system: 50% }',
    `${SHAPE} hosts.host-1.pageCache.system: makes more than 100% together with root (line 12); expected shares`,
  ),
  allocating(
    'more files than can be cached',
    'pageCache: { size: 193MiB, rate: 1MB/s }',
    `${SHAPE} hosts.host-1.pageCache.size: got 193 MiB (line 12); expected at most 192 MiB, its memory and advertised capacity`,
  ),
  allocating(
    'a kernel that takes all memory',
    'kernel: { size: 64MiB, rate: 1MB/s }',
    `${SHAPE} hosts.host-1.kernel.size: got 64.0 MiB (line 12); expected less than the host's memory`,
  ),
  change(
    'hint faults from a private node',
    PROMOTER,
    PROMOTER.replace(' }', ', hints: true }'),
    `${SHAPE} promoters.promoter-1.hints: got true, but NUMA balancing does not reach the devices of host-1 under private-node (line 15); expected false, or numaBalancing: true in hosts.host-1.isolation`,
  ),
  change(
    'memory taken on purpose where no driver is',
    '1k/s',
    '1k/s, deliberate: 1MiB',
    `${SHAPE} workloads.web-1.deliberate: got 1.00 MiB (line 17); expected 0B, or a host with a device and isolation: { policy: dedicated-driver }`,
  ),
  allocating(
    'leaks onto what is no node',
    'access: fault-on-access, isolation: { policy: none }',
    `${SHAPE} hosts.host-1.access: got fault-on-access, which makes no memory node of a device, under isolation none (line 12); expected`,
  ),
  change('a cgroup that is none', '1k/s', '1k/s, cgroup: user', `${SHAPE} workloads.web-1.cgroup: got "user"`),
]

const access = [
  change(
    'an access of no known policy',
    'devices: []',
    'devices: [], access: readonly',
    `${SHAPE} hosts.host-2.access: got "readonly" (line 13); expected read-only, or another one of direct, read-only,`,
  ),
  change(
    'a form of access without its policy',
    'devices: []',
    'devices: [], access: { pool: 5% }',
    `${SHAPE} hosts.host-2.access.policy: missing (line 13); expected one of direct, read-only,`,
  ),
  change(
    'an access that is a list',
    'devices: []',
    'devices: [], access: [direct]',
    `${SHAPE} hosts.host-2.access: got a list (line 13); expected one of direct, read-only,`,
  ),
  change(
    'a parameter of another policy',
    'devices: []',
    'devices: [], access: { policy: read-only, pool: 5% }',
    `${SHAPE} hosts.host-2.access.pool: unknown key "pool" (line 13); expected one of policy`,
  ),
  change(
    'a pool without its unit',
    'devices: []',
    'devices: [], access: { policy: fault-on-access, pool: 5 }',
    `${SHAPE} hosts.host-2.access.pool: got 5 (line 13); expected a percentage from 0.1% to 100%`,
  ),
]

const proactive = [
  change(
    'proactive reclaim by nothing known',
    'devices: []',
    'devices: [], proactive: { by: luck }',
    `${SHAPE} hosts.host-2.proactive.by: got "luck" (line 13); expected one of age, pressure`,
  ),
  change(
    'proactive reclaim by age without an age',
    'devices: []',
    'devices: [], proactive: { rate: 1MB/s }',
    `${SHAPE} hosts.host-2.proactive.age: missing (line 13); expected a time from 1ms to 10h`,
  ),
  change(
    'a rate where pressure decides',
    'devices: []',
    'devices: [], proactive: { by: pressure, rate: 1MB/s }',
    `${SHAPE} hosts.host-2.proactive.rate: unknown key "rate" (line 13); expected one of by, interval,`,
  ),
  change(
    'stores of no kind',
    'devices: []',
    'devices: [], demotionStores: fast',
    `${SHAPE} hosts.host-2.demotionStores: got "fast" (line 13); expected one of plain, non-temporal`,
  ),
]

const SHARES = 'devices.device-1.shares'
const shares = [
  change(
    'an unknown policy of shares',
    'codec: lz4\n    hot',
    'shares: { policy: fair }\n    hot',
    `${SHAPE} ${SHARES}.policy: got "fair" (line 8); expected one of none, hard`,
  ),
  change(
    'shares that are a word',
    'codec: lz4\n    hot',
    'shares: hard\n    hot',
    `${SHAPE} ${SHARES}: got "hard" (line 8); expected a mapping with policy: one of`,
  ),
  change(
    'limits of another policy',
    'codec: lz4\n    hot',
    'shares: { policy: weighted, limits: { host-1: 8MiB } }\n    hot',
    `${SHAPE} ${SHARES}.limits: unknown key "limits" (line 8); expected one of policy, weights`,
  ),
  change(
    'hard shares without a limit for a host',
    'codec: lz4\n    hot',
    'shares: { policy: hard, limits: {} }\n    hot',
    `${SHAPE} ${SHARES}.limits: got no limit for host-1 (line 8); expected one for each host of device-1`,
  ),
  change(
    'a limit for a host that does not use the device',
    'codec: lz4\n    hot',
    'shares: { policy: hard, limits: { host-1: 8MiB, host-2: 8MiB } }\n    hot',
    `${NAME} ${SHARES}.limits.host-2: got "host-2", which does not use device-1 (line 8); expected host-1, or another one of host-1`,
  ),
  change(
    'limits and graces that do not fit the device',
    'codec: lz4\n    hot',
    'shares: { policy: grace, limits: { host-1: 60MiB }, grace: 8MiB }\n    hot',
    `${SHAPE} ${SHARES}.limits: got 68.0 MiB in all (line 8); expected limits, with the grace of each host, that fit`,
  ),
  change(
    'a weight of nothing',
    'codec: lz4\n    hot',
    'shares: { policy: weighted, weights: { host-1: 0 } }\n    hot',
    `${SHAPE} ${SHARES}.weights.host-1: got 0 (line 8); expected a whole number from 1 to 1000`,
  ),
  change(
    'weights where nobody is ever told that space is short',
    'codec: lz4\n    hot',
    'low: 0%\n    shares: { policy: weighted }\n    hot',
    `${SHAPE} devices.device-1.low: got 0% (line 8); expected more than 0%, for weighted shares`,
  ),
]

export const POLICY_CASES: readonly Case[] = [...isolation, ...access, ...proactive, ...shares]
