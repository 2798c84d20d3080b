import { describe, expect, test } from 'vitest'
import type { Figure } from './figure.ts'
import { plotter } from './plot.ts'

const seconds = Float64Array.from({ length: 2000 }, (_, i) => i)

function figure(values: ArrayLike<number>, more: Partial<Figure> = {}): Figure {
  return {
    title: 'x',
    measure: 'times',
    marks: [],
    lines: [{ name: 'a', colour: '#0072b2', points: { seconds, values } }],
    ...more,
  }
}

function labels(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!)
}

describe('a plot', () => {
  test('has axes with all their digits, though its paths have few', async () => {
    const svg = await (await plotter(2000))(figure(seconds.map((i) => 1.02 + (i % 7) / 100)))
    expect(labels(svg)).toEqual(expect.arrayContaining(['0 s', '2000 s', '1.02', '1.04', '1.08']))
    expect(svg).not.toMatch(/[ML,]\d+\.\d\d/)
  })

  test('of a long series is small, and a peak of one sample is still in it', async () => {
    const flat = seconds.map((i) => (i === 777 ? 9 : 1 + (i % 2) / 10))
    const svg = await (await plotter(2000))(figure(flat))
    expect(svg.length).toBeLessThan(15_000)
    // 777 of 2000 on 352 pixels, at the top.
    expect(svg).toMatch(/L136\.7,[\d.]{1,4}L/)
  })

  test('of a stack keeps the peak of the whole, which no part has', async () => {
    const [up, down] = [seconds.map((i) => i / 2000), seconds.map((i) => (i === 1000 ? 1 : 1 - i / 2000))]
    const areas = [up, down].map((values, i) => ({ name: `${i}`, colour: '#0072b2', points: { seconds, values } }))
    const svg = await (await plotter(2000))(figure([], { lines: [], areas, measure: 'ratio' }))
    expect(svg).toMatch(/[ML]176,/)
  })

  test('leaves nothing of the one before in the next', async () => {
    const plot = await plotter(2000)
    const one = figure(seconds.map(() => 2))
    const first = await plot(one)
    const mark = { number: 1, seconds: 5, event: { seconds: 5, actor: 'x', code: 'y', fields: {} } }
    const areas = [{ name: 'b', colour: '#d55e00', points: { seconds, values: seconds } }]
    await plot(figure(seconds, { areas, marks: [mark], levels: [{ name: 'l', value: 3 }], fromSeconds: 3 }))
    const again = await plot(one)
    expect(labels(again).toSorted()).toEqual(labels(first).toSorted())
    expect(again.match(/ d="[^"]*"/g)).toEqual(first.match(/ d="[^"]*"/g))
    expect(again).not.toMatch(/#d55e00|bold/)
  })
})
