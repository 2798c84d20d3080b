import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { analyse } from './analysis.ts'
import { FIGURE_NAMES, type FigureRow } from './figures.ts'
import { cellsOf, heatMapOf } from './heat-map.ts'
import { outcomeFrom, plainOf } from './outcome.ts'
import { parseSweep, type Sweep, sweepOf } from './sweep-file.ts'
import { sweepPage } from './page.ts'
import { storyOf } from './words.ts'

const FILE = `name: made-up
scenario: x
axes:
  a.size: [1MiB, 2MiB, 3MiB]
  a.policy: [hard, grace]
seeds: 2
`
const sweep = sweepOf(parseSweep(FILE, 'f'), 'x')

/** Figures of each variant; what is not given is sound and nothing. */
function given(of: Sweep, figures: (setting: number, seed: number) => Partial<FigureRow>) {
  return new Map(
    of.variants.map(({ index, setting, seed }) => {
      const none = Object.fromEntries(FIGURE_NAMES.map((name) => [name, 0])) as FigureRow
      return [index, { index, digest: '0'.repeat(32), figures: { ...none, bearOutrun: 1, ...figures(setting.number, seed) } }]
    }),
  )
}

describe('what a sweep says', () => {
  test('the front has who is beaten by nobody, and nobody is off it who is not beaten', () => {
    const figure = fc.record({
      slowdownWorst: fc.integer({ min: 1, max: 9 }),
      savedBytes: fc.integer({ min: -4, max: 4 }),
      bearOutrun: fc.constantFrom(0, 1, 1),
    })
    fc.assert(
      fc.property(fc.array(figure, { minLength: 6, maxLength: 6 }), (drawn) => {
        const { points, front } = analyse(
          sweep,
          given(sweep, (setting) => drawn[setting]!),
        )
        const sound = points.filter((point) => point.sound)
        const candidates = sound.length > 0 ? sound : points
        const beats = (x: FigureRow, y: FigureRow): boolean =>
          x.savedBytes >= y.savedBytes &&
          x.slowdownWorst <= y.slowdownWorst &&
          (x.savedBytes > y.savedBytes || x.slowdownWorst < y.slowdownWorst)
        for (const point of front) expect(candidates.some((other) => beats(other.means, point.means))).toBe(false)
        for (const point of candidates) {
          const covered = front.some(
            ({ means }) => means.savedBytes >= point.means.savedBytes && means.slowdownWorst <= point.means.slowdownWorst,
          )
          expect(covered).toBe(true)
        }
        expect(new Set(front).size).toBe(front.length)
      }),
    )
  })

  test('an effect is what an axis does on average, with its ends and how far seeds lie apart', () => {
    const outcomes = given(sweep, (setting, seed) => ({
      slowdownWorst: 1 + Math.floor(setting / 2) + 0.1 * seed + 0.01 * (setting % 2),
    }))
    const [size, policy] = analyse(sweep, outcomes).effects.slowdownWorst
    expect([size!.axis.path, size!.low.level.name, size!.high.level.name]).toEqual(['a.size', '1.00 MiB', '3.00 MiB'])
    expect(size!.size).toBeCloseTo(2)
    expect([size!.low.least, size!.low.mean, size!.low.greatest].map((value) => value.toFixed(3))).toEqual([
      '1.105',
      '1.155',
      '1.205',
    ])
    expect(policy!.size).toBeCloseTo(0.01)
    expect([policy!.low.level.name, policy!.high.level.name]).toEqual(['hard', 'grace'])
    expect(storyOf(analyse(sweep, outcomes)).join(' ')).toContain('Within what seeds do: a.policy.')
  })

  test('the heat map has the axes that matter most, or those that are asked for, and the mean in each cell', () => {
    const outcomes = given(sweep, (setting, seed) => ({ slowdownWorst: 1 + setting + seed }))
    const map = heatMapOf(analyse(sweep, outcomes))
    expect([map.columns.map(({ name }) => name), map.rows.map(({ name }) => name)]).toEqual([
      ['1.00 MiB', '2.00 MiB', '3.00 MiB'],
      ['grace', 'hard'],
    ])
    expect(cellsOf(map, 'slowdownWorst')).toEqual([
      [3.5, 5.5, 7.5],
      [2.5, 4.5, 6.5],
    ])
    const turned = sweepOf(parseSweep(`${FILE}heatMap: { x: a.policy }\n`, 'f'), 'x')
    expect(heatMapOf(analyse(turned, outcomes)).columns.map(({ name }) => name)).toEqual(['hard', 'grace'])
  })

  test('settings at which something was lost are not among the best, unless all are', () => {
    const one = analyse(
      sweep,
      given(sweep, (setting) => ({ savedBytes: setting, bearOutrun: setting === 5 ? 0 : 1 })),
    )
    expect(one.front.map(({ setting }) => setting.number)).toEqual([4])
    expect(storyOf(one)[1]).toMatch(/^At 1 of 6 settings some run ran out of space/)
    const all = analyse(
      sweep,
      given(sweep, (setting) => ({ savedBytes: setting, oomKills: 1 })),
    )
    expect(all.front.map(({ setting }) => setting.number)).toEqual([5])
    expect(storyOf(all)[1]).toMatch(/^At every setting/)
  })
})

test('an outcome is the same after it has been text, and what is none is not taken', () => {
  const [outcome] = given(sweep, () => ({ coverage: NaN, slowdownWorst: Infinity, savedBytes: -0.1 })).values()
  expect(outcomeFrom(JSON.parse(JSON.stringify(plainOf(outcome!))), 12)).toEqual(outcome)
  for (const wrong of [{ index: 12 }, { index: -1 }, { digest: 'x' }, { figures: [1] }, { more: 1 }]) {
    expect(outcomeFrom({ ...plainOf(outcome!), ...wrong }, 12)).toBeUndefined()
  }
})

describe('the page', () => {
  test('of a thousand variants along many axes is short enough to mail, and says which it leaves out', async () => {
    const axes = Array.from({ length: 8 }, (_, i) => `  workloads.service-${i}.rate: { from: 1MB/s, to: ${i + 2}MB/s }`).join(
      '\n',
    )
    const long = sweepOf(
      parseSweep(`name: long\nscenario: x\naxes:\n${axes}\nlatinHypercube: { samples: 500 }\nseeds: 4\n`, 'f'),
      'x',
    )
    const outcomes = given(long, (setting, seed) => ({
      slowdownWorst: 1 + ((setting * 7) % 500) + seed / 3,
      savedBytes: setting * 1e9,
    }))
    const analysis = analyse(long, outcomes)
    const page = await sweepPage(analysis, outcomes, storyOf(analysis))
    expect(page.length).toBeLessThanOrEqual(2e6)
    expect(page).toContain('800 more are in results.parquet')
  })

  test('takes names as text', async () => {
    const path = 'workloads."><script>alert(1)</script>'
    const hostile = sweepOf(parseSweep(`name: hostile\nscenario: "<b>"\naxes:\n  '${path}': ['<i>', a]\n`, 'f'), 'x')
    const outcomes = given(hostile, (setting) => ({ slowdownWorst: 2 - setting, savedBytes: setting }))
    const analysis = analyse(hostile, outcomes)
    const page = await sweepPage(analysis, outcomes, storyOf(analysis))
    expect(page).not.toMatch(/<script|<b>|<i>/)
    expect(page).toContain('&lt;script&gt;')
  })
})
