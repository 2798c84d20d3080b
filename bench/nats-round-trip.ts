/**
 * A quantum over NATS in round trips. A quantum: the conductor's end of the protocol in this process grants to two stages, each
 * in a process of its own, whose actors send each other a small mail in every quantum; so two bags travel, and
 * two dones. A round trip: a request of 32 bytes from this process and the answer of one of the others, on the NATS
 * client alone. In short turns. Run as a process, this file is a stage: `NUMBER URL`.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from '@nats-io/transport-node'
import type { Outbox } from '#shared/actor.ts'
import { ConductorEnd } from '#shared/bus/conductor-end.ts'
import { NatsWire } from '#shared/bus/nats.ts'
import { StageEnd } from '#shared/bus/stage-end.ts'
import { Stage } from '#shared/stage.ts'
import type { Quantum } from '#shared/time.ts'
import { BusyActor } from './busy-actor.ts'
import type { Benchmark } from './harness.ts'
import { NatsServer } from './nats-server.ts'

const SPEC = { run: 'bench', generation: 1, roles: ['stage', 'stage'], first: 1 }
const SLICE = 500
const SLICES_WARM = 4
const SLICES = 12

export const natsRoundTrip: Benchmark = {
  figures: [{ name: 'nats-quantum-per-round-trip', unit: 'round trips', goal: 2.5, better: 'lower' }],
  runs: 5,
  prepare: (quick) => async () => {
    const server = await NatsServer.start()
    const stages = [await stageProcess(0, server.url), await stageProcess(1, server.url)]
    const wire = await NatsWire.connect({ servers: server.url, name: 'bench' })
    const bus = new ConductorEnd(wire, SPEC)
    const client = await connect({ servers: server.url })
    try {
      await bus.open()
      let quantum = 0
      let quantaMs = 0
      let tripsMs = 0
      for (let slice = 0; slice < SLICES_WARM + (quick ? 4 : SLICES); slice++) {
        const trips = await msOf(() => client.request('bare.request', REQUEST))
        const quanta = await msOf(() => bus.grant({ quantum: quantum++, observe: false, final: false }))
        if (slice < SLICES_WARM) continue
        tripsMs += trips
        quantaMs += quanta
      }
      return [quantaMs / tripsMs]
    } finally {
      for (const stage of stages) stage.disconnect()
      await bus.close()
      await wire.close()
      await client.close()
      await server.stop()
    }
  },
}

const REQUEST = new Uint8Array(32)

async function msOf(step: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  for (let i = 0; i < SLICE; i++) await step()
  return performance.now() - startMs
}

async function stageProcess(stage: number, url: string): Promise<ChildProcess> {
  const child = fork(import.meta.filename, [String(stage), url])
  await once(child, 'message')
  return child
}

class Pen extends BusyActor {
  override step(_now: Quantum, _inbox: readonly unknown[], out: Outbox): void {
    out.send(1 - this.ordinal, 'progress', { workNs: 1e6, allocated: 1, epochsDone: 0, sweepPassesDone: 0 })
  }
}

if (process.argv[1] === import.meta.filename) {
  const stage = Number(process.argv[2])
  const servers = process.argv[3]!
  const wire = await NatsWire.connect({ servers, name: `stage-${stage}` })
  const handler = new Stage(stage, [new Pen(stage)], (ordinal) => ordinal)
  await new StageEnd(wire, { ...SPEC, stage }, handler).open()
  if (stage === 0) {
    const client = await connect({ servers })
    client.subscribe('bare.request', { callback: (_, message) => void message.respond() })
    await client.flush()
  }
  process.send!('ready')
  process.once('disconnect', () => process.exit())
}
