import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ScenarioError } from '#shared/scenario/problems.ts'
import { axisOf } from './axis.ts'
import { sweepJsonSchema } from './form.ts'
import { hypercubeOf } from './settings.ts'
import { checkSettings } from './mistakes.ts'
import { parseSweep } from './sweep-file.ts'
import { TINY, tinySweep } from './tiny.fixture.ts'

const linesOf = (work: () => unknown): string[] => {
  try {
    work()
  } catch (error) {
    if (error instanceof ScenarioError) return error.message.split('\n')
    throw error
  }
  return []
}
const texts = (path: string, form: Parameters<typeof axisOf>[1]): string[] => axisOf(path, form).values.map(({ text }) => text)

describe('a sweep file', () => {
  test('is every combination of its axes, with every seed, the last axis and then the seed fastest', () => {
    const { variants, settings } = tinySweep()
    expect([settings.length, variants.length]).toEqual([6, 12])
    expect(variants[3]!.overrides).toEqual([
      'workloads.bear.attack=150ms',
      'devices.device-1.physical=4MiB',
      'workloads.bear.rate=80MB/s',
      'seed=2',
    ])
    expect(variants.map(({ index }) => index)).toEqual(variants.map((_, i) => i))
  })

  test.each([
    ['an unknown key', 'seeds: 2', 'seed: 2', 'CP_SWEEP seed: unknown key "seed" (line 7); expected seeds'],
    ['no scenario', 'scenario: tiny.yaml', 'seeds: 1', 'CP_SWEEP sweep.yaml:7: key "seeds" appears twice'],
    ['no axes', /axes:[^]*seeds/, 'seeds', 'CP_SWEEP axes: missing (line 1); expected a mapping'],
    [
      'a range without steps',
      'steps: 3, ',
      '',
      'CP_SWEEP axes."devices.device-1.physical": has no steps (line 5); expected steps',
    ],
    [
      'ends of two kinds',
      '16MiB',
      '16ms',
      'CP_SWEEP axes."devices.device-1.physical": its ends are not two quantities of one kind',
    ],
    [
      'an unknown key of a range',
      'scale: log',
      'skale: log',
      'CP_SWEEP axes."devices.device-1.physical".skale: unknown key "skale"',
    ],
    ['a log scale from zero', '4MiB', '0B', 'CP_SWEEP axes."devices.device-1.physical": has an end that is not above zero'],
    ['a value twice', '80MB/s', '20MB/s', 'CP_SWEEP axes."workloads.bear.rate": has a value twice'],
    ['an empty list', '[20MB/s, 80MB/s]', '[]', 'CP_SWEEP axes."workloads.bear.rate": got a list'],
    [
      'a word for an axis',
      '[20MB/s, 80MB/s]',
      'fast',
      'CP_SWEEP axes."workloads.bear.rate": got "fast" (line 6); expected a list of values',
    ],
    ['a path that is none', 'workloads.bear.rate', 'a..b', 'CP_SWEEP axes."a..b": got the name "a..b"'],
    [
      'an axis that is set',
      'workloads.bear.attack',
      'workloads.bear.rate',
      'CP_SWEEP axes."workloads.bear.rate": is set for all variants',
    ],
    ['seeds as an axis', 'workloads.bear.rate: [20MB/s, 80MB/s]', 'seed: [1, 2]', 'CP_SWEEP axes.seed: seeds are no axis'],
    [
      'too many variants',
      'steps: 3',
      'steps: 1000}\n  a.b: { from: 1, to: 2, steps: 1000',
      'CP_SWEEP sweep.yaml: has 4000000 variants',
    ],
    ['a map of no axis', 'seeds: 2', 'heatMap: { x: a.b }', 'CP_SWEEP heatMap.x: got a.b'],
  ] as const)('with %s is refused in a line that says where', (_, from, to, line) => {
    const changed = TINY.replace(from, to)
    expect(changed).not.toBe(TINY)
    const lines = linesOf(() => parseSweep(changed, 'sweep.yaml'))
    expect(lines[0]?.slice(0, line.length)).toBe(line)
  })

  test('whose settings are no scenarios is refused with the setting', () => {
    const lines = linesOf(() => checkSettings(tinySweep(TINY.replace('bear.rate', 'bear.speed'))))
    expect(lines[0]).toMatch(
      /^CP_OVERRIDE workloads\.bear\.speed: unknown key .*, with devices\.device-1\.physical=4MiB, workloads/,
    )
  })

  test('has a JSON Schema that knows lists and ranges', () => {
    const schema = JSON.stringify(sweepJsonSchema())
    expect(schema).toContain('"title":"coldpool sweep"')
    expect(schema).toContain('"from"')
  })
})

