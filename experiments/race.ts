/** Whether any promotion loop outruns the bear, by where it hears of hot pages, how fast the bear is, and how much room is left. */
import { lostPercent, poisonedPages } from './figures.ts'
import type { Experiment, Results } from './experiment.ts'

const SCENARIO = `# One host, one device, a service of which the cold half is demoted, and a bear that begins to overwrite its pooled pages at 5 s.
name: race
duration: 12s
quantum: 10ms
devices:
  device-1: { physical: 448MiB, advertised: 2GiB, low: 5%, high: 10%, hotness: {} }
hosts:
  host-1: { memory: 1GiB, devices: [device-1], watermarkScaleFactor: 200 }
promoters:
  promoter-1: { host: host-1, hints: false, chmu: false }
workloads:
  bear: { host: host-1, kind: bear, size: 512MiB, content: gcc, rate: 60MB/s, attack: 5s }
  service-1: { host: host-1, kind: zipf, start: 1s, size: 1GiB, accesses: 1M/s, skew: 1.2, content: redis_json }
`

const QUICK = ['promoters.promoter-1.chmu=true', 'promoters.promoter-1.threshold=1', 'promoters.promoter-1.sleep=50ms']

export const race: Experiment = {
  name: 'race',
  question: 'Can any promotion loop outrun the bear?',
  hypothesis:
    'Promotion takes off what is overwritten after it has grown. It keeps up as long as the bear makes less hot in an epoch than the monitor can list, and grows less until the list is read than there is room for.',
  scenario: SCENARIO,
  policies: [
    { name: 'no promotion', overrides: [] },
    {
      name: 'hint faults',
      overrides: ['promoters.promoter-1.hints=true', 'hosts.host-1.isolation={ policy: private-node, numaBalancing: true }'],
    },
    { name: 'CHMU, 1 s epoch', overrides: ['promoters.promoter-1.chmu=true'] },
    {
      name: 'CHMU, 100 ms epoch, long list',
      overrides: [...QUICK, 'devices.device-1.hotness.epoch=100ms', 'devices.device-1.hotness.hotlist=8192'],
    },
  ],
  axes: [
    {
      name: 'rate',
      title: 'rate of the bear, MB/s',
      steps: [15, 30, 60, 120, 240].map((at) => ({ at, overrides: [`workloads.bear.rate=${at}MB/s`] })),
    },
    {
      name: 'room',
      title: 'physical capacity, MiB',
      steps: [384, 416, 448, 512, 640].map((at) => ({ at, overrides: [`devices.device-1.physical=${at}MiB`] })),
    },
  ],
  measures: [
    { name: 'outrun', title: 'share of runs in which the bear was outrun', of: (verdict) => (verdict.bear.outrun ? 1 : 0) },
    {
      name: 'headroom',
      title: 'closest headroom, MiB',
      of: (verdict) => verdict.bear.closestHeadroomBytes / 2 ** 20,
    },
    { name: 'poisoned', title: 'pages poisoned', of: poisonedPages },
    { name: 'lost', title: 'time lost against all-DRAM, %', of: (verdict) => lostPercent(verdict, 'host-1') },
  ],
  seeds: 5,
  finding: (results) => {
    const fastest = race.policies.map(({ name }) => ({ name, rate: lastOutrun(results, name) }))
    const best = fastest.reduce((most, next) => (next.rate > most.rate ? next : most))
    const told = fastest.map(({ name, rate }) => (rate === 0 ? `${name}: none of these` : `${name}: up to ${rate} MB/s`))
    return `The fastest bear that was outrun in every run, in 448 MiB: ${told.join('; ')}. ${
      best.rate === 0
        ? 'None outran it.'
        : `The quickest source of hot pages, ${best.name}, decides; it is the time from a write to its report that counts, not the migration.`
    }`
  },
  limits: 'One host, one bear, content like gcc overwritten by what does not compress; no shares, pages mapped writable.',
}

function lastOutrun(results: Results, policy: string): number {
  const outrun = results.along('rate', policy, 'outrun').filter(({ estimate }) => estimate.mean === 1)
  return outrun.reduce((most, { at }) => Math.max(most, at), 0)
}
