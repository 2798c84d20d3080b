/** A cluster of processes on a server of its own, as a person would start it, and a foreign workload beside it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pack, unpack } from 'msgpackr'
import { parseDocument } from 'yaml'
import { runVerdict } from '#cli/coldpool.fixture.ts'
import type { Verdict } from '#simulation/verdict.ts'
import { ENVIRONMENT } from '../cluster/supervised.fixture.ts'
import { ConfiguredServer } from '../compose/nats-server.fixture.ts'

const ROOT = new URL('../../', import.meta.url).pathname
const WORKLOAD = join(ROOT, 'test/foreign/workload.py')
const WAIT_MS = 40_000

type Service = 'conductor' | 'host' | 'device' | 'promoter'

/** What the foreign workload says on its standard output, a line each. */
export interface Heard {
  readonly what: string
  readonly id?: string
  readonly seconds?: number
  readonly allocated?: number
}

export class Cluster {
  readonly #server: ConfiguredServer
  readonly #folder = mkdtempSync(join(tmpdir(), 'coldpool-foreign-'))
  readonly #scenario: string
  readonly #running = new Map<string, Running>()
  readonly #guests: Running[] = []

  private constructor(server: ConfiguredServer, scenario: string) {
    this.#server = server
    this.#scenario = join(this.#folder, 'scenario.yaml')
    writeFileSync(this.#scenario, scenario)
  }

  /** At the pace of the clock, with a conductor and one process for each name: `host-a` is a host. */
  static async start(scenario: string, names: readonly `${Service}-${string}`[]): Promise<Cluster> {
    const cluster = new Cluster(await ConfiguredServer.start(), scenario)
    for (const name of ['conductor', ...names]) cluster.restart(name)
    return cluster
  }

  /** The process of this name, anew; one that runs is killed. */
  restart(name: string): void {
    this.#running.get(name)?.kill()
    const service = name.split('-')[0]!
    const args = [join(ROOT, `services/${service}/main.ts`)]
    const env = { COLDPOOL_NAME: name, COLDPOOL_SCENARIO: this.#scenario, COLDPOOL_PACE: '1x', COLDPOOL_OUT: this.#runs }
    this.#running.set(name, new Running(process.execPath, args, this.#environment(service, env)))
  }

  /** A foreign workload on this host, by the example in Python. */
  join(host: string, ...options: readonly string[]): Guest {
    const guest = new Guest('python3', ['-B', WORKLOAD, '--host', host, ...options], this.#environment('workload'))
    this.#guests.push(guest)
    return guest
  }

  /** Lets time go: what was to be seen as it passes has been seen. Gives the verdict when the conductor has ended. */
  async verdict(): Promise<Verdict> {
    await this.ask({ command: 'pace', pace: 0 })
    await this.#running.get('conductor')!.ended()
    return JSON.parse(readFileSync(join(this.#run, 'verdict.json'), 'utf8')) as Verdict
  }

  /** What was recorded, such as `join workload-3`. */
  get commands(): readonly string[] {
    const script = parseDocument(readFileSync(join(this.#run, 'injections.yaml'), 'utf8')).toJS() as Record<string, string>[]
    return script.map((entry) => {
      const verb = Object.keys(entry).find((key) => key !== 'quantum' && key !== 'at')!
      return `${verb} ${entry[verb]}`
    })
  }

  /** The log of the process that bears this name now. */
  logOf(name: string): string {
    return this.#running.get(name)!.errors
  }

  /** As an operator. */
  async ask(request: object): Promise<unknown> {
    const operator = await this.#server.connect('operator')
    try {
      const answer = await operator.request('coldpool.lobby-test.command.operator.conductor', pack(request), { timeout: WAIT_MS })
      return unpack(answer.data)
    } finally {
      await operator.close()
    }
  }

  /** Replays what was recorded, on the memory bus. */
  replay(): Promise<Verdict> {
    return this.#onMemory('--injections', join(this.#run, 'injections.yaml'))
  }

  /** The scenario with nobody injected, on the memory bus. */
  undisturbed(): Promise<Verdict> {
    return this.#onMemory()
  }

  async stop(): Promise<void> {
    for (const running of [...this.#guests, ...this.#running.values()]) running.kill()
    await this.#server.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #runs(): string {
    return join(this.#folder, 'runs')
  }

  get #run(): string {
    return join(this.#runs, readdirSync(this.#runs)[0]!)
  }

  #onMemory(...options: readonly string[]): Promise<Verdict> {
    return runVerdict(this.#scenario, '--out', join(this.#folder, 'replays'), ...options)
  }

  #environment(user: string, more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    return {
      ...ENVIRONMENT,
      COLDPOOL_BUS: this.#server.url,
      COLDPOOL_CLUSTER: 'test',
      COLDPOOL_NATS_USER: user,
      COLDPOOL_NATS_PASSWORD: this.#server.passwordOf(user),
      ...more,
    }
  }
}

class Running {
  readonly #child: ChildProcess
  readonly #exit: Promise<unknown[]>
  output = ''
  errors = ''

  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#exit = once(this.#child, 'exit')
    this.#child.stdout!.on('data', (bytes: Buffer) => (this.output += bytes.toString()))
    this.#child.stderr!.on('data', (bytes: Buffer) => (this.errors += bytes.toString()))
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** By itself, and well. */
  async ended(): Promise<void> {
    const [code] = await this.#exit
    if (code !== 0) throw new Error(`ended with ${String(code)}:\n${this.errors}`)
  }
}

export class Guest extends Running {
  get heard(): readonly Heard[] {
    const lines = this.output.split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line) as Heard)
  }

  /** Resolves when it has heard such a thing. */
  async hears(wanted: (heard: Heard) => boolean): Promise<Heard> {
    for (const deadline = Date.now() + WAIT_MS; Date.now() < deadline; await sleep(20)) {
      const heard = this.heard.find(wanted)
      if (heard) return heard
    }
    throw new Error(`heard nothing of that kind in ${WAIT_MS} ms:\n${this.output}\n${this.errors}`)
  }
}
