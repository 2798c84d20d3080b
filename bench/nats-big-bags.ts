/**
 * Bags of 16 MiB that two stages send each other in every quantum, many times the server's max_payload, over connections of their own;
 * against the same bytes published and heard on the NATS client alone, by the same process, in turns. And whether they stream: the slowest
 * quantum against the one in the middle.
 */
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { NatsBus } from '#shared/bus/nats.ts'
import type { Outbox } from '#shared/actor.ts'
import { Stage } from '#shared/stage.ts'
import type { Quantum } from '#shared/time.ts'
import { BusyActor } from './busy-actor.ts'
import type { Benchmark } from './harness.ts'
import { NatsServer } from './nats-server.ts'

const MIB = 1 << 20
const BAG_BYTES = 16 * MIB
const QUANTA = 40
const QUANTA_WARM = 10

export const natsBigBags: Benchmark = {
  figures: [
    { name: 'nats-bags-over-bare-stream', unit: 'of its rate', goal: 0.4, better: 'higher' },
    { name: 'nats-bag-slowest-over-median', unit: 'times', goal: 3, better: 'lower' },
  ],
  runs: 5,
  prepare: () => async () => {
    const server = await NatsServer.start()
    const bus = new NatsBus({ servers: server.url, name: 'bench' })
    const stages = [0, 1].map((id) => new Stage(id, [new Sender(id)], (ordinal) => ordinal))
    for (const stage of stages) await bus.join(stage.id, stage)
    const bare = await BareStream.start(server.url)
    try {
      const ours: number[] = []
      const theirs: number[] = []
      for (let quantum = 0; quantum < QUANTA_WARM + QUANTA; quantum++) {
        const startMs = performance.now()
        await bus.grant({ quantum, observe: false, final: false })
        const bagsMs = performance.now()
        await bare.exchange()
        if (quantum < QUANTA_WARM) continue
        ours.push(bagsMs - startMs)
        theirs.push(performance.now() - bagsMs)
      }
      process.stderr.write(`${middle(ours).toFixed(0)} ms a quantum, ${middle(theirs).toFixed(0)} ms on the client alone\n`)
      return [middle(theirs) / middle(ours), Math.max(...ours) / middle(ours)]
    } finally {
      await bare.stop()
      await bus.close()
      await server.stop()
    }
  },
}

function middle(of: readonly number[]): number {
  return of.toSorted((a, b) => a - b)[of.length >> 1]!
}

class Sender extends BusyActor {
  readonly #pages = Uint32Array.from({ length: BAG_BYTES / 4 }, (_, i) => Math.imul(i, 0x9e3779b1))

  override step(_now: Quantum, _inbox: readonly unknown[], out: Outbox): void {
    out.send(1 - this.ordinal, 'released', { pages: this.#pages })
  }
}

class BareStream {
  readonly #ends: readonly NatsConnection[]
  readonly #part = new Uint8Array(MIB - 1024)
  #missing = 0
  #pass: () => void = () => {}

  private constructor(ends: readonly NatsConnection[]) {
    this.#ends = ends
    const callback = (): void => {
      if (--this.#missing === 0) this.#pass()
    }
    for (const [i, end] of ends.entries()) end.subscribe(`bare.${i}`, { callback })
  }

  static async start(url: string): Promise<BareStream> {
    const ends = await Promise.all([connect({ servers: url }), connect({ servers: url })])
    const stream = new BareStream(ends)
    await Promise.all(ends.map((end) => end.flush()))
    return stream
  }

  async exchange(): Promise<void> {
    const parts = Math.ceil(BAG_BYTES / this.#part.length)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#missing = 2 * parts
    this.#pass = resolve
    for (const [i, end] of this.#ends.entries()) for (let n = 0; n < parts; n++) end.publish(`bare.${1 - i}`, this.#part)
    await promise
  }

  async stop(): Promise<void> {
    for (const end of this.#ends) await end.close()
  }
}
