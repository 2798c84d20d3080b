/** What must fit together about who allocates where. */
import type { HostScenario, Scenario } from '../scenario.ts'
import { formatBytes } from '../units.ts'
import { isMapped } from './access.ts'
import { damonReaches, DRAM_NODE, hintFaultsReach } from './isolation.ts'
import { oneOf, type Path, type Problem, shown } from './problems.ts'

export function* isolationProblems(scenario: Scenario): Iterable<Problem> {
  for (const [id, host] of Object.entries(scenario.hosts)) {
    yield* sizeProblems(['hosts', id], host, scenario.devices)
    yield* cpusetProblems(['hosts', id, 'isolation'], host)
    yield* nodeProblems(['hosts', id, 'access'], host)
  }
  yield* promoterProblems(scenario)
  yield* taskProblems(scenario)
}

function* sizeProblems(path: Path, host: HostScenario, devices: Scenario['devices']): Iterable<Problem> {
  const { pageCache, kernel, memory } = host
  if (pageCache !== undefined) {
    if (pageCache.root + pageCache.system > 1) {
      yield wrong([...path, 'pageCache', 'system'], 'makes more than 100% together with root', 'shares of at most 100% in all')
    }
    const room = host.devices.reduce((sum, name) => sum + (devices[name]?.advertised ?? 0), memory)
    const most = `at most ${formatBytes(room)}, its memory and advertised capacity: more is never cached`
    if (pageCache.size > room) yield wrong([...path, 'pageCache', 'size'], `got ${formatBytes(pageCache.size)}`, most)
  }
  if (kernel !== undefined && kernel.size >= memory) {
    const most = `less than the host's memory (${formatBytes(memory)})`
    yield wrong([...path, 'kernel', 'size'], `got ${formatBytes(kernel.size)}`, most)
  }
}

function* cpusetProblems(at: Path, { isolation, devices }: HostScenario): Iterable<Problem> {
  if (!('mems' in isolation)) return
  const { mems, changes } = isolation
  const lists = [
    ...Object.entries(mems).map(([cgroup, list]) => ({ cgroup, list: list ?? [], where: [...at, 'mems', cgroup] })),
    ...changes.map((change, i) => ({ cgroup: change.cgroup, list: change.mems, where: [...at, 'changes', i, 'mems'] })),
  ]
  if (isolation.policy === 'zone' && isolation.zone === 'device' && lists.length > 0) {
    yield wrong(lists[0]!.where, 'names nodes of a cpuset', 'none: ZONE_DEVICE memory is in no cpuset')
  }
  const known = [DRAM_NODE, ...devices]
  for (const { cgroup, list, where } of lists) {
    for (const [i, node] of list.entries()) {
      if (!known.includes(node)) yield named([...where, i], `got ${shown(node)}`, oneOf(known, node))
    }
    if (cgroup === 'root' && !list.includes(DRAM_NODE)) yield wrong(where, `lacks ${DRAM_NODE}`, `a root with ${DRAM_NODE}`)
  }
  for (const [i, { at: time }] of changes.entries()) {
    if (i > 0 && time < changes[i - 1]!.at)
      yield wrong([...at, 'changes', i, 'at'], 'is earlier than the one before', 'ascending times')
  }
}

/** zswap's pool, or none, is no memory node on which anything could land. */
function* nodeProblems(at: Path, { access, isolation }: HostScenario): Iterable<Problem> {
  const { policy } = access
  if ((policy !== 'fault-on-access' && policy !== 'swap-only') || isolation.policy === 'private-node') return
  yield wrong(
    at,
    `got ${policy}, which makes no memory node of a device, under isolation ${isolation.policy}`,
    'isolation: { policy: private-node }, or another access',
  )
}

/** P: NUMA balancing and DAMON pass a private node over, so nothing would ever be heard of its pages. */
function* promoterProblems({ promoters, hosts }: Scenario): Iterable<Problem> {
  for (const [id, { host: name, hints, damon }] of Object.entries(promoters)) {
    if (!Object.hasOwn(hosts, name)) continue
    const host = hosts[name]!
    const { policy } = host.isolation
    const refused = (source: string, who: string, optIn: string): Problem => {
      const why = `got true, but ${who} does not reach the devices of ${name} under ${policy}`
      return wrong(
        ['promoters', id, source],
        why,
        policy === 'zone' ? 'false' : `false, or ${optIn}: true in hosts.${name}.isolation`,
      )
    }
    if (hints && !hintFaultsReach(host)) yield refused('hints', 'NUMA balancing', 'numaBalancing')
    if (damon && !damonReaches(host)) yield refused('damon', 'DAMON', 'damon')
    if (isMapped(host.access)) continue
    for (const source of [...(hints ? ['hints'] : []), ...(damon ? ['damon'] : [])]) {
      const why = `got true, under access ${host.access.policy}, where no demoted page is mapped`
      yield wrong(['promoters', id, source], why, 'false')
    }
  }
}

function* taskProblems({ workloads, hosts }: Scenario): Iterable<Problem> {
  for (const [id, workload] of Object.entries(workloads)) {
    if (workload.deliberate === 0) continue
    const path = ['workloads', id, 'deliberate']
    const got = `got ${formatBytes(workload.deliberate)}`
    const host = Object.hasOwn(hosts, workload.host) ? hosts[workload.host] : undefined
    if (host !== undefined && (host.isolation.policy !== 'dedicated-driver' || host.devices.length === 0)) {
      yield wrong(path, got, '0B, or a host with a device and isolation: { policy: dedicated-driver }')
    } else if (host !== undefined && host.access.policy !== 'direct') {
      yield wrong(
        path,
        `${got}, under access ${host.access.policy}`,
        `0B, or access: direct of ${workload.host}: it is written where it lies`,
      )
    } else if (workload.kind === 'trace') yield wrong(path, got, '0B: a trace does not allocate in order')
    else if (workload.deliberate > workload.size) yield wrong(path, got, `at most its size (${formatBytes(workload.size)})`)
  }
}

const wrong = (path: Path, problem: string, expected: string): Problem => ({ code: 'CP_SCENARIO_SHAPE', path, problem, expected })
const named = (path: Path, problem: string, expected: string): Problem => ({ code: 'CP_SCENARIO_NAME', path, problem, expected })