describe('the values of an axis', () => {
  test('lie between ends that stay as they were written, evenly or by a factor, in the unit of the first', () => {
    expect(texts('a', { from: '512MiB', to: '2GiB', steps: 3, scale: 'log' })).toEqual(['512MiB', '1024MiB', '2GiB'])
    expect(texts('a', { from: '10%', to: '20%', steps: 5 })).toEqual(['10%', '12.5%', '15%', '17.5%', '20%'])
    expect(texts('a', { from: 1, to: 8, steps: 4, whole: true })).toEqual(['1', '3', '6', '8'])
    expect(texts('a', { from: '1ms', to: '1s', steps: 4, scale: 'log' })).toEqual(['1ms', '10ms', '100ms', '1s'])
  })

  test('keep what YAML would take for something else, and what is no quantity', () => {
    expect(texts('a', { values: ['hard', 'true', true, '12', { policy: 'none' }, ['device-1']] })).toEqual([
      'hard',
      '"true"',
      'true',
      '"12"',
      '{"policy":"none"}',
      '["device-1"]',
    ])
  })

  test('stand in a column that says their unit, as numbers of it', () => {
    const axis = axisOf('hosts.*.memory', { values: ['1GiB', '512MiB'] })
    expect([axis.column, axis.values.map(({ number }) => number)]).toEqual(['hosts_each_memory_bytes', [2 ** 30, 2 ** 29]])
    expect(axisOf('workloads.bear.rate', { from: '1MB/s', to: '2MB/s', steps: 2 }).column).toBe(
      'workloads_bear_rate_bytesPerSecond',
    )
    expect(axisOf('a.policy', { values: ['hard', 'grace'] })).toMatchObject({ column: 'a_policy', numeric: false })
  })
})

describe('a Latin hypercube', () => {
  const axes = [axisOf('a.x', { from: 0, to: 1 }), axisOf('b.y', { from: '1MiB', to: '1GiB', scale: 'log' })]

  test('has one setting in each of as many equal parts of every axis, whatever the seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.nat(), (samples, seed) => {
        const settings = hypercubeOf(axes, samples, seed)
        const shares = [
          settings.map(({ values }) => values[0]!.number!),
          settings.map(({ values }) => Math.log2(values[1]!.number! / 2 ** 20) / 10),
        ]
        for (const share of shares) {
          // Values are rounded to six digits, so that one may lie on the edge of its part.
          for (const [part, value] of share.toSorted((x, y) => x - y).entries()) {
            expect(value * samples).toBeGreaterThan(part - 1e-3)
            expect(value * samples).toBeLessThan(part + 1 + 1e-3)
          }
        }
      }),
      { numRuns: 50 },
    )
  })

  test('is the same for a seed, another for another, and its axes are drawn apart', () => {
    const draw = (seed: number, which = axes) => hypercubeOf(which, 8, seed).map(({ values }) => values.map(({ text }) => text))
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1)).not.toEqual(draw(2))
    expect(draw(1, axes.slice(1)).flat()).toEqual(draw(1).map(([, y]) => y))
  })
})
