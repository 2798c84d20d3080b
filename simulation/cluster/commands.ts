/** The operator's desk on the bus: requests from outside, read and answered. */
import { subject, type Subscription, type Wire } from '#shared/bus/wire.ts'
import { pack, unpack } from '#shared/packing.ts'
import { Desk, type DeskParts, type OperatorAnswer, operatorRequest, type OperatorRequest } from '../desk.ts'
import { lobby } from './crew.ts'

export const REQUEST_BYTES_MAX = 64 << 10

export interface CommandsParts extends DeskParts {
  readonly wire: Wire
  readonly cluster: string
}

export class Commands extends Desk {
  readonly #wire: Wire
  readonly #cluster: string
  readonly #dropped: DeskParts['dropped']
  #subscription: Subscription | undefined

  constructor({ wire, cluster, ...parts }: CommandsParts) {
    super(parts)
    this.#wire = wire
    this.#cluster = cluster
    this.#dropped = parts.dropped
  }

  open(): void {
    const at = subject(lobby(this.#cluster), 'command', 'operator', 'conductor')
    this.#subscription = this.#wire.serve(at, async (bytes) => pack(await this.#answer(bytes)))
  }

  override close(): void {
    this.#subscription?.stop()
    super.close()
  }

  async #answer(bytes: Uint8Array): Promise<OperatorAnswer> {
    const request = read(bytes)
    if (request !== undefined) return this.ask(request)
    this.#dropped.count('malformed', 'a command of another form')
    return {
      error:
        'CP_WIRE command: not a request; expected a msgpack map with command: inject, stop, pause, resume, step, pace or end',
    }
  }
}

function read(bytes: Uint8Array): OperatorRequest | undefined {
  if (bytes.length > REQUEST_BYTES_MAX) return undefined
  try {
    return operatorRequest.safeParse(unpack(bytes)).data
  } catch {
    return undefined
  }
}
