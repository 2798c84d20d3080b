/**
 * What a barrier between processes costs on the NATS client alone: one publishes a grant, each of the others hears it and
 * publishes an empty done, and the next grant goes out when all have. Run as a process, this file is one of the others.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, type NatsConnection } from '@nats-io/transport-node'

const GRANT = new Uint8Array(32)

export class BareBarrier {
  readonly #connection: NatsConnection
  readonly #children: readonly ChildProcess[]
  #missing = 0
  #pass: () => void = () => {}

  private constructor(connection: NatsConnection, children: readonly ChildProcess[]) {
    this.#connection = connection
    this.#children = children
    connection.subscribe('bare.done', {
      callback: () => {
        if (--this.#missing === 0) this.#pass()
      },
    })
  }

  static async start(url: string, processes: number): Promise<BareBarrier> {
    const children = Array.from({ length: processes }, () => fork(import.meta.filename, [url]))
    await Promise.all(children.map((child) => once(child, 'message')))
    return new BareBarrier(await connect({ servers: url }), children)
  }

  /** Milliseconds. */
  async rounds(count: number): Promise<number> {
    const startMs = performance.now()
    for (let i = 0; i < count; i++) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#missing = this.#children.length
      this.#pass = resolve
      this.#connection.publish('bare.grant', GRANT)
      await promise
    }
    return performance.now() - startMs
  }

  async stop(): Promise<void> {
    for (const child of this.#children) child.disconnect()
    await this.#connection.close()
  }
}

if (process.argv[1] === import.meta.filename) {
  const connection = await connect({ servers: process.argv[2]! })
  connection.subscribe('bare.grant', { callback: () => connection.publish('bare.done') })
  await connection.flush()
  process.send!('ready')
  process.once('disconnect', () => process.exit())
}
