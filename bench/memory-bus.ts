/** Ordinary actors that answer every small mail with one to the next actor, over the memory bus, digests on. */
import type { Actor, Outbox, Telemetry } from '#shared/actor.ts'
import { MemoryBus } from '#shared/bus/memory.ts'
import type { Mail } from '#shared/messages.ts'
import { Stage } from '#shared/stage.ts'
import { NEVER, type Quantum } from '#shared/time.ts'
import { conduct } from '#services/conductor/grants.ts'
import type { Benchmark } from './harness.ts'

const ACTORS = 16
const MAILS_IN_FLIGHT = 64

class Relay implements Actor {
  readonly id: string
  readonly ordinal: number
  #heard = 0

  constructor(ordinal: number) {
    this.id = `relay-${ordinal}`
    this.ordinal = ordinal
  }

  step(now: Quantum, inbox: readonly Mail[], out: Outbox): void {
    const mails = now === 0 ? MAILS_IN_FLIGHT : inbox.length
    const to = (this.ordinal + 1) % ACTORS
    for (let i = 0; i < mails; i++) {
      out.send(to, 'progress', { workNs: now * 1e6 + 0.5, allocated: this.#heard++, epochsDone: i, sweepPassesDone: 0 })
    }
  }

  nextWake(now: Quantum): Quantum {
    return now < 0 ? 0 : NEVER
  }

  snapshot() {
    return { heard: this.#heard }
  }

  restore(from: { readonly heard?: unknown }): void {
    this.#heard = from.heard as number
  }

  observe(): Telemetry {
    return { heard: this.#heard }
  }
}

export const memoryBus: Benchmark = {
  figures: [{ name: 'memory-bus-mails-per-second', unit: 'mails/s', goal: 2e6, better: 'higher' }],
  runs: 5,
  prepare: (quick) => async () => {
    const quanta = quick ? 500 : 5000
    const bus = new MemoryBus()
    await bus.join(
      0,
      new Stage(
        0,
        Array.from({ length: ACTORS }, (_, ordinal) => new Relay(ordinal)),
        () => 0,
      ),
    )
    const startMs = performance.now()
    await conduct(bus, { end: quanta, sampleEvery: quanta, proceed: () => true, onReports: () => true })
    return [(quanta * ACTORS * MAILS_IN_FLIGHT) / ((performance.now() - startMs) / 1000)]
  },
}
