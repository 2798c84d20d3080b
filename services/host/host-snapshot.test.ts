/** A host that is replaced in the middle of everything by one restored from its snapshot goes on exactly as it would have. */
import { describe, expect, test } from 'vitest'
import { Digest } from '#shared/digest.ts'
import {
  Bench,
  DEVICE,
  hostSpec,
  NEIGHBOUR,
  NODE,
  OPEN,
  profileOf,
  PROMOTER,
  PROMOTION,
  SECOND_DEVICE,
  WORKLOAD,
} from './host.fixture.ts'
import { Host } from './host.ts'
import { SYSTEM, WORKLOADS } from './isolation/cgroups.ts'
import type { IsolationSpec } from './isolation/spec.ts'
import type { AccessSpec, HostSpec } from './spec.ts'

const SPEC = {
  devices: [
    { ...NODE, pauses: true },
    { ...NODE, ordinal: SECOND_DEVICE, id: 'device-2' },
  ],
  promotion: { ...PROMOTION, hints: true, scanPeriodNs: 5e7, scanBytes: 2 ** 22 },
  proactive: { bytesPerSecond: 2e6, ageNs: 1e8 },
  swap: { bytes: 2 ** 23, bytesPerSecond: 50e6, latencyNs: 80_000 },
  throttle: { moderate: 0.1, severe: 0.5, most: 3 },
}

/** Everything a host can meet, in 900 ms; `swapAt` is when another host takes over. */
function play(swapAt: number, spec: Partial<HostSpec> = SPEC): Bench {
  const bench = new Bench(spec)
  const classes = [
    { share: 0.2, reads: 200, writes: 50, miss: 0.2 },
    { share: 0.8, reads: 0.5, writes: 0.2, miss: 0.5 },
  ]
  const pages = Uint32Array.from({ length: 300 }, (_, page) => (page * 7) % 300)
  const ones = new Uint32Array(300).fill(2)
  bench.post(
    0,
    WORKLOAD,
    'profile',
    profileOf(4200, classes, { contiguous: 0, allocateBytesPerSecond: 80e6, threads: 4, written: ['ratio=1.2'] }),
  )
  bench.post(3, NEIGHBOUR, 'profile', profileOf(300, [], { allocateBytesPerSecond: 0 }))
  for (let epoch = 0; epoch < 20; epoch++) {
    bench.post(10 + epoch * 40, NEIGHBOUR, 'accesses', {
      epoch,
      workNs: 33e6,
      pages,
      reads: ones,
      writes: ones,
      llcReads: ones,
      llcWritebacks: ones,
    })
  }
  bench.post(
    400,
    WORKLOAD,
    'profile',
    profileOf(4200, [...classes, classes[0]!], {
      sweepBytesPerSecond: 1e8,
      sweepWrites: 1,
      sweepPooledOnly: 1,
      sweepContent: 'ratio=1.5',
    }),
  )
  bench.post(500, DEVICE, 'load', {
    rawReadNs: 300,
    compressedReadNs: 900,
    zeroReadNs: 300,
    writeNs: 400,
    utilisation: 1.2,
    devLoad: 3,
  })
  bench.post(520, DEVICE, 'pressure', { level: 1000 })
  bench.post(560, DEVICE, 'pressure', { level: 0 })
  bench.post(613, DEVICE, 'pause', { paused: 1 })
  bench.post(637, DEVICE, 'pause', { paused: 0 })
  bench.post(700, NEIGHBOUR, 'left', {})
  for (let now = 0; now <= 900; now++) {
    if (now === 350) bench.answer = 'refuse'
    if (now === 380) bench.answer = 'admit'
    if (now % 60 === 59) {
      const held = [...bench.pools.get(DEVICE)!].filter(([, size]) => size >= 0).map(([page]) => page)
      bench.post(now, PROMOTER, 'promote', { pages: Uint32Array.from(held.slice(0, 40)) })
    }
    if (now === swapAt) {
      const saved = structuredClone(bench.host.snapshot())
      bench.host = new Host(hostSpec(spec))
      bench.host.restore(saved)
      expect(bench.host.snapshot()).toEqual(saved)
    }
    bench.run(now)
  }
  return bench
}

