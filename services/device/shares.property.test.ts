/** What each policy promises, whatever hosts do within the protocol: random demotions, writes and releases of several. */
import { Recorder, type Sent } from '#shared/recorder.fixture.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { REFUSAL_REASONS, type BodyOf, type Mail } from '#shared/messages.ts'
import { fork, Stream } from '#shared/random.ts'
import { NS_PER_MS, type Quantum } from '#shared/time.ts'
import { Device } from './device.ts'
import { deviceSpec, HOST_1, HOST_2 } from './device.fixture.ts'
import { RandomHost } from './random-host.fixture.ts'
import type { DeviceSpec, SharesSpec } from './spec.ts'

const HOST_3 = 5
const HOSTS = [HOST_1, HOST_2, HOST_3]
const PHYSICAL = 96 * 4096

function specOf(shares: SharesSpec, changes: Partial<DeviceSpec>): DeviceSpec {
  return deviceSpec({
    physicalBytes: PHYSICAL,
    advertisedBytes: 2 * PHYSICAL,
    shares,
    hosts: HOSTS.map((ordinal, i) => ({ ordinal, id: `host-${i + 1}` })),
    ...changes,
  })
}

/** What there was to see after a step. */
interface Look {
  readonly quantum: Quantum
  readonly seen: ReturnType<Device['observe']>
  readonly sent: readonly Sent[]
}

/** Random hosts on a device; after the steps in `reviveAt` a new device goes on from the old one's snapshot. */
function run(seed: number, spec: DeviceSpec, reviveAt: ReadonlySet<number> = new Set(), leaks = 0) {
  let device = new Device(spec)
  const out = new Recorder('device-1')
  const pace = new Stream(fork(seed, 'pace'))
  const hosts = HOSTS.map((ordinal) => new RandomHost(ordinal, seed, leaks))
  const script = new Map<Quantum, Mail[]>()
  const looks: Look[] = []
  let mailAt: Quantum = 1
  for (let step = 0; step < 120; step++) {
    const now = Math.min(mailAt, device.nextWake())
    const since = out.sent.filter(({ quantum }) => quantum === out.now)
    const inbox = now < mailAt ? [] : hosts.flatMap((host) => host.say(since.filter(({ to }) => to === host.ordinal)))
    out.now = now
    device.step(now, inbox, out)
    device.audit()
    script.set(now, inbox)
    looks.push({ quantum: now, seen: device.observe(), sent: out.sent.filter(({ quantum }) => quantum === now) })
    mailAt = now + (inbox.some(({ kind }) => kind === 'demote') ? 1 : 1 + pace.below(400))
    if (!reviveAt.has(step)) continue
    const saved = structuredClone(device.snapshot())
    device = new Device(spec)
    device.restore(saved)
    expect(device.snapshot()).toEqual(saved)
  }
  return { out, looks, script, snapshot: device.snapshot() }
}

/** What a device that hears nobody but this host tells it. */
function alone(spec: DeviceSpec, script: ReadonlyMap<Quantum, readonly Mail[]>, host: number): readonly Sent[] {
  const device = new Device(spec)
  const out = new Recorder('device-1')
  const times = [...script.keys()]
  const last = times.at(-1)!
  const mailAt = (from: Quantum): Quantum =>
    times.find((quantum) => quantum > from && script.get(quantum)!.some((mail) => mail.from === host)) ?? Infinity
  for (let now = Math.min(mailAt(0), device.nextWake()); now <= last; now = Math.min(mailAt(now), device.nextWake())) {
    out.now = now
    device.step(
      now,
      (script.get(now) ?? []).filter((mail) => mail.from === host),
      out,
    )
  }
  return out.sent.filter(({ to }) => to === host)
}

const seedOf = fc.nat()
const device = fc.record({
  chunkBytes: fc.constantFrom(64, 512, 4096),
  flushNs: fc.constantFrom(50 * NS_PER_MS, 700 * NS_PER_MS),
  lowFraction: fc.constantFrom(0.02, 0.1),
  highFraction: fc.constantFrom(0.1, 0.2),
  rejectAboveBytes: fc.constantFrom(Infinity, 3500),
})
/** Three limits that leave room for three graces. */
const limits = (graceBytes: number) =>
  fc
    .tuple(...HOSTS.map(() => fc.integer({ min: 1, max: 100 })))
    .map((parts) => parts.map((part) => Math.floor(((PHYSICAL - 3 * graceBytes) * part) / parts.reduce((x, y) => x + y, 0))))
