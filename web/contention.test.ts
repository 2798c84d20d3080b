import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { correlationOf, latencies, pearson, tormentorOf } from './contention.ts'
import { runOf } from './run.fixture.ts'

const HOSTS = { bear: ['device-1'], quiet: ['device-1'], victim: ['device-1'], other: ['device-2'] }

/** The bear writes and grows in every second second, and then the victim is refused and reads slowly; a quiet one only grows. */
function troubled() {
  let [bytes, refused, reads, ns] = [0, 0, 0, 0]
  return runOf(
    HOSTS,
    Array.from({ length: 101 }, (_, i) => {
      const grows = Math.floor(i / 10) % 2 === 1
      bytes += grows ? 1000 : 0
      refused += grows ? 50 : 0
      reads += 100
      ns += 100 * (grows ? 900 : 100)
      return [
        i / 10,
        {
          'device-1': {
            'byHost.bear.usedBytes': bytes,
            'byHost.bear.readBytes': 0,
            'byHost.bear.writeBytes': bytes * 64,
            'byHost.bear.refused': 0,
            'byHost.quiet.usedBytes': i * i,
            'byHost.quiet.readBytes': 0,
            'byHost.quiet.writeBytes': 0,
            'byHost.victim.usedBytes': 5000,
            'byHost.victim.refused': refused,
            'byHost.victim.writeBytes': 0,
            'byHost.victim.readBytes': reads * 64,
            'byHost.victim.readNs.mean': ns / reads,
          },
        },
      ] as const
    }),
  )
}

describe('contention', () => {
  test('is seen where the refusals of one rise with the bytes of another, and its latency with the other’s traffic', () => {
    expect(correlationOf(troubled(), 'victim', 'bear', 'refusals')).toBeGreaterThan(0.95)
    expect(correlationOf(troubled(), 'victim', 'bear', 'latency')).toBeGreaterThan(0.95)
  })

  test('names for each host with whom it suffers most, and nobody where chance would do', () => {
    expect(tormentorOf(troubled(), 'victim')).toMatchObject({ host: 'bear', r: expect.closeTo(1, 1) })
    expect(tormentorOf(troubled(), 'bear')).toBeUndefined()
    expect(tormentorOf(troubled(), 'other')).toBeUndefined()
  })

  test('by latency is not seen with who only grows', () => {
    expect(correlationOf(troubled(), 'victim', 'quiet', 'latency')).toBeUndefined()
  })

  test('is not known between hosts that share no device, nor where nothing changes', () => {
    expect(correlationOf(troubled(), 'victim', 'other', 'refusals')).toBeUndefined()
    expect(correlationOf(troubled(), 'bear', 'victim', 'refusals')).toBeUndefined()
  })

  test('takes the latency of each span out of means since the start', () => {
    const seen = latencies(troubled(), 'device-1', 'victim')
    expect(seen[8]).toBeCloseTo(100, 3)
    expect(seen[18]).toBeCloseTo(900, 3)
  })
})

test('correlation lies between −1 and 1, is 1 with itself, and needs some pairs', () => {
  const series = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 8, maxLength: 60 })
  fc.assert(
    fc.property(series, series, (xs, ys) => {
      const r = pearson(xs, ys) ?? 0
      expect(Math.abs(r)).toBeLessThanOrEqual(1 + 1e-9)
      const self = pearson(xs, xs)
      if (self !== undefined) expect(self).toBeCloseTo(1, 6)
    }),
  )
  expect(pearson([1, 2, 3], [1, 2, 3])).toBeUndefined()
  expect(pearson([1, null, 3, 4, 5, 6, 7, 8, 9], [2, 1, null, 4, 5, 6, 7, 8, 9])).toBeUndefined()
})
