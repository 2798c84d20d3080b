/** How much of a device each host may take, as a scenario gives it. What it means is in services/device/shares.ts. */
import { z } from 'zod'
import type { DeviceScenario, Scenario } from '../scenario.ts'
import { formatBytes } from '../units.ts'
import { mapping, perHost, size, whole } from './fields.ts'
import { oneOf, type Path, type Problem, shown } from './problems.ts'

const limits = perHost('limits', size('What the host may take at most', { min: '64KiB', max: '16TiB' })).describe(
  'For each host of the device what it may take at most',
)

const none = mapping('No shares', { policy: z.literal('none') })

const hard = mapping('A limit that no host exceeds', { policy: z.literal('hard'), limits })

const weighted = mapping('Parts by weight, which bind while the device is short', {
  policy: z.literal('weighted'),
  weights: perHost('weights', whole('Its weight', 1, 1000))
    .default({})
    .describe('For hosts of the device their weights; default 1'),
})

const grace = mapping('A limit that writes may overdraw, until the writers are paused', {
  policy: z.literal('grace'),
  limits,
  // S: FACTS 7, MICRO'24.
  grace: size('Bytes by which writes may overdraw the limit; default 10MB', { min: '0B', max: '16TiB' }).prefault('10MB'),
})

const POLICIES = [none, hard, weighted, grace] as const
const NAMES = POLICIES.map((policy) => policy.shape.policy.value).join(', ')

export const shares = z
  .discriminatedUnion('policy', POLICIES, {
    error: (issue) => (issue.code === 'invalid_union' ? `one of ${NAMES}` : `a mapping with policy: one of ${NAMES}`),
  })
  .default({ policy: 'none' })
  .describe('How much of it each host may take; default { policy: none }')

/** Shares name the device's hosts, and fit it. */
export function* shareProblems(id: string, device: DeviceScenario, hosts: Scenario['hosts']): Iterable<Problem> {
  const { shares: given, physical, low } = device
  if (given.policy === 'none') return
  const path = ['devices', id, 'shares']
  const sharing = Object.keys(hosts).filter((host) => hosts[host]!.devices.includes(id))
  const field = given.policy === 'weighted' ? 'weights' : 'limits'
  const named = Object.keys(given.policy === 'weighted' ? given.weights : given.limits)
  for (const host of named) {
    if (sharing.includes(host)) continue
    yield problem(
      'CP_SCENARIO_NAME',
      [...path, field, host],
      `got ${shown(host)}, which does not use ${id}`,
      oneOf(sharing, host),
    )
  }
  if (given.policy === 'weighted') {
    // Without it nobody would be told to give anything back before the device is full.
    if (low === 0) yield problem('CP_SCENARIO_SHAPE', ['devices', id, 'low'], 'got 0%', 'more than 0%, for weighted shares')
    return
  }
  const missing = sharing.filter((host) => !named.includes(host))
  if (missing.length > 0) {
    yield problem(
      'CP_SCENARIO_SHAPE',
      [...path, 'limits'],
      `got no limit for ${missing.join(', ')}`,
      `one for each host of ${id}`,
    )
  }
  const overdraft = given.policy === 'grace' ? given.grace : 0
  const together = Object.values(given.limits).reduce((sum, limit) => sum + limit + overdraft, 0)
  if (together > physical) {
    const what = given.policy === 'grace' ? 'limits, with the grace of each host,' : 'limits'
    yield problem(
      'CP_SCENARIO_SHAPE',
      [...path, 'limits'],
      `got ${formatBytes(together)} in all`,
      `${what} that fit the physical capacity together (${formatBytes(physical)})`,
    )
  }
}

function problem(code: Problem['code'], path: Path, text: string, expected: string): Problem {
  return { code, path, problem: text, expected }
}
