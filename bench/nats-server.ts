/** A nats-server of its own for a benchmark: any free port of the loopback, JetStream in a directory that goes with it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export class NatsServer {
  readonly url: string
  /** Also for what else a benchmark writes. */
  readonly directory: string
  readonly #process: ChildProcess

  private constructor(url: string, directory: string, process: ChildProcess) {
    this.url = url
    this.directory = directory
    this.#process = process
  }

  static async start(): Promise<NatsServer> {
    const directory = mkdtempSync(join(tmpdir(), 'coldpool-bench-'))
    const flags = ['-a', '127.0.0.1', '-p', '-1', '-js', '-sd', join(directory, 'jetstream')]
    const server = spawn('nats-server', flags, { stdio: ['ignore', 'ignore', 'pipe'] })
    await once(server, 'spawn')
    let port: string | undefined
    for await (const line of createInterface(server.stderr)) {
      port ??= /client connections on [\d.]+:(\d+)/.exec(line)?.[1]
      if (line.includes('Server is ready')) break
    }
    if (port === undefined) throw new Error('nats-server told no port')
    server.stderr.resume()
    return new NatsServer(`nats://127.0.0.1:${port}`, directory, server)
  }

  async stop(): Promise<void> {
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await gone
    rmSync(this.directory, { recursive: true, force: true })
  }
}
