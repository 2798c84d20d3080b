import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatByteRate,
  formatBytes,
  formatCount,
  formatPercentage,
  formatTime,
  parseByteRate,
  parseBytes,
  parseEventRate,
  parsePercentage,
  parseTime,
  UnitError,
} from './units.ts'

/** What it throws, else what it gives. */
function errorOf(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}

describe('parsing', () => {
  it.each([
    [parseBytes, '64GiB', 64 * 2 ** 30],
    [parseBytes, '2.5GiB', 2.5 * 2 ** 30],
    [parseBytes, '512B', 512],
    [parseBytes, '4KiB', 4096],
    [parseBytes, '100MB', 100_000_000],
    [parseBytes, '0B', 0],
    [parseBytes, '1.3GiB', 1_395_864_371],
    [parseTime, '1ms', 1_000_000],
    [parseTime, '100us', 100_000],
    [parseTime, '2.3us', 2300],
    [parseTime, '2.9ns', 2.9],
    [parseTime, '1s', 1e9],
    [parseTime, '2m', 120e9],
    [parseTime, '10h', 36_000e9],
    [parseByteRate, '20GB/s', 20e9],
    [parseByteRate, '1MiB/s', 1_048_576],
    [parseByteRate, '65536MB/s', 65_536e6],
    [parseEventRate, '2M/s', 2e6],
    [parseEventRate, '500k/s', 5e5],
    [parseEventRate, '0.5/s', 0.5],
    [parsePercentage, '10%', 0.1],
    [parsePercentage, '33.3%', 0.333],
    [parsePercentage, '70%', 0.7],
  ])('%o reads %s as %d', (parse, text, value) => {
    expect(parse(text)).toBe(value)
  })

  it.each([
    [parseBytes, '64', 'without a unit'],
    [parseBytes, '-64GiB', 'negative'],
    [parseBytes, '64gib', 'does not fit'],
    [parseBytes, '64GiB/s', 'does not fit'],
    [parseBytes, '64 GiB', 'got "64 GiB"'],
    [parseBytes, '1e3B', 'got "1e3B"'],
    [parseBytes, '.5GiB', 'got ".5GiB"'],
    [parseBytes, 'NaN', 'got "NaN"'],
    [parseBytes, '', 'got ""'],
    [parseBytes, '8192TiB', '2^53'],
    [parseBytes, '9'.repeat(24) + 'TiB', '2^53'],
    [parseBytes, '9'.repeat(5000) + 'B', 'got'],
    [parseTime, '5 minutes', 'got'],
    [parseTime, '10h\n', 'got "10h\\n"'],
    [parseTime, '1toString', 'does not fit'],
    [parseByteRate, '20GB', 'does not fit'],
    [parseEventRate, '2M', 'does not fit'],
    [parsePercentage, '0.1', 'without a unit'],
  ])('%o rejects %s and says why', (parse, text, why) => {
    const error = errorOf(() => parse(text))
    expect(error).toBeInstanceOf(UnitError)
    expect((error as UnitError).problem).toContain(why)
    expect((error as UnitError).message).toMatch(/^got .*; expected a .* such as /)
    expect((error as UnitError).message.length).toBeLessThan(200)
  })

  it('is exact for every whole number of every unit below 2^53', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8191 }), fc.constantFrom('B', 'KiB', 'MiB', 'GiB', 'TiB'), (n, unit) => {
        const power = ['B', 'KiB', 'MiB', 'GiB', 'TiB'].indexOf(unit)
        expect(parseBytes(`${n}${unit}`)).toBe(n * 1024 ** power)
      }),
    )
  })

  it('never throws anything but a UnitError, and never gives a negative or unsafe number', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(parseBytes, parseTime, parseByteRate, parseEventRate), (text, parse) => {
        const outcome = errorOf(() => parse(text))
        return outcome instanceof UnitError || (typeof outcome === 'number' && outcome >= 0 && outcome <= Number.MAX_SAFE_INTEGER)
      }),
    )
  })
})

describe('formatting', () => {
  it.each([
    [formatBytes(0), '0 B'],
    [formatBytes(512), '512 B'],
    [formatBytes(1023.9 * 1024), '1.00 MiB'],
    [formatBytes(2.5 * 2 ** 30), '2.50 GiB'],
    [formatBytes(-3 * 2 ** 20), '-3.00 MiB'],
    [formatByteRate(20e9), '20.0 GB/s'],
    [formatCount(999), '999'],
    [formatCount(1_234_567), '1.23 M'],
    [formatCount(999_600), '1.00 M'],
    [formatTime(80), '80 ns'],
    [formatTime(2900), '2.90 us'],
    [formatTime(31.2e9), '31.2 s'],
    [formatTime(900e9), '15.0 min'],
    [formatTime(36_000e9), '10.0 h'],
    [formatPercentage(0.0125), '1.25 %'],
  ])('gives %s', (got, expected) => {
    expect(got).toBe(expected)
  })
})
