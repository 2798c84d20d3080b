import { describe, expect, test } from 'vitest'
import { COLOURS } from '../chart.ts'
import { OTHERS } from './palette.ts'
import { CARDS, SHADES } from './style.ts'

/** WCAG 2.2's relative luminance. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
}

function contrast(x: string, y: string): number {
  const [high, low] = [luminance(x), luminance(y)].toSorted((a, b) => b - a)
  return (high! + 0.05) / (low! + 0.05)
}

describe('colours of charts', () => {
  test.each([...COLOURS, OTHERS])('%s stands out 3 : 1 from a light card and from a dark one', (colour) => {
    expect(contrast(SHADES[colour]!.light, CARDS.light)).toBeGreaterThanOrEqual(3)
    expect(contrast(SHADES[colour]!.dark, CARDS.dark)).toBeGreaterThanOrEqual(3)
  })

  test('no two are shown alike', () => {
    for (const theme of ['light', 'dark'] as const) {
      expect(new Set(Object.values(SHADES).map((shade) => shade[theme])).size).toBe(COLOURS.length + 1)
    }
  })
})
