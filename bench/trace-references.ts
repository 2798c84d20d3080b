/**
 * The trace path from single references on: records (page, read or write) expanded from the real redis trace are gathered into
 * epochs, mailed to a host and applied to its pages by its own replay, part of them pooled on a device. All of it is
 * timed but the expansion. Order within an epoch is random: the recording has none, and random is the worst for caches.
 */
import type { Actor, Outbox, Telemetry } from '#shared/actor.ts'
import { MemoryBus } from '#shared/bus/memory.ts'
import { assert } from '#shared/errors.ts'
import { loadTrace } from '#shared/measured.ts'
import type { BodyOf, Mail } from '#shared/messages.ts'
import { fork, Stream } from '#shared/random.ts'
import { parseScenario } from '#shared/scenario.ts'
import { Stage } from '#shared/stage.ts'
import { NEVER, type Quantum } from '#shared/time.ts'
import type { TraceEpoch } from '#shared/trace.ts'
import { EpochBuilder } from '#shared/trace-epoch.ts'
import { conduct } from '#services/conductor/grants.ts'
import { Cast } from '#simulation/actors.ts'
import type { Benchmark } from './harness.ts'

const EPOCH_NS = 100e6
/** Epochs that lie ready at the host while it replays. */
const EPOCHS_AHEAD = 2

/** 16 MiB of DRAM do not hold the 20 MiB that the chosen epochs touch: a thousand pages and more move to the device. */
const SCENARIO = `
name: trace-references
duration: 1h
devices:
  pool: { physical: 64MiB, advertised: 64MiB }
hosts:
  host: { memory: 16MiB, devices: [pool] }
workloads:
  redis: { host: host, kind: trace, trace: redis }
`

export const traceReferences: Benchmark = {
  figures: [{ name: 'trace-references-per-second', unit: 'references/s', goal: 10e6, better: 'higher' }],
  runs: 5,
  prepare: (quick) => {
    const trace = loadTrace('redis')
    // Every fourth epoch of the whole recording, so that most of its pages take part.
    const chosen = trace.epochs.filter((_, i) => i % (quick ? 42 : 4) === 0)
    const epochs = chosen.map((epoch, i) => expand(epoch, new Stream(fork(1, `bench/epoch-${i}`))))
    const references = epochs.reduce((sum, epoch) => sum + epoch.length, 0)
    return async () => {
      const cast = new Cast(parseScenario(SCENARIO, 'bench'))
      const actors = cast.members.map(({ ordinal }) => cast.actor(ordinal))
      const workload = actors.at(-1)!
      const feeder = new Feeder(workload, trace.pages, epochs)
      const bus = new MemoryBus()
      await bus.join(0, new Stage(0, [...actors.slice(0, -1), feeder], () => 0))
      const startMs = performance.now()
      await conduct(bus, { end: NEVER, sampleEvery: NEVER, proceed: () => !feeder.done, onReports: () => true })
      const seconds = (performance.now() - startMs) / 1000
      assert(feeder.touched > 0, 'the host has allocated the pages of the trace')
      return [references / seconds]
    }
  },
}

/** Records of page · 2 + write, one a reference, shuffled. */
function expand(epoch: TraceEpoch, stream: Stream): Uint32Array {
  const counts = [epoch.reads, epoch.writes]
  const records = new Uint32Array(counts.reduce((sum, column) => column.reduce((a, b) => a + b, sum), 0))
  let at = 0
  epoch.pages.forEach((page, i) => {
    counts.forEach((column, write) => records.fill(page * 2 + write, at, (at += column[i]!)))
  })
  for (let i = records.length - 1; i > 0; i--) {
    const j = stream.below(i + 1)
    const record = records[i]!
    records[i] = records[j]!
    records[j] = record
  }
  return records
}

/** Stands in for the trace's workload: it gathers references just when the host has room for another epoch. */
class Feeder implements Actor {
  readonly id: string
  readonly ordinal: number
  readonly #profile: BodyOf<'profile'>
  readonly #epochs: readonly Uint32Array[]
  readonly #builder = new EpochBuilder()
  #sent = 0
  #progress: BodyOf<'progress'> = { workNs: 0, allocated: 0, epochsDone: 0, sweepPassesDone: 0 }

  constructor(workload: Actor, pages: number, epochs: readonly Uint32Array[]) {
    this.id = workload.id
    this.ordinal = workload.ordinal
    this.#epochs = epochs
    this.#profile = {
      pages,
      allocateBytesPerSecond: 0,
      threads: 8,
      contiguous: 0,
      shift: 0,
      share: Float64Array.of(1),
      reads: Float64Array.of(0),
      writes: Float64Array.of(0),
      miss: Float64Array.of(0),
      stored: ['redis_json'],
      written: ['redis_json'],
      sweepBytesPerSecond: 0,
      sweepWrites: 0,
      sweepPooledOnly: 0,
      sweepPasses: 0,
      sweepContent: 'redis_json',
    }
  }

  get done(): boolean {
    return this.#progress.epochsDone === this.#epochs.length
  }

  get touched(): number {
    return this.#progress.allocated
  }

  step(now: Quantum, inbox: readonly Mail[], out: Outbox): void {
    if (now === 0) out.send(HOST, 'profile', this.#profile)
    for (const mail of inbox) {
      assert(mail.kind !== 'killed', 'the host has room for the trace')
      if (mail.kind === 'progress') this.#progress = mail.body
    }
    while (this.#sent < Math.min(this.#epochs.length, this.#progress.epochsDone + EPOCHS_AHEAD)) this.#send(out)
  }

  #send(out: Outbox): void {
    const records = this.#epochs[this.#sent]!
    for (let i = 0; i < records.length; i++) this.#builder.add(records[i]! >>> 1, records[i]! & 1)
    out.send(HOST, 'accesses', { epoch: this.#sent++, workNs: EPOCH_NS, ...this.#builder.take() })
  }

  nextWake(now: Quantum): Quantum {
    return now < 0 ? 0 : NEVER
  }

  snapshot() {
    return { sent: this.#sent, progress: this.#progress }
  }

  restore(): void {
    throw new Error('a benchmark is not resumed')
  }

  observe(): Telemetry {
    return { sent: this.#sent }
  }
}

/** The first host's place in the scenario's order, after the conductor. */
const HOST = 1
