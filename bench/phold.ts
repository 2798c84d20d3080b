/**
 * PHOLD, the synthetic load on which engines of discrete events are compared, on the memory bus in one process: ordinary actors,
 * digests on. As in ROSS (models/phold of ROSS-org/ROSS), after R. Fujimoto, "Performance of Time Warp under synthetic
 * workloads", 1990: each logical process begins with one event (start-events 1); an event that is handled sends one, to any process
 * drawn evenly with the probability `remote`, else to its own; timestamps grow by the lookahead and an exponential draw. Hence
 * "remote" means another actor, wherever it lives; here all live on one stage. The lookahead is one quantum, and so is the mean
 * of the draw (ROSS's own default of mean and lookahead, both 1, leaves none: all events would be handled in step).
 *
 * An event is a mail whose one number is its timestamp in quanta. It comes with the next quantum, and its receiver keeps it until its
 * own, as a process of any conservative engine does; events of one quantum are handled in the order of their timestamps. Every
 * event is a mail over the bus and in the digest, those to oneself as well.
 */
import type { Actor, Outbox, Snapshot, Telemetry } from '#shared/actor.ts'
import { log } from '#shared/arithmetic.ts'
import { MemoryBus } from '#shared/bus/memory.ts'
import { assert } from '#shared/errors.ts'
import type { Mail } from '#shared/messages.ts'
import { fork, Stream } from '#shared/random.ts'
import { Stage } from '#shared/stage.ts'
import { NEVER, type Quantum } from '#shared/time.ts'
import { conduct } from '#services/conductor/grants.ts'
import type { Benchmark } from './harness.ts'

const ACTORS = 1024
const REMOTE = 0.1

class LogicalProcess implements Actor {
  readonly id: string
  readonly ordinal: number
  readonly #stream: Stream
  /** Timestamps of events that are not handled yet, the latest first; a handful. */
  readonly #events: number[] = []
  #handled = 0

  constructor(ordinal: number) {
    this.id = `process-${ordinal}`
    this.ordinal = ordinal
    this.#stream = new Stream(fork(1, `phold/${ordinal}`))
  }

  step(now: Quantum, inbox: readonly Mail[], out: Outbox): void {
    for (const mail of inbox) if (mail.kind === 'remaining') this.#keep(mail.body.bytes)
    const events = this.#events
    while (events.length > 0 && events.at(-1)! < now + 1) {
      this.#handled++
      this.#send(events.pop()!, out)
    }
    if (now === 0) this.#send(0, out)
  }

  #keep(timestamp: number): void {
    const events = this.#events
    let at = events.push(timestamp) - 1
    for (; at > 0 && events[at - 1]! < timestamp; at--) events[at] = events[at - 1]!
    events[at] = timestamp
  }

  #send(at: number, out: Outbox): void {
    const to = at > 0 && this.#stream.unit() <= REMOTE ? this.#stream.below(ACTORS) : this.ordinal
    // The lookahead, and an exponential draw with a mean of one quantum.
    out.send(to, 'remaining', { bytes: at + 1 - log(this.#stream.unit()) })
  }

  nextWake(now: Quantum): Quantum {
    if (now < 0) return 0
    return this.#events.length > 0 ? Math.max(now + 1, Math.floor(this.#events.at(-1)!)) : NEVER
  }

  snapshot(): Snapshot {
    return { counter: this.#stream.counter, events: [...this.#events], handled: this.#handled }
  }

  restore(): void {
    throw new Error('a benchmark is not resumed')
  }

  observe(): Telemetry {
    return { handled: this.#handled }
  }
}

export const phold: Benchmark = {
  figures: [{ name: 'phold-mails-per-second', unit: 'mails/s', goal: 3e6, better: 'higher' }],
  runs: 7,
  prepare: (quick) => async () => {
    const quanta = quick ? 1000 : 10_000
    const bus = new MemoryBus()
    const actors = Array.from({ length: ACTORS }, (_, ordinal) => new LogicalProcess(ordinal))
    await bus.join(0, new Stage(0, actors, () => 0))
    let mails = 0
    const startMs = performance.now()
    const { final } = await conduct(bus, {
      end: quanta,
      sampleEvery: quanta,
      proceed: () => true,
      onReports: (_, [report]) => {
        mails += report!.mails
        return true
      },
    })
    const seconds = (performance.now() - startMs) / 1000
    // One event lives in each process at first, and none is lost or made: with a mean delay of two quanta, half come due in each.
    const handled = Object.values(final[0]!.telemetry!).reduce((sum, telemetry) => sum + telemetry['handled']!, 0)
    assert(mails === handled + ACTORS, 'every event that was handled sent one')
    assert(Math.abs(handled / (quanta * (ACTORS / 2)) - 1) < 0.05, 'half of the events are handled in a quantum')
    return [mails / seconds]
  },
}
