/** Which rule keeps allocations off the device, and what it costs where one does not. */
import { lostPercent, poisonedPages, figure } from './figures.ts'
import type { Experiment, Results } from './experiment.ts'
import { shownNumber } from './table.ts'

const SCENARIO = `# A host whose service, files and kernel need more than its DRAM: what does not fit looks for another node.
name: isolation-rules
duration: 8s
quantum: 10ms
devices:
  device-1: { physical: 192MiB, advertised: 768MiB, low: 5%, high: 10% }
hosts:
  host-1:
    memory: 512MiB
    devices: [device-1]
    watermarkScaleFactor: 100
    swap: { size: 1GiB, bandwidth: 1GB/s }
    pageCache: { size: 768MiB, rate: 50MB/s, root: 10%, system: 60%, content: redis_json }
    kernel: { size: 96MiB, rate: 5MB/s, interrupts: 10% }
    isolation: { policy: private-node }
promoters:
  promoter-1: { host: host-1 }
workloads:
  service-1: { host: host-1, kind: zipf, size: 640MiB, accesses: 1M/s, skew: 1.2, content: redis_json, writes: incompressible }
`

const POLICY = 'hosts.host-1.isolation'
const AXIS = 'files'
const STEPS = [10, 50, 100, 200, 400]

export const isolation: Experiment = {
  name: 'isolation',
  question: 'Which isolation rule really holds?',
  hypothesis:
    'A rule that is a property of tasks leaks by whoever is no such task: other services, the root cgroup, kernel threads. A rule that is a property of the node does not.',
  scenario: SCENARIO,
  policies: [
    { name: 'none', overrides: [`${POLICY}={ policy: none }`] },
    { name: 'mempolicy', overrides: [`${POLICY}={ policy: mempolicy }`] },
    { name: 'cpuset', overrides: [`${POLICY}={ policy: cpuset }`] },
    { name: 'cpuset, root locked', overrides: [`${POLICY}={ policy: cpuset, mems: { root: [dram] } }`] },
    { name: 'ZONE_MOVABLE', overrides: [`${POLICY}={ policy: zone }`] },
    { name: 'ZONE_DEVICE', overrides: [`${POLICY}={ policy: zone, zone: device }`] },
    { name: 'private node', overrides: [`${POLICY}={ policy: private-node }`] },
    {
      name: 'driver, 64 MiB on purpose',
      overrides: [`${POLICY}={ policy: dedicated-driver }`, 'workloads.service-1.deliberate=64MiB'],
    },
  ],
  axes: [
    {
      name: AXIS,
      title: 'first touches of files, MB/s',
      steps: STEPS.map((at) => ({ at, overrides: [`hosts.host-1.pageCache.rate=${at}MB/s`] })),
    },
  ],
  measures: [
    ...(['anon', 'pageCache', 'kernel'] as const).map((kind) => ({
      name: kind,
      title: `${kind === 'pageCache' ? 'page cache' : kind} pages leaked`,
      of: (verdict: Parameters<typeof figure>[0]) => figure(verdict, `hosts.host-1.leaked.${kind}`),
    })),
    { name: 'demoted', title: 'pages demoted', of: (verdict) => figure(verdict, 'hosts.host-1.demoted') },
    { name: 'poisoned', title: 'pages poisoned', of: poisonedPages },
    { name: 'lost', title: 'time lost against all-DRAM, %', of: (verdict) => lostPercent(verdict, 'host-1') },
  ],
  seeds: 3,
  finding: (results) => {
    const tight = isolation.policies.filter(({ name }) => leakedBy(results, name).length === 0).map(({ name }) => name)
    const loose = isolation.policies
      .filter(({ name }) => !tight.includes(name))
      .map(({ name }) => `${name} (${leakedBy(results, name).join(', ')})`)
    const idle = isolation.policies
      .map(({ name }) => name)
      .filter((name) => results.along(AXIS, name, 'demoted').every(({ estimate }) => estimate.mean === 0))
    const poison = isolation.policies
      .map(({ name }) => ({ name, pages: results.at(AXIS, STEPS.at(-1)!, name, 'poisoned').mean }))
      .filter(({ pages }) => pages > 0)
      .map(({ name, pages }) => `${name} ${shownNumber(pages)}`)
    return [
      `Nothing leaked at any rate under ${tight.join(', ')}.`,
      loose.length > 0 ? `The others leaked: ${loose.join('; ')}.` : '',
      idle.length > 0
        ? `Under ${idle.join(' and ')} no page was demoted at all: what locks allocations out locks demotion out.`
        : '',
      poison.length > 0
        ? `At ${STEPS.at(-1)} MB/s pages were lost to poison under ${poison.join(', ')}.`
        : `Nothing was poisoned at ${STEPS.at(-1)} MB/s.`,
    ]
      .filter((text) => text !== '')
      .join(' ')
  },
  limits:
    'One host, one device, a kernel that honours cpuset.mems when it demotes; files are clean and touched once while they are cached; the kernel gives nothing back.',
}

/** The kinds of which a policy ever let a page through. */
function leakedBy(results: Results, policy: string): string[] {
  return ['anon', 'pageCache', 'kernel'].filter((kind) =>
    results.along(AXIS, policy, kind).some(({ estimate }) => estimate.mean > 0),
  )
}
