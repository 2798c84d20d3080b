import { describe, expect, test } from 'vitest'
import { loadScenario } from '#shared/scenario.ts'
import { runScenario } from '#simulation/run.ts'
import { answerOf } from './answer.ts'
import { EXPERIMENTS, experimentOf } from './catalogue.ts'
import type { Experiment } from './experiment.ts'
import { study, trialsOf } from './study.ts'
import { shownNumber } from './table.ts'

/** Two policies at two steps of one axis, each run a tenth of a second. */
const SMALL: Experiment = {
  name: 'small',
  question: 'Who swaps?',
  hypothesis: 'Who has no device.',
  scenario: `name: small
duration: 300ms
quantum: 10ms
devices: { device-1: { physical: 64MiB, advertised: 128MiB } }
hosts: { host-1: { memory: 32MiB, devices: [device-1], watermarkScaleFactor: 200, swap: { size: 256MiB } } }
workloads: { a: { host: host-1, kind: uniform, size: 48MiB, accesses: 100k/s, content: redis_json } }
`,
  policies: [
    { name: 'device', overrides: [] },
    { name: 'none', overrides: ['hosts.host-1.devices=[]'] },
  ],
  axes: [
    {
      name: 'size',
      title: 'size, MiB',
      steps: [40, 56].map((at) => ({ at, overrides: [`workloads.a.size=${at}MiB`] })),
    },
  ],
  measures: [
    { name: 'swapped', title: 'pages swapped', of: ({ hosts }) => hosts['host-1']!['swappedOut'] as number },
    { name: 'demoted', title: 'pages demoted', of: ({ hosts }) => hosts['host-1']!['demoted'] as number },
  ],
  seeds: 2,
  finding: (results) => `${shownNumber(results.at('size', 56, 'none', 'swapped').mean)} pages.`,
  limits: 'It is small.',
}

describe('a study', () => {
  test('runs every policy at every step with every seed, and gives what single runs give, however many threads there are', async () => {
    const trials = trialsOf(SMALL, 2)
    expect(trials).toHaveLength(8)
    const alone = await Promise.all(
      trials.map(async ({ text, overrides }) => {
        const { scenario, yaml } = loadScenario(text, 'small', overrides)
        return (await runScenario({ scenario, yaml, out: undefined })).verdict
      }),
    )
    for (const workers of [1, 3]) {
      const digests = new Map<string, string>()
      const { results, digest, runs } = await study(SMALL, {
        workers,
        onRun: ({ overrides }, verdict) => void digests.set(overrides.join(' '), verdict.digest),
      })
      expect(runs).toBe(8)
      expect(trials.map(({ overrides }) => digests.get(overrides.join(' ')))).toEqual(alone.map((verdict) => verdict.digest))
      expect(digest).toBe(alone[0]!.digest)
      const { mean, high } = results.at('size', 56, 'none', 'swapped')
      const swapped = alone.slice(6).map(({ hosts }) => hosts['host-1']!['swappedOut'] as number)
      expect(mean).toBe((swapped[0]! + swapped[1]!) / 2)
      expect(mean).toBeGreaterThan(0)
      expect(high - mean).toBeCloseTo((12.706 * Math.abs(swapped[0]! - swapped[1]!)) / 2, 6)
      expect(results.at('size', 56, 'device', 'demoted').mean).toBeGreaterThan(0)
    }
  })

  test('ends with the signal that it is given', async () => {
    const abort = new AbortController()
    const running = study(SMALL, { seeds: 50, signal: abort.signal, onRun: () => abort.abort(new Error('enough')) })
    await expect(running).rejects.toThrow('enough')
    await expect(study(SMALL, { signal: abort.signal })).rejects.toThrow('enough')
  })

  test('fails with what a run failed of', async () => {
    const broken = { ...SMALL, policies: [{ name: 'x', overrides: ['hosts.host-1.nothing=1'] }] }
    await expect(study(broken)).rejects.toThrow(/nothing/)
  })
})

test('an answer has the finding, its limits, a table for each measure and a picture for each axis', async () => {
  const { text, charts } = await answerOf(await study(SMALL))
  expect(text).toContain('*Who swaps?* Who has no device.')
  expect(text).toMatch(/\d+ pages\.\n\nLimits: It is small\. 8 runs, 2 seeds a point/)
  expect(text).toMatch(/\*\*pages swapped\*\*\n\n\| size, MiB +\| +40 \| +56 \|\n\| -+ \| -+: \| -+: \|\n\| device +\|/)
  expect(Object.keys(charts)).toEqual(['size'])
  expect(charts['size']).toMatch(/^<svg[^]*pages demoted[^]*none[^]*<\/svg>$/)
})

test.each([
  [0, '0'],
  [1234.6, '1235'],
  [12.345, '12.3'],
  [0.012345, '0.0123'],
  [0.00012, '1.2e-4'],
  [-2.34567, '-2.35'],
])('%d is shown as %s', (value, shown) => {
  expect(shownNumber(value)).toBe(shown)
})

describe('the catalogue', () => {
  test.each(EXPERIMENTS.map((experiment) => [experiment.name, experiment] as const))(
    '%s asks for runs that can be made, under names that are used once',
    (_, experiment) => {
      for (const { text, overrides } of trialsOf(experiment, 1)) loadScenario(text, experiment.name, overrides)
      const { policies, axes, measures } = experiment
      for (const named of [policies, axes, measures]) expect(new Set(named.map(({ name }) => name)).size).toBe(named.length)
    },
  )

  test('knows what it has', () => {
    expect(experimentOf('race').name).toBe('race')
    expect(() => experimentOf('nothing')).toThrow(/^CP_OPTION NAME: there is no experiment nothing; expected one of race/)
  })
})
