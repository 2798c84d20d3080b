import { describe, expect, test } from 'vitest'
import type { References } from '#shared/references.ts'
import type { Trace } from '#shared/trace.ts'
import { Bench, progress, specOf } from './workload.fixture.ts'

const S = 1e9

test('a uniform workload touches every page alike', () => {
  const bench = new Bench(specOf({ name: 'uniform', accessesPerSecond: 5000, writeShare: 0.4 }))
  bench.step(0)
  const [profile] = bench.bodies('profile')
  expect([...profile!.share]).toEqual([1])
  expect(profile!.reads[0]).toBeCloseTo(3, 12)
  expect(profile!.writes[0]).toBeCloseTo(2, 12)
})

test.each([false, true])('a scan is a sweep over all its pages without end; overwrites: %s', (overwrites) => {
  const bench = new Bench(specOf({ name: 'scan', bytesPerSecond: 1e9, overwrites }, { written: 'gcc' }))
  bench.step(0)
  bench.step(100, progress({ sweepPassesDone: 1000 }))
  expect(bench.bodies('profile')).toMatchObject([
    { sweepBytesPerSecond: 1e9, sweepWrites: Number(overwrites), sweepPooledOnly: 0, sweepPasses: 0, sweepContent: 'gcc' },
  ])
  expect(bench.log).toEqual(['0 profile → 1'])
})

describe('phases', () => {
  const kind = {
    name: 'phases',
    accessesPerSecond: 1000,
    writeShare: 0.5,
    hotPages: 0.2,
    hotAccesses: 0.9,
    periodNs: 10 * S,
  } as const

  test('the hot pages get their share of the accesses', () => {
    const bench = new Bench(specOf(kind))
    bench.step(0)
    const [profile] = bench.bodies('profile')
    expect([...profile!.share]).toEqual([0.2, 0.8])
    expect((profile!.reads[0]! + profile!.writes[0]!) * 200).toBeCloseTo(900, 9)
    expect((profile!.reads[1]! + profile!.writes[1]!) * 800).toBeCloseTo(100, 9)
  })

  test('the set moves by work time, not by virtual time', () => {
    const bench = new Bench(specOf(kind))
    bench.step(0)
    bench.step(30_000, progress({ workNs: 9.99 * S }))
    bench.step(30_010, progress({ workNs: 10 * S }))
    bench.step(30_020, progress({ workNs: 10.01 * S }))
    bench.step(95_000, progress({ workNs: 30.5 * S }))
    expect(bench.log).toEqual(['0 profile → 1', '30010 profile → 1', '95000 profile → 1'])
    expect(bench.bodies('profile').map((profile) => profile.shift)).toEqual([0, 0.2, 0.6000000000000001])
    expect(bench.events.slice(1)).toMatchObject([
      { quantum: 30_010, code: 'phase', fields: { phase: 1 } },
      { quantum: 95_000, code: 'phase', fields: { phase: 3 } },
    ])
    expect(bench.workload.observe()['phases']).toBe(3)
  })

  test('no page is hot in two phases in a row, and over a whole turn each is hot once', () => {
    const bench = new Bench(specOf(kind))
    for (let phase = 0; phase < 5; phase++) bench.step(phase, progress({ workNs: phase * 10 * S }))
    const times = new Uint8Array(1000)
    for (const { shift, share } of bench.bodies('profile')) {
      for (let page = 0; page < 1000; page++) if ((page * 0.6180339887498949 + shift) % 1 < share[0]!) times[page]!++
    }
    // Shifts are rounded, so a page right on a border may fall to the other side.
    expect(times.filter((n) => n === 1).length).toBeGreaterThanOrEqual(998)
  })

  test('a working set that is everything has one class', () => {
    const bench = new Bench(specOf({ ...kind, hotPages: 1 }))
    bench.step(0)
    expect([...bench.bodies('profile')[0]!.share]).toEqual([1])
  })
})

test('bursts come by virtual time, in the last stretch of each period, and end by themselves', () => {
  const kind = {
    name: 'burst',
    accessesPerSecond: 1000,
    burstAccessesPerSecond: 4000,
    writeShare: 0.2,
    skew: 0.99,
    periodNs: 10 * S,
    lengthNs: S,
  } as const
  const bench = new Bench(specOf(kind, { startNs: 2 * S }))
  bench.idle(0, 25_000)
  expect(bench.log).toEqual([
    '2000 profile → 1',
    '11000 profile → 1',
    '12000 profile → 1',
    '21000 profile → 1',
    '22000 profile → 1',
  ])
  const accesses = bench
    .bodies('profile')
    .map(({ share, reads, writes }) => share.reduce((sum, s, k) => sum + s * 1000 * (reads[k]! + writes[k]!), 0))
  expect(accesses.map((rate) => Math.round(rate * 1e6) / 1e6)).toEqual([1000, 4000, 1000, 4000, 1000])
  expect(bench.journal).toEqual(['2000 started', '11000 burst', '21000 burst'])
})

