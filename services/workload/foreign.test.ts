import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Outbox } from '#shared/actor.ts'
import { encodeBody } from '#shared/codec.ts'
import type { Command } from '#shared/command.ts'
import type { Mail } from '#shared/messages.ts'
import { NEVER, type Quantum } from '#shared/time.ts'
import { Foreign } from './foreign.ts'
import { idleProfile } from './profile.ts'
import { footprintOf, killed, progress, stop } from './workload.fixture.ts'

const PROFILE = idleProfile(footprintOf())
const ACCESSES = {
  epoch: 0,
  workNs: 1e6,
  pages: Uint32Array.of(1, 2),
  reads: Uint32Array.of(1, 1),
  writes: Uint32Array.of(0, 0),
  llcReads: Uint32Array.of(1, 1),
  llcWritebacks: Uint32Array.of(0, 0),
}
const profile: Command = { kind: 'mail', id: 'workload-9', mail: 'profile', body: encodeBody('profile', PROFILE) }
const accesses: Command = { kind: 'mail', id: 'workload-9', mail: 'accesses', body: encodeBody('accesses', ACCESSES) }
const gone: Command = { kind: 'gone', id: 'workload-9' }

class Bench {
  readonly foreign = new Foreign({ id: 'workload-9', ordinal: 9, hostOrdinal: 1, conductorOrdinal: 0, quantumNs: 1e6 })
  readonly log: string[] = []
  readonly bodies: Mail['body'][] = []
  readonly journal: string[] = []

  step(now: Quantum, commands: readonly Command[], ...inbox: readonly Mail[]): void {
    const out: Outbox = {
      send: (to, kind, body) => {
        this.log.push(`${now} ${kind} → ${to}`)
        this.bodies.push(body)
      },
      event: (code, fields = {}) => void this.journal.push([now, code, ...Object.values(fields)].join(' ')),
    }
    for (const command of commands) this.foreign.command(command)
    this.foreign.step(now, inbox, out)
  }
}

describe('a foreign workload', () => {
  test('says to its host what its process said, in the same quantum, and never wakes by itself', () => {
    const bench = new Bench()
    bench.step(3, [profile, accesses])
    bench.step(7, [accesses])
    expect(bench.log).toEqual(['3 profile → 1', '3 accesses → 1', '7 accesses → 1'])
    expect(bench.bodies.slice(0, 2)).toStrictEqual([PROFILE, ACCESSES])
    expect(bench.journal).toEqual(['3 started foreign'])
    expect(bench.foreign.nextWake()).toBe(NEVER)
  })

  test('does not listen to what is for others', () => {
    const bench = new Bench()
    bench.step(3, [
      { ...profile, id: 'workload-8' },
      { kind: 'gone', id: 'workload-8' },
      { kind: 'stop', id: 'workload-9' },
    ])
    expect(bench.log).toEqual([])
  })

  test('sends no accesses before its first profile: its host would not know whose they are', () => {
    const bench = new Bench()
    bench.step(3, [accesses, profile])
    expect(bench.log).toEqual(['3 profile → 1'])
  })

  test.each([
    ['gone', [gone], [], 'gone'],
    ['told to stop', [], [stop()], 'stop'],
  ] as const)('that is %s tells host and conductor, and then nothing more', (_, commands, inbox, reason) => {
    const bench = new Bench()
    bench.step(3, [profile])
    bench.step(9, commands, ...inbox)
    bench.step(10, [profile, accesses, gone], stop(), killed('oom'), progress({ workNs: 5 }))
    expect(bench.log).toEqual(['3 profile → 1', '9 left → 1', '9 left → 0'])
    expect(bench.journal.slice(1)).toEqual([`9 ended ${reason}`])
    expect(bench.foreign.observe()).toMatchObject({ ended: 1, killed: 0, workSeconds: 0 })
  })

  test('that is gone before it said anything is news for the conductor alone', () => {
    const bench = new Bench()
    bench.step(3, [gone])
    expect(bench.log).toEqual(['3 left → 0'])
  })

  test('remembers how far its host says it is, and how it was killed; then it is silent', () => {
    const bench = new Bench()
    bench.step(3, [profile])
    bench.step(2005, [], progress({ workNs: 1e9, allocated: 7, epochsDone: 2 }))
    expect(bench.foreign.heard).toMatchObject({ progress: { workNs: 1e9, allocated: 7 }, killed: undefined })
    bench.step(2006, [accesses], killed('oom'))
    bench.step(2007, [gone])
    expect(bench.log).toEqual(['3 profile → 1', '2006 left → 0'])
    expect(bench.journal.slice(1)).toEqual(['2006 killed oom'])
    expect(bench.foreign.heard.killed).toBe('oom')
    expect(bench.foreign.observe()).toEqual({
      workSeconds: 1,
      slowdown: 2,
      allocatedPages: 7,
      epochsDone: 2,
      sweepPassesDone: 0,
      phases: 0,
      ended: 0,
      killed: 1,
    })
  })

  test('that is restored from its snapshot goes on alike', () => {
    const happening = fc.record({
      commands: fc.array(fc.constantFrom(profile, accesses, profile, accesses, gone), { maxLength: 2 }),
      inbox: fc.array(
        fc.constantFrom(progress({ workNs: 1e6 }), progress({ workNs: 2e6, allocated: 5 }), killed('sigbus'), stop()),
        {
          maxLength: 1,
        },
      ),
    })
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 12 }), fc.nat(12), (life, cut) => {
        const whole = new Bench()
        life.forEach(({ commands, inbox }, now) => whole.step(now, commands, ...inbox))
        const first = new Bench()
        const second = new Bench()
        life.slice(0, cut).forEach(({ commands, inbox }, now) => first.step(now, commands, ...inbox))
        const saved = first.foreign.snapshot()
        const before = structuredClone(saved)
        second.foreign.restore(saved)
        life.slice(cut).forEach(({ commands, inbox }, i) => second.step(Math.min(cut, life.length) + i, commands, ...inbox))
        expect(saved).toEqual(before)
        expect([...first.log, ...second.log]).toEqual(whole.log)
        expect([...first.journal, ...second.journal]).toEqual(whole.journal)
        expect(second.foreign.snapshot()).toEqual(whole.foreign.snapshot())
      }),
    )
  })
})