const hard = limits(0).map((limitBytes): SharesSpec => ({ policy: 'hard', limitBytes }))
const grace = fc
  .constantFrom(0, 2048, 20_000)
  .chain((graceBytes) => limits(graceBytes).map((limitBytes): SharesSpec => ({ policy: 'grace', limitBytes, graceBytes })))
const weighted = fc
  .tuple(...HOSTS.map(() => fc.integer({ min: 1, max: 9 })))
  .map((weights): SharesSpec => ({ policy: 'weighted', weights }))

const of = (look: Look, host: number, key: string): number => look.seen[`byHost.host-${host + 1}.${key}`]!

function reasonsTo(look: Look, host: number): string[] {
  return look.sent
    .filter(({ to, kind }) => kind === 'refused' && to === HOSTS[host])
    .flatMap(({ body }) => [...(body as BodyOf<'refused'>).reasons].map((reason) => REFUSAL_REASONS[reason]!))
}

const NUM_RUNS = 25

describe('under hard shares', () => {
  test('no host ever uses more than its limit, with what it released and is not zeroed', () => {
    fc.assert(
      fc.property(seedOf, hard, device, (seed, shares, changes) => {
        for (const look of run(seed, specOf(shares, changes)).looks) {
          for (const host of HOSTS.keys()) {
            expect(of(look, host, 'takenBytes')).toBeLessThanOrEqual(of(look, host, 'shareBytes'))
            expect(of(look, host, 'usedBytes')).toBeLessThanOrEqual(of(look, host, 'takenBytes'))
          }
        }
      }),
      { numRuns: NUM_RUNS },
    )
  })
})

test.each([
  ['hard', hard],
  ['grace', grace],
] as const)('under %s shares nothing that its neighbours do changes a word of what a host is told', (_, policy) => {
  fc.assert(
    fc.property(seedOf, policy, device, fc.constantFrom(...HOSTS), (seed, shares, changes, host) => {
      const spec = specOf(shares, changes)
      const { out, script } = run(seed, spec)
      const space = (sent: readonly Sent[]) => sent.filter(({ to, kind }) => to === host && kind !== 'load')
      expect(space(alone(spec, script, host))).toEqual(space(out.sent))
    }),
    { numRuns: NUM_RUNS },
  )
})

describe('under a grace', () => {
  test('no host ever takes more than limit and grace, nothing is lost, and a pause lasts until it is within its limit', () => {
    fc.assert(
      fc.property(seedOf, grace, device, (seed, shares, changes) => {
        const graceBytes = shares.policy === 'grace' ? shares.graceBytes : 0
        const paused = HOSTS.map(() => false)
        for (const look of run(seed, specOf(shares, changes)).looks) {
          expect(look.seen['poisonedPages']).toBe(0)
          for (const [host, ordinal] of HOSTS.entries()) {
            const over = of(look, host, 'takenBytes') - of(look, host, 'shareBytes')
            expect(over).toBeLessThanOrEqual(graceBytes)
            const word = look.sent.findLast(({ to, kind }) => to === ordinal && kind === 'pause')
            if (word) paused[host] = (word.body as BodyOf<'pause'>).paused === 1
            // An overdraw is allowed once: who was paused for it goes on only when it is over.
            if (word && !paused[host]) expect(over).toBeLessThanOrEqual(0)
          }
        }
      }),
      { numRuns: NUM_RUNS },
    )
  })
})

test.each([
  ['hard', hard],
  ['grace', grace],
] as const)('under %s shares what hosts leak onto the device takes room of their own share alone', (_, policy) => {
  let lost = 0
  fc.assert(
    fc.property(seedOf, policy, device, fc.constantFrom(...HOSTS), (seed, shares, changes, host) => {
      const spec = specOf(shares, changes)
      const graceBytes = shares.policy === 'grace' ? shares.graceBytes : 0
      const { out, script, looks } = run(seed, spec, new Set(), 0.1)
      for (const look of looks)
        for (const at of HOSTS.keys())
          expect(of(look, at, 'takenBytes') - of(look, at, 'shareBytes')).toBeLessThanOrEqual(graceBytes)
      lost += looks.at(-1)!.seen['poisonedPages']!
      const space = (sent: readonly Sent[]) => sent.filter(({ to, kind }) => to === host && kind !== 'load')
      expect(space(alone(spec, script, host))).toEqual(space(out.sent))
    }),
    { numRuns: NUM_RUNS },
  )
  expect(lost).toBeGreaterThan(0)
})

