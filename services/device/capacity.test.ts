import { expect, test } from 'vitest'
import { Capacity } from './capacity.ts'

test('the interrupt has hysteresis: raised below low, taken back only above high', () => {
  const capacity = new Capacity(1000, 0.1, 0.15)
  const seen = [500, 100, 99, 50, 120, 150, 151, 149, 100, 99].map((remaining) => [capacity.crossed(remaining), capacity.level])
  expect(seen).toEqual([
    [false, 0],
    [false, 0],
    [true, 1000],
    [false, 1000],
    [false, 1000],
    [false, 1000],
    [true, 0],
    [false, 0],
    [false, 0],
    [true, 1000],
  ])
})

test('the interrupt comes back from its snapshot on the side of the thresholds where it was', () => {
  const pressed = new Capacity(1000, 0.1, 0.15)
  pressed.crossed(10)
  const twin = new Capacity(1000, 0.1, 0.15)
  twin.restore(pressed.snapshot())
  expect([twin.level, twin.crossed(120), twin.crossed(200), twin.level, pressed.level]).toEqual([1000, false, true, 0, 1000])
})