describe('bear', () => {
  const kind = { name: 'bear', bytesPerSecond: 4e9, attackNs: 30 * S, forNs: Infinity, passes: 0 } as const
  const given = { startNs: S, stored: 'gcc', written: 'incompressible' }

  test('it lies still until its attack, then overwrites what is pooled', () => {
    const bench = new Bench(specOf(kind, given))
    bench.idle(0, 60_000)
    expect(bench.log).toEqual(['1000 profile → 1', '31000 profile → 1'])
    expect(bench.bodies('profile')).toMatchObject([
      { sweepBytesPerSecond: 0, stored: ['gcc'], reads: Float64Array.of(0) },
      { sweepBytesPerSecond: 4e9, sweepWrites: 1, sweepPooledOnly: 1, sweepPasses: 0, sweepContent: 'incompressible' },
    ])
    expect(bench.journal).toEqual(['1000 started', '31000 attack'])
  })

  test('it stops after its time, keeping its memory', () => {
    const bench = new Bench(specOf({ ...kind, forNs: 10 * S }, given))
    bench.idle(0, 60_000)
    expect(bench.log).toEqual(['1000 profile → 1', '31000 profile → 1', '41000 profile → 1'])
    expect(bench.bodies('profile')[2]).toMatchObject({ sweepBytesPerSecond: 0 })
    expect(bench.journal.at(-1)).toBe('41000 attack-over')
  })

  test('it leaves once it has made its passes', () => {
    const bench = new Bench(specOf({ ...kind, attackNs: 0, passes: 2 }))
    bench.step(0)
    bench.step(10, progress({ sweepPassesDone: 1 }))
    bench.step(20, progress({ sweepPassesDone: 2 }))
    expect(bench.bodies('profile')).toMatchObject([{ sweepPasses: 2 }])
    expect(bench.log.slice(1)).toEqual(['20 left → 1', '20 left → 0'])
  })
})

describe('trace', () => {
  const recorded: Trace = {
    name: 'tiny',
    pages: 3,
    epochs: [1, 2, 3].map((n) => ({
      pages: Uint32Array.of(0, n - 1),
      reads: Uint32Array.of(n, 1),
      writes: Uint32Array.of(0, n),
      llcReads: Uint32Array.of(1, 0),
      llcWritebacks: Uint32Array.of(0, 1),
    })),
    instructions: Float64Array.of(10, 20, 30),
  }
  const kind = { name: 'trace', trace: recorded, epochNs: 1e8, repeat: 2 } as const

  test('it allocates the pages of the trace and has no rates', () => {
    const bench = new Bench(specOf(kind, { pages: 1 }))
    bench.step(0)
    expect(bench.bodies('profile')).toMatchObject([{ pages: 3, share: Float64Array.of(1), reads: Float64Array.of(0) }])
  })

  test('two epochs are ahead of the host, never more, and repeats count on', () => {
    const bench = new Bench(specOf(kind))
    bench.step(0)
    for (let done = 0; done <= 6; done++) bench.step(100 * (done + 1), progress({ epochsDone: done }))
    expect(bench.log).toEqual([
      '0 profile → 1',
      '0 accesses → 1',
      '0 accesses → 1',
      '200 accesses → 1',
      '300 accesses → 1',
      '400 accesses → 1',
      '500 accesses → 1',
      '700 left → 1',
      '700 left → 0',
    ])
    const epochs = bench.bodies('accesses')
    expect(epochs.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4, 5])
    expect(epochs[4]).toEqual({ epoch: 4, workNs: 1e8, ...recorded.epochs[1] })
    expect(bench.workload.observe()).toMatchObject({ epochsDone: 6, ended: 1 })
  })

  test('repeat 0 goes on for ever', () => {
    const bench = new Bench(specOf({ ...kind, repeat: 0 }))
    for (let done = 0; done < 1000; done++) bench.step(done, progress({ epochsDone: done }))
    expect(bench.bodies('accesses').length).toBe(1001)
    expect(bench.workload.observe()['ended']).toBe(0)
  })
})

describe('references', () => {
  const records = Uint32Array.of(4, 5, 0, 4, 1, 4, 2)
  const source: References = {
    pages: 3,
    count: records.length,
    digest: 'abc',
    read: (first, into) => into.set(records.subarray(first, first + into.length)),
  }
  const kind = { name: 'references', references: source, epochReferences: 3, epochNs: 3e8, repeat: 2 } as const

  test('are gathered into epochs of as many as it says; the last of a pass may be shorter, and takes as much less time', () => {
    const bench = new Bench(specOf(kind))
    bench.step(0)
    for (let done = 0; done <= 6; done++) bench.step(100 * (done + 1), progress({ epochsDone: done }))
    const epochs = bench.bodies('accesses')
    const shown = epochs.map(({ epoch, workNs, pages, reads, writes }) => [epoch, workNs, [...pages], [...reads], [...writes]])
    const pass = [
      [3e8, [0, 2], [1, 1], [0, 1]],
      [3e8, [0, 2], [0, 2], [1, 0]],
      [1e8, [1], [1], [0]],
    ]
    expect(shown).toEqual([...pass, ...pass].map((row, epoch) => [epoch, ...row]))
    expect(epochs.every(({ llcReads, llcWritebacks }) => llcReads.length + llcWritebacks.length === 0)).toBe(true)
    expect(bench.workload.observe()).toMatchObject({ epochsDone: 6, ended: 1 })
  })

  test('take the pages that the file says, and repeat 0 goes on for ever', () => {
    const bench = new Bench(specOf({ ...kind, repeat: 0 }))
    for (let done = 0; done < 100; done++) bench.step(done, progress({ epochsDone: done }))
    expect(bench.bodies('profile')).toMatchObject([{ pages: 3 }])
    expect(bench.bodies('accesses').length).toBe(101)
  })

  test('enter the run by the digest of their file, and only that file goes on with a snapshot', () => {
    const { workload } = new Bench(specOf(kind))
    expect(workload.snapshot()).toMatchObject({ source: 'abc' })
    const other = new Bench(specOf({ ...kind, references: { ...source, digest: 'abd' } })).workload
    expect(() => other.restore(workload.snapshot())).toThrow(/^CP_TRACE workload-1: the file of references is another one now;/)
    new Bench(specOf(kind)).workload.restore(workload.snapshot())
  })
})
