import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Mail } from '#shared/messages.ts'
import { NEVER } from '#shared/time.ts'
import { loadTrace } from '#shared/measured.ts'
import type { WorkloadKind, WorkloadSpec } from './spec.ts'
import { Bench, killed, progress, specOf, stop } from './workload.fixture.ts'

const S = 1e9
const service = { name: 'zipf', accessesPerSecond: 1e6, writeShare: 0.2, skew: 0.99 } as const

describe('life', () => {
  test('it starts in the first quantum at or after its start, and sleeps until then', () => {
    const bench = new Bench(specOf(service, { startNs: 10.5e6 }))
    expect(bench.workload.nextWake(-1)).toBe(11)
    bench.step(11)
    expect(bench.log).toEqual(['11 profile → 1'])
    expect(bench.events).toMatchObject([{ code: 'started', fields: { kind: 'zipf' } }])
    expect(bench.workload.nextWake(11)).toBe(NEVER)
  })

  test('started at time 0 it wants the very first quantum', () => {
    expect(new Bench(specOf(service)).workload.nextWake(-1)).toBe(0)
  })

  test('at its stop it tells host and conductor, and then nothing more', () => {
    const bench = new Bench(specOf(service, { stopNs: 50e6 }))
    bench.idle(0, 1000)
    bench.step(60, progress({ workNs: S }), killed('oom'))
    expect(bench.log).toEqual(['0 profile → 1', '50 left → 1', '50 left → 0'])
    expect(bench.events.slice(1)).toMatchObject([{ quantum: 50, code: 'ended', fields: { reason: 'stop' } }])
    expect(bench.workload.observe()).toMatchObject({ ended: 1, killed: 0, workSeconds: 0 })
    expect(bench.workload.nextWake(60)).toBe(NEVER)
  })

  test('killed, it tells the conductor alone, even if its stop has come too', () => {
    const bench = new Bench(specOf(service, { stopNs: 50e6 }))
    bench.step(0)
    bench.step(50, progress({ workNs: 4e7 }), killed('sigbus'), progress({ workNs: 5e7 }))
    bench.step(51, progress({ workNs: 6e7 }))
    expect(bench.log).toEqual(['0 profile → 1', '50 left → 0'])
    expect(bench.events.slice(1)).toMatchObject([{ quantum: 50, code: 'killed', fields: { cause: 'sigbus' } }])
    expect(bench.workload.observe()).toMatchObject({ ended: 0, killed: 1, workSeconds: 0.04 })
  })

  test('started and stopped within one quantum it leaves without having been there', () => {
    const bench = new Bench(specOf(service, { startNs: 0.1e6, stopNs: 0.2e6 }))
    bench.idle(0, 10)
    expect(bench.log).toEqual(['1 left → 0'])
  })
})

describe('told to stop', () => {
  test('it leaves in that step as if its stop had come, once', () => {
    const bench = new Bench(specOf(service))
    bench.step(0)
    bench.step(30, stop())
    bench.step(31, stop(), progress({ workNs: S }))
    expect(bench.log).toEqual(['0 profile → 1', '30 left → 1', '30 left → 0'])
    expect(bench.events.slice(1)).toMatchObject([{ quantum: 30, code: 'ended', fields: { reason: 'stop' } }])
    expect(bench.workload.observe()).toMatchObject({ ended: 1, killed: 0, workSeconds: 0 })
  })

  test('while it waits for its start it ends without its host having heard of it', () => {
    const bench = new Bench(specOf(service, { startNs: 50e6 }))
    bench.step(20, stop())
    bench.idle(21, 200)
    expect(bench.log).toEqual(['20 left → 0'])
    expect(bench.journal).toEqual(['20 ended'])
  })

  test('in the quantum of its start it leaves without having been there', () => {
    const bench = new Bench(specOf(service, { startNs: 50e6 }))
    bench.step(50, stop())
    expect(bench.log).toEqual(['50 left → 0'])
  })

  test('when it was killed in the same quantum it is dead', () => {
    const bench = new Bench(specOf(service))
    bench.step(0)
    bench.step(9, stop(), killed('oom'))
    expect(bench.log).toEqual(['0 profile → 1', '9 left → 0'])
    expect(bench.workload.observe()).toMatchObject({ ended: 0, killed: 1 })
  })
})