describe('under weighted shares', () => {
  test('parts bind while the device is short, those above theirs alone are told, and somebody always is', () => {
    fc.assert(
      fc.property(seedOf, weighted, device, (seed, shares, changes) => {
        const told = HOSTS.map(() => 0)
        let short = false
        for (const look of run(seed, specOf(shares, changes)).looks) {
          for (const [host, ordinal] of HOSTS.entries()) {
            const reasons = reasonsTo(look, host)
            // Answers are given by how the device stood when the step began.
            if (!short) expect(reasons).not.toContain('share')
            expect(reasons).not.toContain('pressure')
            const words = look.sent.filter(({ to, kind }) => to === ordinal && kind === 'pressure')
            if (words.length > 0) told[host] = (words.at(-1)!.body as BodyOf<'pressure'>).level
          }
          short = look.seen['pressure']! > 0
          const above = [...HOSTS.keys()].map((host) => of(look, host, 'takenBytes') >= of(look, host, 'shareBytes'))
          expect(told.map((level) => level > 0)).toEqual(above.map((is) => short && is))
          if (short) expect(above).toContain(true)
        }
      }),
      { numRuns: NUM_RUNS },
    )
  })

  test('while the device is short no demotion takes a host beyond its part', () => {
    fc.assert(
      fc.property(seedOf, weighted, device, (seed, shares, changes) => {
        let before: Look | undefined
        for (const look of run(seed, specOf(shares, changes)).looks) {
          for (const [host, ordinal] of HOSTS.entries()) {
            const admitted = look.sent
              .filter(({ to, kind }) => to === ordinal && kind === 'admitted')
              .reduce((sum, { body }) => sum + (body as BodyOf<'admitted'>).pages.length, 0)
            if (!before || before.seen['pressure'] === 0 || admitted === 0) continue
            expect(admitted * (4096 + 64)).toBeLessThanOrEqual(of(look, host, 'shareBytes'))
          }
          before = look
        }
      }),
      { numRuns: NUM_RUNS },
    )
  })
})

test.each([
  ['hard', hard],
  ['grace', grace],
  ['weighted', weighted],
] as const)('under %s shares a device that is revived from its snapshot goes on as if nothing had happened', (_, policy) => {
  const revived = fc.array(fc.nat(119), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(seedOf, policy, device, revived, (seed, shares, changes, steps) => {
      const spec = specOf(shares, changes)
      const straight = run(seed, spec)
      const broken = run(seed, spec, new Set(steps))
      expect(broken.out.sent).toEqual(straight.out.sent)
      expect(broken.out.events).toEqual(straight.out.events)
      expect(broken.snapshot).toEqual(straight.snapshot)
    }),
    { numRuns: 10 },
  )
})

test('the random hosts of these tests meet every case', () => {
  const seeds = Array.from({ length: 6 }, (_, seed) => seed)
  const spec = (shares: SharesSpec) => specOf(shares, { flushNs: 50 * NS_PER_MS })
  const third = PHYSICAL / 3
  const seen = (shares: SharesSpec, key: string): number =>
    seeds.reduce((sum, seed) => sum + run(seed, spec(shares)).looks.at(-1)!.seen[key]!, 0)
  const tight: SharesSpec = { policy: 'hard', limitBytes: [third / 2, third, third] }
  expect(seen(tight, 'byHost.host-1.poisonedPages')).toBeGreaterThan(0)
  expect(seen(tight, 'refused.share')).toBeGreaterThan(0)
  const lenient: SharesSpec = { policy: 'grace', limitBytes: [third / 2, third / 2, third / 2], graceBytes: 4096 }
  expect(seen(lenient, 'byHost.host-1.pauses')).toBeGreaterThan(0)
  expect(seen(lenient, 'byHost.host-1.overdraws')).toBeGreaterThan(seen(lenient, 'byHost.host-1.pauses') / 2)
  expect(seen({ policy: 'weighted', weights: [1, 8, 8] }, 'byHost.host-1.refusedFor.share')).toBeGreaterThan(0)
})