const digestOf = (value: unknown): string => {
  const digest = new Digest()
  digest.value(value)
  return digest.hex()
}

const whole = play(-1)

test('the story has everything in it', () => {
  const { seen } = whole
  for (const name of [
    'demoted',
    'refused',
    'refusedProactive',
    'promoted',
    'swappedOut',
    'swappedOutPooled',
    'swappedIn',
    'hintFaults',
    'directReclaimStallSeconds',
    'pausedSeconds',
    'throttledSeconds',
    'agings',
  ]) {
    expect(seen[name], name).toBeGreaterThan(0)
  }
  expect(whole.out.of('progress').findLast(({ to }) => to === NEIGHBOUR)!.body.epochsDone).toBeGreaterThan(10)
})

test.each([1, 45, 101, 236, 352, 361, 400, 419, 525, 543, 561, 615, 639, 660, 661, 702, 850])(
  'taken over at quantum %d, mail and state are the same to the last bit',
  (swapAt) => {
    const { out, host } = play(swapAt)
    expect(digestOf(out.sent)).toBe(digestOf(whole.out.sent))
    expect(host.snapshot()).toEqual(whole.host.snapshot())
  },
)

const LEAKS: readonly { readonly isolation: IsolationSpec; readonly grows: readonly string[] }[] = [
  {
    isolation: {
      ...OPEN,
      kernel: { bytes: 4096 * 500, bytesPerSecond: 4096 * 700, content: 'ratio=4', interruptShare: 0.25 },
      tasks: new Map([[NEIGHBOUR, { cgroup: SYSTEM, deliberatePages: 0 }]]),
    },
    grows: ['leaked.anon', 'leaked.pageCache', 'leaked.kernel', 'pageCacheDropped'],
  },
  {
    isolation: {
      ...OPEN,
      policy: 'mempolicy',
      changes: [
        { atNs: 3e7, cgroup: WORKLOADS, mems: 0b110 },
        { atNs: 5e7, cgroup: WORKLOADS, mems: 0b111 },
      ],
    },
    grows: ['leakedBy.anon.rebind', 'demoted'],
  },
  {
    isolation: {
      ...OPEN,
      policy: 'dedicated-driver',
      tasks: new Map([[WORKLOAD, { cgroup: WORKLOADS, deliberatePages: 1500 }]]),
    },
    grows: ['origin.deliberate', 'demoted'],
  },
]

test.each(LEAKS)('taken over under $isolation.policy, it goes on allocating in the same way', ({ isolation, grows }) => {
  const open = play(-1, { ...SPEC, isolation })
  for (const key of grows) expect(open.seen[key], key).toBeGreaterThan(0)
  for (const swapAt of [1, 29, 30, 31, 49, 50, 101, 402, 561, 702, 850]) {
    const { out, host } = play(swapAt, { ...SPEC, isolation })
    expect(digestOf(out.sent)).toBe(digestOf(open.out.sent))
    expect(out.events).toEqual(open.out.events)
    expect(host.snapshot()).toEqual(open.host.snapshot())
  }
})

describe.each<[AccessSpec, string]>([
  [{ policy: 'read-only' }, 'writeFaults'],
  [{ policy: 'write-budget', pollNs: 3e7, share: 0.25 }, 'tokens.taken'],
  [{ policy: 'fault-on-access', rejectAboveBytes: 2990, poolFraction: 0.2, reacceptFraction: 0.9 }, 'accessFaults'],
])('with %o', (access, counter) => {
  const undisturbed = play(-1, { ...SPEC, access })

  test('the story has its faults in it', () => {
    expect(undisturbed.seen[counter]).toBeGreaterThan(100)
  })

  test.each([101, 352, 400, 419, 543, 561, 702])(
    'taken over at quantum %d, mail and state are the same to the last bit',
    (swapAt) => {
      const { out, host } = play(swapAt, { ...SPEC, access })
      expect(digestOf(out.sent)).toBe(digestOf(undisturbed.out.sent))
      expect(host.snapshot()).toEqual(undisturbed.host.snapshot())
    },
  )
})

