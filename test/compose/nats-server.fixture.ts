/** A real nats-server with the cluster's own configuration: what `init` writes, but for ports and the place of the store. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type NatsConnection } from '@nats-io/transport-node'

const INIT = new URL('../../deploy/init.ts', import.meta.url).pathname
const SERVER_READY_MS = 20_000

export class ConfiguredServer {
  readonly directory: string
  readonly #process: ChildProcess
  readonly url: string

  private constructor(directory: string, process: ChildProcess, url: string) {
    this.directory = directory
    this.#process = process
    this.url = url
  }

  static async start(): Promise<ConfiguredServer> {
    const directory = mkdtempSync(join(tmpdir(), 'coldpool-compose-'))
    execFileSync(process.execPath, [INIT, directory])
    const store = join(directory, 'jetstream')
    // A port of -1 takes a free one, which the server then tells; without monitoring, for that port is fixed.
    const server = spawn(
      'nats-server',
      ['-c', join(directory, 'nats/nats.conf'), '-a', '127.0.0.1', '-p', '-1', '-m', '-1', '-sd', store],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    return new ConfiguredServer(directory, server, `nats://127.0.0.1:${await portOf(server)}`)
  }

  passwordOf(user: string): string {
    return readFileSync(join(this.directory, user, 'password'), 'utf8')
  }

  connect(user: string, password = this.passwordOf(user)): Promise<NatsConnection> {
    return connect({ servers: this.url, user, pass: password, inboxPrefix: `_INBOX_${user}`, reconnect: false })
  }

  anonymous(): Promise<NatsConnection> {
    return connect({ servers: this.url, reconnect: false })
  }

  async stop(): Promise<void> {
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await gone
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** From the server's log: the port it listens on, once it is ready. */
function portOf(server: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  let log = ''
  const timer = setTimeout(
    () => reject(new Error(`nats-server is not ready after ${SERVER_READY_MS} ms:\n${log}`)),
    SERVER_READY_MS,
  )
  server.once('error', reject)
  server.once('exit', (code) => reject(new Error(`nats-server exited with ${code}:\n${log}`)))
  const read = (bytes: Buffer): void => {
    log += bytes.toString()
    const port = /client connections on [\d.]+:(\d+)/.exec(log)?.[1]
    if (port === undefined || !log.includes('Server is ready')) return
    clearTimeout(timer)
    // What it refuses from now on it says there too, a line each.
    server.stderr!.off('data', read).resume()
    resolve(Number(port))
  }
  server.stderr!.on('data', read)
  return promise
}
