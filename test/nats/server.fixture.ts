/** A NATS server for the bus contract: in a container where there is Docker, else the one at NATS_URL, else a local nats-server. */
import { spawnSync } from 'node:child_process'
import { GenericContainer, Wait } from 'testcontainers'
import { NatsServer } from '../cluster/server.fixture.ts'

export interface Server {
  readonly url: string
  stop(): Promise<unknown>
}

const IMAGE = 'nats:2-alpine'
const PORT = 4222
const START_MS = 120_000

/** Undefined if there is none to be had, which stderr says; in CI that is an error. */
export function findServer(
  env: NodeJS.ProcessEnv = process.env,
  runs: (program: string, ...args: readonly string[]) => boolean = itRuns,
): { readonly name: string; start(): Promise<Server> } | undefined {
  const { NATS_URL } = env
  if (runs('docker', 'info')) return { name: `${IMAGE} in a container`, start: inContainer }
  if (NATS_URL !== undefined && NATS_URL !== '') {
    return { name: 'NATS_URL', start: () => Promise.resolve({ url: NATS_URL, stop: () => Promise.resolve() }) }
  }
  if (runs('nats-server', '--version')) return { name: 'a local nats-server', start: () => NatsServer.start() }
  const missing = 'Docker, NATS_URL and nats-server are missing'
  if (env['CI'] === 'true') throw new Error(`${missing}, expected one of them in CI`)
  process.stderr.write(`tests step aside: ${missing}\n`)
  return undefined
}

async function inContainer(): Promise<Server> {
  // The reaper would be one more image; the container is stopped by the test, and removed as it stops.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true'
  const container = await new GenericContainer(IMAGE)
    .withEntrypoint(['nats-server'])
    .withCommand(['-p', String(PORT)])
    .withExposedPorts(PORT)
    .withWaitStrategy(Wait.forLogMessage('Server is ready'))
    .withStartupTimeout(START_MS)
    .start()
  return { url: `nats://${container.getHost()}:${container.getMappedPort(PORT)}`, stop: () => container.stop() }
}

function itRuns(program: string, ...args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0
}
