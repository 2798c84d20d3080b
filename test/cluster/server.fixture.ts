/** A local nats-server with JetStream on a store of its own, which can die as a machine does and come back with what it had stored. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'

const READY_MS = 30_000

export class NatsServer {
  readonly #store = mkdtempSync(join(tmpdir(), 'coldpool-nats-'))
  #process: ChildProcess | undefined
  #port = -1

  readonly #storeBytes: number | undefined

  private constructor(storeBytes?: number) {
    this.#storeBytes = storeBytes
  }

  /** On a port that is free. Of JetStream's store it uses so much at most. */
  static async start(storeBytes?: number): Promise<NatsServer> {
    const server = new NatsServer(storeBytes)
    await server.#spawn()
    return server
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`
  }

  get pid(): number {
    return this.#process!.pid!
  }

  /** Resolves when it has died, or at once if it is gone already. */
  get death(): Promise<unknown> {
    const server = this.#process!
    return server.exitCode !== null || server.signalCode !== null ? Promise.resolve() : once(server, 'exit')
  }

  async kill(): Promise<void> {
    const gone = this.death
    this.#process!.kill('SIGKILL')
    await gone
  }

  /** On the same port and store. */
  async restart(): Promise<void> {
    await this.kill()
    await this.#spawn()
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.#store, { recursive: true, force: true })
  }

  /** Messages in each stream of JetStream. */
  async stored(): Promise<Record<string, number>> {
    const streams = await this.#manage((manager) => manager.streams.list().next())
    return Object.fromEntries(streams.map(({ config, state }) => [config.name, state.messages]))
  }

  /** Sets how much a stream may hold. */
  async limit(stream: string, limits: { readonly max_bytes: number; readonly max_msgs?: number }): Promise<void> {
    await this.#manage((manager) => manager.streams.update(stream, limits))
  }

  async #manage<T>(ask: (manager: JetStreamManager) => Promise<T>): Promise<T> {
    const connection = await connect({ servers: this.url })
    try {
      return await ask(await jetstreamManager(connection))
    } finally {
      await connection.close()
    }
  }

  async #spawn(): Promise<void> {
    const args = ['-a', '127.0.0.1', '-p', String(this.#port), '-js', '-sd', this.#store]
    if (this.#storeBytes !== undefined) {
      const config = join(this.#store, 'limits.conf')
      writeFileSync(config, `jetstream { max_file_store: ${this.#storeBytes} }\n`)
      args.push('-c', config)
    }
    const server = spawn('nats-server', args, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#process = server
    this.#port = await portOf(server)
  }
}

/** On a developer's machine it may be missing, then tests step aside and say so; in CI that is an error. */
export function noServer(): boolean {
  if (spawnSync('nats-server', ['--version'], { stdio: 'ignore' }).status === 0) return false
  if (process.env['CI'] === 'true') throw new Error('nats-server is missing, expected in CI')
  process.stderr.write('tests step aside: nats-server is missing\n')
  return true
}

/** From the server's log, which names the port when it listens. */
function portOf(server: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  let log = ''
  const timer = setTimeout(() => reject(new Error(`nats-server is not ready after ${READY_MS} ms:\n${log}`)), READY_MS)
  server.once('error', reject)
  server.once('exit', (code) => reject(new Error(`nats-server exited with ${code}:\n${log}`)))
  server.stderr!.on('data', (bytes: Buffer) => {
    log += bytes.toString()
    const port = /client connections on [\d.]+:(\d+)/.exec(log)?.[1]
    if (port === undefined || !log.includes('Server is ready')) return
    clearTimeout(timer)
    resolve(Number(port))
  })
  return promise
}
