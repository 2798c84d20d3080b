import { describe, expect, test } from 'vitest'
import { axisUnitOf, measureOf, shownFigure, titleOf } from './measure.ts'

describe('a figure is shown by what its name says', () => {
  test.each([
    ['physicalBytes', 2 ** 30, 'physical', '1.00 GiB'],
    ['byHost.host-1.readNs.p99', 250, 'by host host-1 read p99', '250 ns'],
    ['latencyNs.mean', 12_345, 'latency mean', '12.3 us'],
    ['latenessMs', 31_085.9, 'lateness', '31.1 s'],
    ['directReclaimStallSeconds', 0.0122, 'direct reclaim stall', '12.2 ms'],
    ['minHeadroomAtSeconds', 0, 'min headroom at', '0 s'],
    ['coverage', 0.459, 'coverage', '45.9 %'],
    ['peakUtilisation', 0.1676, 'peak utilisation', '16.8 %'],
    ['compressionRatio', 1.6367, 'compression ratio', '1.64'],
    ['slowdown', 1.0403, 'slowdown', '1.040×'],
    ['bytesPerSecond', 4e8, 'rate', '400 MB/s'],
    ['accessesPerSecond', 2e6, 'accesses', '2.00 M/s'],
    ['refused.full', 58_885, 'refused full', '58.9 k'],
    ['leaked.anon', 0, 'leaked anon', '0'],
    ['whateverComesLater', 7, 'whatever comes later', '7'],
    ['coverage', NaN, 'coverage', '–'],
  ])('%s of %d is "%s": %s', (path, value, title, shown) => {
    expect([titleOf(path), shownFigure(path, value)]).toEqual([title, shown])
  })
})

test.each([
  ['usedBytes', 3e9, { name: 'GiB', divisor: 2 ** 30 }],
  ['usedBytes', 0, { name: 'B', divisor: 1 }],
  ['coverage', 0.2, { name: '%', divisor: 0.01 }],
  ['refused', 2e6, { name: 'million', divisor: 1e6 }],
  ['slowdown', 1.2, { name: '×', divisor: 1 }],
] as const)('an axis up to %s = %d has a unit in which that is easy to read', (path, greatest, unit) => {
  expect(axisUnitOf(measureOf(path), greatest)).toEqual(unit)
})