describe('a newcomer', () => {
  test('wakes in its quantum, and counts start, stop and attack from there', () => {
    const kind = { name: 'bear', bytesPerSecond: 4e9, attackNs: 5e6, forNs: Infinity, passes: 0 } as const
    const bench = new Bench(specOf(kind, { newcomer: true, startNs: 10e6, stopNs: 30e6 }))
    expect(bench.workload.nextWake(99)).toBe(100)
    bench.idle(100, 1000)
    expect(bench.journal).toEqual(['110 started', '115 attack', '130 ended'])
  })

  test('that starts at once says its profile in its first step', () => {
    const bench = new Bench(specOf(service, { newcomer: true }))
    bench.step(100)
    expect(bench.log).toEqual(['100 profile → 1'])
    expect(bench.workload.observe()).toMatchObject({ slowdown: 1 })
    bench.step(2102, progress({ workNs: S }))
    expect(bench.workload.observe()).toMatchObject({ slowdown: 2 })
  })

  test('that is restored before its start still counts from its quantum', () => {
    const spec = specOf(service, { newcomer: true, startNs: 10e6 })
    const first = new Bench(spec)
    first.step(100)
    const second = new Bench(spec)
    second.workload.restore(first.workload.snapshot())
    expect(second.workload.nextWake(104)).toBe(110)
  })
})

test('slowdown is elapsed time over work time, without the two quanta that mail takes', () => {
  const bench = new Bench(specOf(service, { startNs: S }))
  bench.step(1000)
  expect(bench.workload.observe()).toMatchObject({ slowdown: 1, workSeconds: 0 })
  bench.step(3002, progress({ workNs: 0.8 * S, allocated: 77 }))
  expect(bench.workload.observe()).toMatchObject({ slowdown: 2.5, workSeconds: 0.8, allocatedPages: 77 })
})

test('every figure that it shows is a finite number, whatever its kind', () => {
  for (const [, spec] of specs()) {
    const bench = new Bench(spec)
    bench.step(0)
    expect(Object.values(bench.workload.observe()).every(Number.isFinite)).toBe(true)
  }
})

describe('snapshot and restore', () => {
  test.each(specs())('a fresh actor that is given the snapshot goes on alike: %s', (_name, spec) => {
    fc.assert(
      fc.property(fc.array(fc.nat(4000), { minLength: 1, maxLength: 20 }), fc.nat(20), fc.boolean(), (gaps, cut, kill) => {
        const mail = script(gaps, kill)
        const whole = new Bench(spec)
        mail.forEach(([now, ...inbox]) => whole.step(now, ...inbox))

        const first = new Bench(spec)
        mail.slice(0, cut).forEach(([now, ...inbox]) => first.step(now, ...inbox))
        const second = new Bench(spec)
        second.workload.restore(first.workload.snapshot())
        expect(second.workload.nextWake(mail[cut]?.[0] ?? 0)).toBe(first.workload.nextWake(mail[cut]?.[0] ?? 0))
        mail.slice(cut).forEach(([now, ...inbox]) => second.step(now, ...inbox))

        expect([...first.sent, ...second.sent]).toEqual(whole.sent)
        expect([...first.events, ...second.events]).toEqual(whole.events)
        expect(second.workload.snapshot()).toEqual(whole.workload.snapshot())
        expect(second.workload.observe()).toEqual(whole.workload.observe())
      }),
      { numRuns: 30 },
    )
  })

  test('a snapshot is detached: what happens later does not reach into it', () => {
    const bench = new Bench(specOf(service))
    bench.step(0)
    const snapshot = bench.workload.snapshot()
    const before = structuredClone(snapshot)
    bench.step(10, progress({ workNs: S }), killed('oom'))
    expect(snapshot).toEqual(before)
  })
})

/** A host that grants work at every gap, finishes an epoch and a pass each time, and may kill at last. */
function script(gaps: readonly number[], kill: boolean): [number, ...Mail[]][] {
  let now = 0
  const steps: [number, ...Mail[]][] = [[0]]
  gaps.forEach((gap, index) => {
    now += 1 + gap
    steps.push([now, progress({ workNs: now * 8e5, allocated: index, epochsDone: index, sweepPassesDone: index })])
  })
  if (kill) steps.push([now + 1, killed('oom')])
  return steps
}

function specs(): [string, WorkloadSpec][] {
  const kinds: WorkloadKind[] = [
    service,
    { name: 'uniform', accessesPerSecond: 1e6, writeShare: 0.2 },
    { name: 'scan', bytesPerSecond: 1e9, overwrites: true },
    { name: 'phases', accessesPerSecond: 1e6, writeShare: 0.2, hotPages: 0.1, hotAccesses: 0.9, periodNs: 2 * S },
    {
      name: 'burst',
      accessesPerSecond: 1e6,
      burstAccessesPerSecond: 4e6,
      writeShare: 0.2,
      skew: 1,
      periodNs: 5 * S,
      lengthNs: S,
    },
    { name: 'bear', bytesPerSecond: 4e9, attackNs: 5 * S, forNs: 5 * S, passes: 9 },
    { name: 'trace', trace: loadTrace('redis'), epochNs: 1e8, repeat: 1 },
    {
      name: 'references',
      references: { pages: 2, count: 9, digest: '0', read: (first, into) => into.fill(first & 3) },
      epochReferences: 2,
      epochNs: 1e8,
      repeat: 0,
    },
  ]
  return kinds.map((kind) => [kind.name, specOf(kind, { stopNs: 20 * S })])
}
