/** One connection for each user of the bus, with its own password, that says whatever it is given, and counts what the server refuses. */
import { headers, type NatsConnection, PermissionViolationError } from '@nats-io/transport-node'
import { PART_HEADER } from '#shared/bus/chunks.ts'
import type { USERS } from '../../deploy/secrets.ts'
import type { ConfiguredServer } from '../compose/nats-server.fixture.ts'

export type User = (typeof USERS)[number]

export interface Shot {
  readonly subject: string
  readonly bytes: Uint8Array
  /** Of a message in parts. */
  readonly part?: string
  readonly reply?: string
}

/** Said in one go, before the server is waited for. */
const SALVO = 100
const BURST_BYTES = 1.2e6

export class Attacker {
  readonly user: User
  readonly connection: NatsConnection
  sent = 0
  readonly refused = new Map<string, number>()

  private constructor(user: User, connection: NatsConnection) {
    this.user = user
    this.connection = connection
    void this.#count()
  }

  static async login(server: ConfiguredServer, user: User): Promise<Attacker> {
    return new Attacker(user, await server.connect(user))
  }

  async fire(shots: readonly Shot[]): Promise<void> {
    for (const [i, { subject, bytes, part, reply }] of shots.entries()) {
      const head = headers()
      if (part !== undefined) head.set(PART_HEADER, part)
      this.connection.publish(subject, bytes, {
        ...(part !== undefined && { headers: head }),
        ...(reply !== undefined && { reply }),
      })
      this.sent++
      if (i % SALVO === 0) await this.connection.flush()
    }
    await this.connection.flush()
  }

  /** One message above the server's limit; gives what the connection ends with. */
  async burst(): Promise<unknown> {
    const { connection } = this
    // The client would not even send it.
    ;(connection.info as { max_payload: number }).max_payload = 2 * BURST_BYTES
    connection.publish('coldpool.burst', new Uint8Array(BURST_BYTES))
    return connection.closed()
  }

  get refusals(): number {
    return [...this.refused.values()].reduce((sum, count) => sum + count, 0)
  }

  async #count(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type !== 'error' || !(status.error instanceof PermissionViolationError)) continue
      const { subject, operation } = status.error
      if (operation === 'publish') this.refused.set(subject, (this.refused.get(subject) ?? 0) + 1)
    }
  }
}
