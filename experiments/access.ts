/** How demoted pages should be mapped: in place, behind faults, or not at all, as writes, the bear and the room change. */
import { figure, lostPercent, poisonedPages } from './figures.ts'
import type { Experiment, Results } from './experiment.ts'
import { shownNumber } from './table.ts'

const SCENARIO = `# A service of which the colder half is demoted, and a bear that begins to overwrite its own pages at 4 s.
name: access-policies
duration: 10s
quantum: 10ms
devices:
  device-1: { physical: 176MiB, advertised: 1GiB, low: 5%, high: 10%, hotness: { epoch: 100ms, hotlist: 8192 } }
hosts:
  host-1: { memory: 512MiB, devices: [device-1], watermarkScaleFactor: 100, swap: { size: 2GiB, bandwidth: 200MB/s } }
promoters:
  promoter-1: { host: host-1, threshold: 1, sleep: 50ms }
workloads:
  bear: { host: host-1, kind: bear, size: 256MiB, content: gcc, rate: 100MB/s, attack: 4s }
  service-1: { host: host-1, kind: zipf, start: 1s, size: 512MiB, accesses: 1M/s, skew: 1.2, content: redis_json, writes: { drift: redis_json } }
`

const access = (policy: string) => [`hosts.host-1.access=${policy}`]
const READS = [50, 75, 90, 99]
const BEARS = [25, 100, 400, 1600]

export const accessPolicies: Experiment = {
  name: 'access',
  question: 'What do the read-only cage and a writable budget each cost?',
  hypothesis:
    'Whatever lets a page grow where it lies loses against a fast enough bear. What faults on writes cannot lose, and pays with the time of its faults: the more, the more is written.',
  scenario: SCENARIO,
  policies: [
    { name: 'direct', overrides: access('direct') },
    { name: 'read-only', overrides: access('read-only') },
    { name: 'write-budget', overrides: access('write-budget') },
    { name: 'fault-on-access', overrides: access('fault-on-access') },
    { name: 'swap-only', overrides: access('swap-only') },
  ],
  axes: [
    {
      name: 'reads',
      title: "share of reads among the service's accesses, %",
      steps: READS.map((at) => ({ at, overrides: [`workloads.service-1.writeShare=${100 - at}%`] })),
    },
    {
      name: 'bear',
      title: 'rate of the bear, MB/s',
      steps: BEARS.map((at) => ({ at, overrides: [`workloads.bear.rate=${at}MB/s`] })),
    },
    {
      name: 'room',
      title: 'physical capacity, MiB',
      steps: [144, 160, 176, 224].map((at) => ({ at, overrides: [`devices.device-1.physical=${at}MiB`] })),
    },
  ],
  measures: [
    { name: 'lost', title: 'time lost against all-DRAM, %', of: (verdict) => lostPercent(verdict, 'host-1') },
    { name: 'poisoned', title: 'pages poisoned', of: poisonedPages },
    {
      name: 'faults',
      title: 'faults on demoted pages',
      of: (verdict) => figure(verdict, 'hosts.host-1.writeFaults') + figure(verdict, 'hosts.host-1.accessFaults'),
    },
    { name: 'swapped', title: 'pages swapped in', of: (verdict) => figure(verdict, 'hosts.host-1.swappedIn') },
  ],
  seeds: 3,
  finding: (results) => {
    const losers = accessPolicies.policies
      .map(({ name }) => ({ name, at: firstPoison(results, name) }))
      .filter(({ at }) => at !== undefined)
      .map(({ name, at }) => `${name} from ${at} MB/s on`)
    const safe = accessPolicies.policies
      .map(({ name }) => name)
      .filter((name) =>
        results.points
          .filter((point) => point.policy === name && point.measure === 'poisoned')
          .every(({ estimate }) => estimate.mean === 0),
      )
    const cost = (name: string): string =>
      `${name} ${shownNumber(results.at('reads', 99, name, 'lost').mean)} % at 99 % reads, ${shownNumber(results.at('reads', 50, name, 'lost').mean)} % at half`
    return [
      losers.length > 0 ? `Pages were poisoned under ${losers.join(' and ')}.` : 'No bear poisoned anything.',
      safe.length > 0 ? `Nothing was ever lost under ${safe.join(', ')}.` : '',
      `Of the time of all workloads the mappings cost: ${accessPolicies.policies.map(({ name }) => cost(name)).join('; ')}.`,
    ]
      .filter((text) => text !== '')
      .join(' ')
  },
  limits:
    'One host alone on its device, one quick promoter; faults cost what FACTS and the code say of them, some of it estimates (letter R); the bear is one thread that waits for its own faults.',
}

/** The slowest bear of the axis that poisoned something. */
function firstPoison(results: Results, policy: string): number | undefined {
  return results.along('bear', policy, 'poisoned').find(({ estimate }) => estimate.mean > 0)?.at
}