test.each([99, 240, 361, 620])(
  'a host that reclaims by pressure, taken over at quantum %d, goes on as it would have',
  (swapAt) => {
    const spec = { ...SPEC, proactive: { intervalNs: 5e7, reclaimFraction: 0.01, pressureFraction: 0.01 } }
    const run = (at: number): Bench => {
      const bench = new Bench(spec)
      const rates = { share: 1, reads: 3, writes: 1, miss: 0.5 }
      bench.post(0, WORKLOAD, 'profile', profileOf(4000, [rates], { allocateBytesPerSecond: 80e6 }))
      bench.run(at - 1)
      const saved = structuredClone(bench.host.snapshot())
      bench.host = new Host(hostSpec(spec))
      bench.host.restore(saved)
      return bench.run(800)
    }
    const undisturbed = run(0)
    expect(undisturbed.seen['refusedProactive']! + undisturbed.seen['demoted']!).toBeGreaterThan(100)
    expect(digestOf(run(swapAt).out.sent)).toBe(digestOf(undisturbed.out.sent))
  },
)

test.each([379, 380, 381, 385, 389, 390, 391, 401])(
  'taken over at quantum %d, where kswapd finds every page busy, it waits for as long',
  (swapAt) => {
    const busy = (at: number): string => {
      const bench = new Bench()
      bench.post(0, WORKLOAD, 'profile', profileOf(3907, [{ share: 1, reads: 5000, writes: 0, miss: 0 }]))
      bench.run(at - 1)
      const saved = structuredClone(bench.host.snapshot())
      if (at === swapAt) {
        bench.host = new Host(hostSpec())
        bench.host.restore(saved)
      }
      return digestOf(bench.run(450).out.sent)
    }
    expect(busy(swapAt)).toBe(busy(swapAt + 1))
  },
)

test('a snapshot is detached: what happens later does not reach into it', () => {
  const bench = new Bench(SPEC)
  bench.post(0, WORKLOAD, 'profile', profileOf(4200, [{ share: 1, reads: 20, writes: 5, miss: 0.5 }]))
  const saved = bench.run(450).host.snapshot()
  const before = digestOf(saved)
  bench.run(800)
  expect(digestOf(saved)).toBe(before)
})

test('the same mail gives the same run, and another seed another', () => {
  const run = (seed: number): string => {
    const bench = new Bench({ ...SPEC, seed })
    bench.post(0, WORKLOAD, 'profile', profileOf(4200, [{ share: 1, reads: 20, writes: 5, miss: 0.5 }]))
    return digestOf(bench.run(600).out.sent)
  }
  expect(run(7)).toBe(run(7))
  expect(run(7)).not.toBe(run(8))
})

test('observing changes nothing', () => {
  const bench = new Bench(SPEC)
  bench.post(0, WORKLOAD, 'profile', profileOf(4200, [{ share: 1, reads: 20, writes: 5, miss: 0.5 }]))
  bench.run(500)
  const before = digestOf(bench.host.snapshot())
  bench.host.observe()
  expect(digestOf(bench.host.snapshot())).toBe(before)
})

describe('with DAMON', () => {
  const spec = { ...SPEC, promotion: { ...SPEC.promotion, damon: true } }
  const undisturbed = play(-1, spec)

  test('its regions have been split', () => {
    const { regions } = undisturbed.host.snapshot()['damon'] as { regions: { found: number }[] }
    expect(regions.length).toBeGreaterThan(20)
  })

  test.each([101, 352, 400, 543, 702])('taken over at quantum %d, mail and state are the same to the last bit', (swapAt) => {
    const { out, host } = play(swapAt, spec)
    expect(digestOf(out.sent)).toBe(digestOf(undisturbed.out.sent))
    expect(host.snapshot()).toEqual(undisturbed.host.snapshot())
  })
})
