import { Recorder } from '#shared/recorder.fixture.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fork, Stream } from '#shared/random.ts'
import { NS_PER_MS, NS_PER_S, type Quantum } from '#shared/time.ts'
import { Device } from './device.ts'
import { deviceSpec, HOST_1, HOST_2, traffic } from './device.fixture.ts'
import { RandomHost } from './random-host.fixture.ts'
import type { DeviceSpec } from './spec.ts'

/** Runs two random hosts on a device; where `reviveAt` says so, a new device goes on from the old one's snapshot. */
function run(seed: number, spec: DeviceSpec, reviveAt: ReadonlySet<number>, leaks = 0) {
  let device = new Device(spec)
  const out = new Recorder('device-1')
  const pace = new Stream(fork(seed, 'pace'))
  const hosts = [HOST_1, HOST_2].map((ordinal) => new RandomHost(ordinal, seed, leaks))
  let mailAt: Quantum = 1
  for (let step = 0; step < 150; step++) {
    const wake = device.nextWake()
    const now = Math.min(mailAt, wake)
    expect(now).toBeGreaterThan(out.now)
    const since = out.sent.filter(({ quantum }) => quantum === out.now)
    const inbox = now < mailAt ? [] : hosts.flatMap((host) => host.say(since.filter(({ to }) => to === host.ordinal)))
    // Answers must be picked up in the next quantum, else pages would be asked for twice.
    out.now = now
    device.step(now, inbox, out)
    device.audit()
    mailAt = now + (inbox.some(({ kind }) => kind === 'demote') ? 1 : 1 + pace.below(400))
    if (reviveAt.has(step)) {
      const snapshot = structuredClone(device.snapshot())
      const twin = new Device(spec)
      twin.restore(snapshot)
      expect(twin.snapshot()).toEqual(snapshot)
      // A snapshot is detached: what the old one does later is of no matter.
      device.step(now + 1, [traffic(HOST_1, { readBytes: 1 })], new Recorder('device-1'))
      device = twin
    }
  }
  return { out, hosts, device, snapshot: device.snapshot(), seen: device.observe() }
}

const specs = fc.record({
  chunkBytes: fc.constantFrom(64, 512, 4096),
  physicalBytes: fc.constantFrom(40 * 4096, 64 * 4096),
  advertisedBytes: fc.constantFrom(64 * 4096, 128 * 4096),
  rejectAboveBytes: fc.constantFrom(Infinity, 2990),
  flushNs: fc.constantFrom(50 * NS_PER_MS, NS_PER_S),
  shared: fc.boolean(),
})

test('the random hosts of these tests meet every case', () => {
  const runs = Array.from({ length: 8 }, (_, seed) => {
    const spec = deviceSpec({ rejectAboveBytes: 3500, offline: [{ fromNs: NS_PER_S, toNs: 1.5 * NS_PER_S }] })
    return run(seed, { ...spec, hotness: { ...spec.hotness, hotlist: 32 } }, new Set())
  })
  const events = new Set(runs.flatMap(({ out }) => out.events.map(({ code, fields }) => `${code} ${fields.reason ?? ''}`.trim())))
  const refusals = ['full', 'incompressible', 'offline', 'pressure'].map((reason) => `first-refusal ${reason}`)
  expect([...events].toSorted()).toEqual(['chmu-drop', ...refusals, 'high-threshold', 'low-threshold', 'poison'].toSorted())
  expect(runs.every(({ out }) => out.of('hotlist').length > 0 && out.of('load').length > 0)).toBe(true)
})

test('whatever hosts do within the protocol: conservation holds and every page of theirs has its slot', () => {
  fc.assert(
    fc.property(fc.nat(), specs, fc.constantFrom(0, 0.02), (seed, { shared, ...changes }, leaks) => {
      const spec = deviceSpec(changes)
      const { hosts, seen } = run(seed, { ...spec, hotness: { ...spec.hotness, shared } }, new Set(), leaks)
      expect(seen['byHost.host-1.storedPages']).toBe(hosts[0]!.pooled.size)
      expect(seen['byHost.host-2.storedPages']).toBe(hosts[1]!.pooled.size)
      if (leaks === 0) expect(seen.storedPages).toBeLessThanOrEqual(spec.advertisedBytes / 4096)
      for (const name of ['usedBytes', 'reservedBytes', 'pendingZeroBytes', 'headroomBytes', 'minHeadroomBytes']) {
        expect(seen[name]).toBeGreaterThanOrEqual(0)
      }
    }),
    { numRuns: 15 },
  )
})

test('a device that is revived from its snapshot goes on as if nothing had happened', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      specs,
      fc.array(fc.nat(149), { minLength: 1, maxLength: 4 }),
      (seed, { shared, ...changes }, revived) => {
        const spec = deviceSpec(changes)
        const chosen = { ...spec, hotness: { ...spec.hotness, hotlist: 32, shared } }
        const straight = run(seed, chosen, new Set(), 0.02)
        const broken = run(seed, chosen, new Set(revived), 0.02)
        expect(broken.out.sent).toEqual(straight.out.sent)
        expect(broken.out.events).toEqual(straight.out.events)
        expect(broken.snapshot).toEqual(straight.snapshot)
        expect(broken.seen).toEqual(straight.seen)
      },
    ),
    { numRuns: 15 },
  )
})
