/** A run in full swing as its conductor tells it, a feed that tells what a test says, and outputs that keep what is written. */
import type { ActorEvent } from '#shared/actor.ts'
import type { Listener, Sample, Status } from '#shared/observe/broadcast.ts'
import type { Feed } from './feed.ts'
import { Picture } from './picture.ts'

const MIB = 2 ** 20

export const WATERMARKS = { minBytes: 4 * MIB, lowBytes: 5 * MIB, highBytes: 6 * MIB, promoBytes: 7 * MIB }

export const STATUS: Status = {
  cluster: 'default',
  run: 'Kx3f9a',
  scenario: 'noisy-neighbour',
  seed: 1,
  state: 'running',
  remark: '',
  quantum: 12_400,
  quanta: 7070,
  virtualSeconds: 12.4,
  totalSeconds: 20,
  pace: 1,
  behindSeconds: 0.32,
  generation: 1,
  lastSetSeconds: 10,
  stages: [
    { name: 'stage-1', roles: ['conductor'], actors: ['conductor'], state: 'live', silentSeconds: 0 },
    {
      name: 'stage-2',
      roles: ['host', 'device'],
      actors: ['host-1', 'host-2', 'host-3', 'device-1', 'device-2'],
      state: 'silent',
      silentSeconds: 7,
    },
  ],
  standby: ['spare-1'],
  workloads: [
    { id: 'steady-1', host: 'host-1', kind: 'zipf', state: 'present', injected: false },
    { id: 'noisy-2', host: 'host-2', kind: 'scan', state: 'left', injected: false },
    { id: 'late-3', host: 'host-3', kind: 'burst', state: 'stopping', injected: true },
  ],
  dropped: { malformed: 3, late: 0 },
  devices: {
    'device-1': {
      physicalBytes: 1024 * MIB,
      advertisedBytes: 2048 * MIB,
      lowFraction: 0.05,
      highFraction: 0.1,
      hosts: ['host-1', 'host-2'],
    },
    'device-2': {
      physicalBytes: 512 * MIB,
      advertisedBytes: 1024 * MIB,
      lowFraction: 0.05,
      highFraction: 0.1,
      hosts: ['host-3'],
    },
  },
  hosts: {
    'host-1': { memoryBytes: 512 * MIB, swapBytes: 1024 * MIB, devices: ['device-1'], watermarks: WATERMARKS },
    'host-2': { memoryBytes: 512 * MIB, swapBytes: 1024 * MIB, devices: ['device-1'], watermarks: WATERMARKS },
    'host-3': { memoryBytes: 512 * MIB, swapBytes: 0, devices: ['device-2'], watermarks: WATERMARKS },
  },
  promoters: {},
}

/** Counters grow in proportion to time: host-1 is refused 12 k pages a second and promotes 6.7 k. */
export function sampleAt(seconds: number): Sample {
  const host = (slowdown: number, refused: number) => ({
    freePages: 7730,
    pooledBytes: 414 * MIB,
    swappedBytes: 12 * MIB,
    refused: refused * seconds,
    promoted: 6700 * seconds,
    oomKills: 0,
    poisonHits: 0,
    slowdown,
  })
  return {
    quantum: seconds * 1000,
    virtualSeconds: seconds,
    telemetry: {
      'host-1': host(1.008, 12_000),
      'host-2': host(1.61, 0),
      'host-3': host(1, 0),
      'device-1': {
        usedBytes: 980 * MIB,
        headroomBytes: 28 * MIB,
        pendingZeroBytes: 16 * MIB,
        compressionRatio: 1.83,
        poisonedPages: 0,
        pressure: 1000,
        utilisation: 0.979,
        'refused.pressure': 12_000 * seconds,
        'byHost.host-1.usedBytes': 500 * MIB,
        'byHost.host-2.usedBytes': 480 * MIB,
      },
      'device-2': {
        usedBytes: 128 * MIB,
        headroomBytes: 384 * MIB,
        pendingZeroBytes: 0,
        compressionRatio: 2.5,
        poisonedPages: 0,
        pressure: 0,
        utilisation: 0.021,
        'refused.pressure': 0,
        'byHost.host-3.usedBytes': 128 * MIB,
      },
    },
  }
}

export const EVENTS: readonly ActorEvent[] = [
  { quantum: 0, actor: 'steady-1', code: 'started', fields: { kind: 'zipf' } },
  { quantum: 5000, actor: 'noisy-2', code: 'started', fields: { kind: 'scan' } },
  { quantum: 10_031, actor: 'device-1', code: 'low-threshold', fields: { headroomBytes: 51 * MIB } },
  { quantum: 10_032, actor: 'device-1', code: 'first-refusal', fields: { host: 'host-1', reason: 'pressure' } },
  { quantum: 11_000, actor: 'bear', code: 'attack', fields: { bytesPerSecond: 4e9, content: 'random' } },
  { quantum: 12_001, actor: 'host-2', code: 'killed', fields: { workload: 'noisy-2', cause: 'oom', pages: 393_000 } },
]

export function examplePicture(): Picture {
  const picture = new Picture()
  picture.hearStatus(STATUS)
  picture.hearSample(sampleAt(11))
  picture.hearSample(sampleAt(12))
  picture.hearEvents({ quantum: 12_001, events: EVENTS })
  return picture
}

/** Tells its listener whatever a test wants to have told. */
export class ScriptedFeed implements Feed {
  listener: Listener = {}
  closed = 0

  follow(listener: Listener): Promise<void> {
    this.listener = listener
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.closed++
    return Promise.resolve()
  }
}

export class Output {
  written = ''

  write(text: string): void {
    this.written += text
  }
}

/** A terminal of a given size that can be resized. */
export class FakeTerminal extends Output {
  readonly isTTY = true
  columns = 80
  rows = 24
  readonly #listeners = new Set<() => void>()

  get listeners(): number {
    return this.#listeners.size
  }

  on(_event: 'resize', listener: () => void): void {
    this.#listeners.add(listener)
  }

  off(_event: 'resize', listener: () => void): void {
    this.#listeners.delete(listener)
  }

  resize(columns: number, rows: number): void {
    this.columns = columns
    this.rows = rows
    for (const listener of this.#listeners) listener()
  }

  /** What was written since the last time. */
  take(): string {
    const { written } = this
    this.written = ''
    return written
  }
}
