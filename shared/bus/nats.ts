/**
 * The bus over NATS: the wire that all processes of a cluster share, and, for runs in one process whose mail goes over
 * NATS all the same, a bus behind the common contract. Nobody else imports a NATS client, but for the journal.
 */
import { randomBytes } from 'node:crypto'
import { connect, headers, type Msg, type NatsConnection } from '@nats-io/transport-node'
import { ColdpoolError } from '../errors.ts'
import { shownServers, targetOf } from './address.ts'
import type { Bus, Grant, Report, StageHandler, StageId } from './bus.ts'
import { Assembly, formatPart, PART_HEADER, parsePart, partsOf } from './chunks.ts'
import { ConductorEnd } from './conductor-end.ts'
import { StageEnd } from './stage-end.ts'
import { Dropped, type Subscription, type Wire } from './wire.ts'

export interface NatsOptions {
  /** One or more, separated by commas: `nats://host:4222`. User and password may stand in the address. */
  readonly servers: string
  readonly user?: string
  readonly password?: string
  /** Says in the server's list of connections who this is. */
  readonly name: string
  /** Keep trying until the server is there, instead of failing at once. */
  readonly patient?: boolean
  /** Aborted: a connection that is not there yet is not waited for. */
  readonly signal?: AbortSignal
  readonly dropped?: Dropped
  /** Hears of lost and regained connections and of what the server forbids, for the log. */
  readonly onNotice?: (notice: string) => void
}

/** A lost connection is tried again this often; a server that says nothing for two pings is given up. */
const RECONNECT_MS = 200
const PING_MS = 2000
const PINGS_MAX = 2
const CLOSE_MS = 500
/** An inbox of a user, or the server's name for one in another account. */
const INBOX = /^_(INBOX|R_)/
/** In every message that JetStream reads out of a stream. */
const STORED_HEADER = 'Nats-Stream'
/** Room for headers and protocol in a message of the server's max_payload. */
const PART_SLACK_BYTES = 1024

export class NatsWire implements Wire {
  readonly connection: NatsConnection
  readonly dropped: Dropped
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #flushing = new Set<() => void>()

  private constructor(connection: NatsConnection, dropped: Dropped) {
    this.connection = connection
    this.dropped = dropped
  }

  /** Throws CP_BUS, or the signal's reason. */
  static async connect(options: NatsOptions): Promise<NatsWire> {
    const { servers, name, patient = false, signal, dropped = new Dropped(), onNotice = () => {} } = options
    const { tls, ...target } = targetOf(options)
    let connected = false
    let looks = 0
    /** The client asks before each look at a server. */
    const waitMs = (): number => {
      if (connected) return RECONNECT_MS
      signal?.throwIfAborted()
      if (patient && looks++ === target.servers.length) onNotice(`${shownServers(servers)} is not there, and is waited for`)
      return RECONNECT_MS
    }
    let connection: NatsConnection
    try {
      const connecting = connect({
        ...target,
        name,
        // An empty option asks for it: without TLS on the server nothing is said, no password either.
        ...(tls && { tls: {} }),
        maxReconnectAttempts: -1,
        reconnectDelayHandler: waitMs,
        waitOnFirstConnect: patient,
        pingInterval: PING_MS,
        maxPingOut: PINGS_MAX,
        ignoreAuthErrorAbort: patient,
        timeout: 5000,
        ...(target.user !== undefined && { inboxPrefix: `_INBOX_${target.user}` }),
      })
      connection = await unlessAborted(connecting, signal)
      connected = true
    } catch (error) {
      signal?.throwIfAborted()
      throw new ColdpoolError('CP_BUS', shownServers(servers), (error as Error).message, 'a NATS server that lets us in')
    }
    void listen(connection, dropped, onNotice)
    return new NatsWire(connection, dropped)
  }

  publish(subject: string, bytes: Uint8Array): void {
    if (this.connection.isClosed()) return
    const most = this.#partBytes()
    if (bytes.length <= most) {
      this.connection.publish(subject, bytes)
      return
    }
    const parts = partsOf(bytes, most)
    const id = randomBytes(12).toString('hex')
    for (const [index, part] of parts.entries()) {
      const head = headers()
      head.set(PART_HEADER, formatPart({ id, index, count: parts.length }))
      this.connection.publish(subject, part, { headers: head })
    }
  }

  subscribe(subject: string, hear: (bytes: Uint8Array, subject: string) => void): Subscription {
    const assembly = new Assembly(() => this.dropped.count('overflow', `unfinished parts on ${subject}`))
    // The client decodes a message's subject anew each time it is asked.
    const known = subject.includes('*') ? undefined : subject
    const subscription = this.connection.subscribe(subject, {
      callback: (error, message) => {
        // What the server forbids comes here as an error, and to onNotice as well.
        if (error) return
        const bytes = this.#whole(message, assembly)
        if (bytes) hear(bytes, known ?? message.subject)
      },
    })
    return { stop: () => void (this.connection.isClosed() || subscription.unsubscribe()) }
  }

