/** The schema of a scenario: the shape alone; what must fit together is in consistency.ts. */
import { z } from 'zod'
import { NS_PER_MS, NS_PER_S } from '../time.ts'
import { isMapped } from './access.ts'
import { device } from './device.ts'
import { mapping, named, time, whole } from './fields.ts'
import { host, promoter } from './host.ts'
import { hintFaultsReach } from './isolation.ts'
import { workload } from './workload.ts'

const NAME_EXPECTED = 'at most 64 of a-z, 0-9 and -'

const top = mapping('A coldpool scenario', {
  name: z
    .string(NAME_EXPECTED)
    .regex(/^[a-z0-9-]{1,64}$/, NAME_EXPECTED)
    .describe('Names the run'),
  seed: whole('Of all randomness; default 1', 0, Number.MAX_SAFE_INTEGER).default(1),
  duration: time('Virtual time to simulate', { min: '1ms', max: '10h', whole: true }),
  quantum: time('Resolution of virtual time; default 1ms', { min: '10us', max: '100ms', whole: true }).prefault('1ms'),
  tick: time('Steady accounting, a whole multiple of the quantum; default 10ms, or the quantum if larger', {
    min: '10us',
    max: '1m',
    whole: true,
  }).optional(),
  sample: time('Sampling of metrics, a whole multiple of the quantum; default 1s', {
    min: '10us',
    max: '1h',
    whole: true,
  }).optional(),
  devices: named('devices', device, 1, 16),
  hosts: named('hosts', host, 1, 64),
  promoters: named('promoters', promoter, 0, 64).prefault({}),
  workloads: named('workloads', workload, 1, 256),
})

/** The fields that have a command-line option of their own. */
export const { seed, duration, quantum } = top.shape

export const schema = top.transform((given) => ({
  ...given,
  promoters: Object.fromEntries(
    Object.entries(given.promoters).map(([id, one]) => [id, { ...one, hints: one.hints ?? reached(given.hosts, one.host) }]),
  ),
  tick: given.tick ?? onGrid(10 * NS_PER_MS, given.quantum),
  sample: given.sample ?? onGrid(NS_PER_S, given.quantum),
}))

function reached(hosts: z.output<typeof top>['hosts'], name: string): boolean {
  return !Object.hasOwn(hosts, name) || (hintFaultsReach(hosts[name]!) && isMapped(hosts[name]!.access))
}

/** The first whole multiple of the quantum from `timeNs` on. */
function onGrid(timeNs: number, quantumNs: number): number {
  return Math.ceil(timeNs / quantumNs) * quantumNs
}
