import { Recorder } from '#shared/recorder.fixture.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Mail } from '#shared/messages.ts'
import { fork, Stream } from '#shared/random.ts'
import { NS_PER_MS, NS_PER_S, type Quantum } from '#shared/time.ts'
import { Device } from './device.ts'
import { accesses, demote, deviceSpec, HOST_1, HOST_2, landed, mail, released, traffic } from './device.fixture.ts'
import type { DeviceSpec } from './spec.ts'

const PAGES = 90

/** A host that keeps to the protocol and is otherwise random. It knows where each of its pages is: the truth to compare with. */
class RandomHost {
  readonly ordinal: number
  readonly pooled = new Set<number>()
  private readonly asked = new Set<number>()
  private readonly stream: Stream
  /** Share of its pages at home that it allocates on the device instead, without a question, at every turn. */
  private readonly leaks: number

  constructor(ordinal: number, seed: number, leaks: number) {
    this.ordinal = ordinal
    this.leaks = leaks
    this.stream = new Stream(fork(seed, `host-${ordinal}`))
  }

  /** What it says in answer to the device's mail, and of its own accord. */
  say(answers: Recorder['sent']): Mail[] {
    const { ordinal, pooled, asked, stream } = this
    const said: Mail[] = []
    for (const { kind, body } of answers) {
      if (kind !== 'admitted' && kind !== 'refused') continue
      const decided = [...(body.pages as Uint32Array)]
      for (const page of decided) asked.delete(page)
      if (kind === 'refused') continue
      for (const page of decided) pooled.add(page)
      said.push(this.write(decided))
    }
    const home = Array.from({ length: PAGES }, (_, page) => page).filter((page) => !pooled.has(page) && !asked.has(page))
    // Not at every turn, so that time passes between questions and flushes and epochs come by.
    const share = stream.unit() < 0.3 ? 0.4 : 0
    const batch = home.filter(() => stream.unit() < share)
    if (batch.length > 0) said.push(demote(ordinal, batch, stream.below(4097)))
    for (const page of batch) asked.add(page)
    const leaks = home.filter((page) => !asked.has(page) && stream.unit() < this.leaks)
    if (leaks.length > 0) said.push(landed(ordinal, leaks, stream.below(4097)))
    for (const page of leaks) pooled.add(page)
    const rewritten = [...pooled].filter(() => stream.unit() < 0.1)
    if (rewritten.length > 0) said.push(this.write(rewritten))
    const freed = [...pooled].filter(() => stream.unit() < 0.08)
    if (freed.length > 0) said.push(released(ordinal, freed))
    for (const page of freed) pooled.delete(page)
    if (stream.unit() < 0.4) said.push(accesses(ordinal, [...pooled], stream.below(30)))
    if (stream.unit() < 0.3)
      said.push(
        traffic(ordinal, { readBytes: stream.below(3e8), compressedReads: stream.below(1e5), recompressions: stream.below(2e4) }),
      )
    return said
  }

  private write(list: readonly number[]): Mail {
    const sizes = Uint16Array.from(list, () => (this.stream.unit() < 0.2 ? 0 : this.stream.below(4097)))
    return mail(this.ordinal, 'written', { pages: Uint32Array.from(list), sizes })
  }
}

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