  serve(subject: string, answer: (bytes: Uint8Array) => Promise<Uint8Array>, queue?: string): Subscription {
    const respond = async (message: Msg): Promise<void> => {
      const bytes = await answer(message.data)
      if (!this.connection.isClosed()) message.respond(bytes)
    }
    const subscription = this.connection.subscribe(subject, {
      ...(queue !== undefined && { queue }),
      callback: (error, message) => {
        if (error || this.#isReflected(message)) return
        // Whoever asks says where the answer goes: nowhere but into an inbox, for we may speak where he may not.
        if (!INBOX.test(message.reply ?? '')) this.dropped.count('stranger', `a request on ${subject} that names no inbox`)
        else void respond(message)
      },
    })
    return { stop: () => void (this.connection.isClosed() || subscription.unsubscribe()) }
  }

  /** Throws CP_BUS if nobody answers in time. */
  async request(subject: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    try {
      return (await this.connection.request(subject, bytes, { timeout: timeoutMs })).data
    } catch (error) {
      throw new ColdpoolError('CP_BUS', subject, (error as Error).message, `an answer within ${timeoutMs} ms`)
    }
  }

  /** A server that is away is waited for. */
  async flush(): Promise<void> {
    while (!this.connection.isClosed()) {
      // A client that is closed forgets those who wait for it.
      const { promise: closed, resolve } = Promise.withResolvers<void>()
      this.#flushing.add(resolve)
      try {
        return await Promise.race([this.connection.flush(), closed])
      } catch {
        await delay(RECONNECT_MS)
      } finally {
        this.#flushing.delete(resolve)
      }
    }
  }

  every(milliseconds: number, task: () => void): Subscription {
    const timer = setInterval(task, milliseconds)
    this.#timers.add(timer)
    return {
      stop: () => {
        clearInterval(timer)
        this.#timers.delete(timer)
      },
    }
  }

  now(): number {
    return performance.now()
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    // Draining waits for the server; one that is away must not hold us.
    if (!this.connection.isClosed()) await Promise.race([this.flush(), delay(CLOSE_MS)])
    await this.connection.close()
    for (const resolve of this.#flushing) resolve()
  }

  #whole(message: Msg, assembly: Assembly): Uint8Array | undefined {
    // As most are.
    if (message.headers === undefined) return message.data
    if (this.#isReflected(message)) return undefined
    const text = message.headers.get(PART_HEADER)
    if (!text) return message.data
    const part = parsePart(text)
    if (part) return assembly.put(message.subject, part, message.data)
    this.dropped.count('malformed', 'a part that is none')
    return undefined
  }

  /** An answer of JetStream's, which whoever asks can have sent to any subject, also one on which he may not speak. */
  #isReflected(message: Msg): boolean {
    if (message.headers?.has(STORED_HEADER) !== true) return false
    this.dropped.count('stranger', `an answer of JetStream on ${message.subject}`)
    return true
  }

  #partBytes(): number {
    return (this.connection.info?.max_payload ?? 1 << 20) - PART_SLACK_BYTES
  }
}

/** For runs in one process: every stage has a connection of its own, so that all mail between stages crosses the server. */
export class NatsBus implements Bus {
  readonly name = 'nats'
  readonly #options: NatsOptions
  readonly #run = `run-${randomBytes(8).toString('hex')}`
  readonly #wires: NatsWire[] = []
  readonly #joined = new Map<StageId, StageHandler>()
  readonly #ends: StageEnd[] = []
  #conductor: ConductorEnd | undefined

  constructor(options: NatsOptions) {
    this.#options = options
  }

  async join(stage: StageId, handler: StageHandler): Promise<void> {
    if (this.#conductor || this.#joined.has(stage)) {
      throw new ColdpoolError('CP_BUS', `stage ${stage}`, 'joins twice or too late', 'each stage once, before the first grant')
    }
    this.#joined.set(stage, handler)
    await Promise.resolve()
  }

  async grant(grant: Grant): Promise<readonly Report[]> {
    this.#conductor ??= await this.#open()
    return this.#conductor.grant(grant)
  }

  async close(): Promise<void> {
    await this.#conductor?.close()
    for (const end of this.#ends) end.close()
    for (const wire of this.#wires) await wire.close()
  }

  async #open(): Promise<ConductorEnd> {
    const count = Math.max(...this.#joined.keys()) + 1
    const spec = { run: this.#run, generation: 1, first: 1, roles: Array.from({ length: count }, () => 'stage') }
    for (const [stage, handler] of this.#joined) {
      const end = new StageEnd(await this.#connect(`stage-${stage}`), { ...spec, stage }, handler)
      await end.open()
      this.#ends.push(end)
    }
    const conductor = new ConductorEnd(await this.#connect('conductor'), spec)
    await conductor.open()
    return conductor
  }

  async #connect(part: string): Promise<NatsWire> {
    const wire = await NatsWire.connect({ ...this.#options, name: `${this.#options.name} ${part}` })
    this.#wires.push(wire)
    return wire
  }
}

/** Throws the signal's reason. A connection that comes after that is closed. */
async function unlessAborted(connecting: Promise<NatsConnection>, signal?: AbortSignal): Promise<NatsConnection> {
  if (signal === undefined) return connecting
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason as Error)
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  try {
    return await Promise.race([connecting, aborted])
  } catch (error) {
    connecting.then(
      (late) => late.close(),
      () => {},
    )
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

async function listen(connection: NatsConnection, dropped: Dropped, onNotice: (notice: string) => void): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'slowConsumer') dropped.count('slow')
    if (status.type === 'error') onNotice(`the server says: ${status.error.message}`)
    else if (['disconnect', 'reconnect', 'staleConnection', 'ldm'].includes(status.type)) onNotice(status.type)
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref()
  })
}
