/** How a pooled device should be divided when one of its hosts grows. */
import { figure, lostPercent } from './figures.ts'
import type { Experiment } from './experiment.ts'
import { shownNumber } from './table.ts'

const SCENARIO = `# Two hosts on a device: a service that needs half of it, and a neighbour whose data hardly compress and are rewritten, of growing size.
name: share-policies
duration: 10s
quantum: 10ms
devices:
  device-1: { physical: 384MiB, advertised: 2GiB, low: 5%, high: 10%, shares: { policy: none } }
hosts:
  host-1: { memory: 384MiB, devices: [device-1], watermarkScaleFactor: 100, swap: &swap { size: 2GiB, bandwidth: 500MB/s } }
  host-2: { memory: 384MiB, devices: [device-1], watermarkScaleFactor: 100, swap: *swap }
promoters:
  promoter-1: { host: host-1 }
  promoter-2: { host: host-2 }
workloads:
  service: { host: host-1, kind: zipf, start: 2s, size: 640MiB, accesses: 1M/s, skew: 1.2, content: redis_json, writes: { drift: redis_json } }
  noisy: { host: host-2, kind: zipf, size: 512MiB, accesses: 500k/s, skew: 0.8, writeShare: 30%, content: { ratio: 1.5 }, writes: incompressible }
`

const shares = (form: string) => [`devices.device-1.shares=${form}`]
const SIZES = [384, 512, 640, 768, 1024]

export const sharePolicies: Experiment = {
  name: 'shares',
  question: 'How should a pooled device be divided among its hosts?',
  hypothesis:
    'Without shares whoever grows takes from whoever does not. A limit protects the neighbour at any size; weights protect admissions alone, for a write cannot be refused.',
  scenario: SCENARIO,
  policies: [
    { name: 'none', overrides: [] },
    { name: 'hard', overrides: shares('{ policy: hard, limits: { host-1: 192MiB, host-2: 192MiB } }') },
    { name: 'weighted', overrides: shares('{ policy: weighted }') },
    { name: 'grace', overrides: shares('{ policy: grace, limits: { host-1: 184MiB, host-2: 184MiB }, grace: 8MiB }') },
  ],
  axes: [
    {
      name: 'neighbour',
      title: 'size of the neighbour, MiB',
      steps: SIZES.map((at) => ({ at, overrides: [`workloads.noisy.size=${at}MiB`] })),
    },
  ],
  measures: [
    { name: 'service', title: 'time lost by the service, %', of: (verdict) => lostPercent(verdict, 'host-1') },
    { name: 'noisy', title: 'time lost by the neighbour, %', of: (verdict) => lostPercent(verdict, 'host-2') },
    { name: 'refused', title: 'demotions of the service refused', of: (verdict) => figure(verdict, 'hosts.host-1.refused') },
    { name: 'swapped', title: 'pages of the service swapped in', of: (verdict) => figure(verdict, 'hosts.host-1.swappedIn') },
    {
      name: 'poisoned',
      title: 'pages of the service poisoned',
      of: (verdict) => figure(verdict, 'devices.device-1.byHost.host-1.poisonedPages'),
    },
    {
      name: 'lost',
      title: 'pages of the neighbour poisoned',
      of: (verdict) => figure(verdict, 'devices.device-1.byHost.host-2.poisonedPages'),
    },
  ],
  seeds: 3,
  finding: (results) => {
    const largest = SIZES.at(-1)!
    const told = sharePolicies.policies.map(({ name }) => {
      const at = (measure: string): string => shownNumber(results.at('neighbour', largest, name, measure).mean)
      return `${name}: the service loses ${at('service')} % of its time and ${at('poisoned')} pages, the neighbour ${at('noisy')} % and ${at('lost')} pages`
    })
    const still = sharePolicies.policies
      .map(({ name }) => name)
      .filter((name) => {
        const along = results.along('neighbour', name, 'refused')
        return along.every(({ estimate }) => estimate.mean === along[0]!.estimate.mean)
      })
    return [
      `With the largest neighbour (${largest} MiB), ${told.join('; ')}.`,
      still.length > 0
        ? `Under ${still.join(' and ')} what the service was refused does not depend on the neighbour's size at all.`
        : 'Under every policy the neighbour changes what the service is refused.',
    ].join(' ')
  },
  limits:
    'Two hosts with equal parts; shares of space alone, not of bandwidth, which the neighbour takes under any of them; what no product has (FACTS 7), so the policies are proposals.',
}
