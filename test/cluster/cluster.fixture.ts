/** A cluster of processes on one machine: stages that stay, and conductors that conduct one run after the other. */
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Dropped } from '#shared/bus/wire.ts'
import { NatsWire } from '#shared/bus/nats.ts'
import type { Sample, Status } from '#shared/observe/broadcast.ts'
import { Feed } from '#simulation/cluster/feed.ts'
import { coldpool } from '#cli/coldpool.fixture.ts'
import { type Doom, writeDoom } from './doom.ts'
import { FOLDER } from './reference.fixture.ts'
import type { NatsServer } from './server.fixture.ts'
import { type Environment, Supervised } from './supervised.fixture.ts'

const ROOT = new URL('../../', import.meta.url).pathname
const WAIT_MS = 60_000
const END_MS = 120_000
const LOG_CHARACTERS = 4000

export interface RunOptions {
  /** Of the conductor's first life, the second, …; the last stands for all that follow. */
  readonly paces?: readonly string[]
  readonly env?: Environment | ((life: number) => Environment)
  readonly name?: string
  /** After so many failures, as against kills, it is not started again. */
  readonly failuresMax?: number
}

export class Cluster {
  static #count = 0
  readonly name = `test-${process.pid}-${Cluster.#count++}`
  readonly server: NatsServer
  readonly #folder = mkdtempSync(join(FOLDER, 'cluster-'))
  /** By name, the last that was given it. */
  readonly #processes = new Map<string, Supervised>()
  readonly #all: Supervised[] = []
  readonly #stages = new Set<string>()
  readonly statuses: Status[] = []
  readonly samples: Sample[] = []
  #feed: Feed | undefined

  constructor(server: NatsServer) {
    this.server = server
  }

  /** The processes of services/, or, if they are to be doomed, of stand-ins that are the same but for that. */
  start(names: readonly string[], kind: 'service' | 'doomed' = 'service'): void {
    for (const name of names) {
      this.#stages.add(name)
      const service = name.split('-')[0]!
      this.#spawn(name, kind === 'doomed' ? 'test/cluster/stage.ts' : `services/${service}/main.ts`, () => ({}))
    }
  }

  /** An observer, which needs no rights beyond what all have here. */
  observe(env: Environment): void {
    this.#spawn('observer', 'services/observer/main.ts', () => env)
  }

  /** A conductor; it ends with the run. */
  async conduct(yaml: string, options: RunOptions = {}): Promise<Run> {
    const { paces = ['max'], env = {}, name = 'conductor', failuresMax } = options
    await this.#listen()
    const folder = mkdtempSync(join(this.#folder, 'run-'))
    const scenario = join(folder, 'scenario.yaml')
    writeFileSync(scenario, yaml)
    const environment = (life: number): Environment => ({
      COLDPOOL_SCENARIO: scenario,
      COLDPOOL_OUT: join(folder, 'runs'),
      // Who comes late would stand by.
      COLDPOOL_STAGES: String(this.#stages.size),
      COLDPOOL_PACE: paces[Math.min(life, paces.length) - 1]!,
      ...(typeof env === 'function' ? env(life) : env),
    })
    const conductor = this.#spawn(name, 'test/cluster/conductor.ts', environment, failuresMax)
    return new Run(conductor, join(folder, 'runs'), () => this.#told())
  }

  of(name: string): Supervised {
    return this.#processes.get(name)!
  }

  /** Ends the life of this process, or, instead, that of another, at a moment of its own. */
  doom(name: string, doom: Doom): void {
    writeDoom(this.#doomOf(name), doom)
  }

  get status(): Status | undefined {
    return this.statuses.at(-1)
  }

  /** Resolves with the first status of this kind from now on. */
  async until(wanted: (status: Status) => boolean, milliseconds = WAIT_MS): Promise<Status> {
    const from = this.statuses.length
    return this.wait(() => this.statuses.slice(from).find(wanted), milliseconds)
  }

  /** Resolves when there is something. */
  async wait<T>(look: () => T | undefined | null, milliseconds = WAIT_MS): Promise<T> {
    for (const end = performance.now() + milliseconds; performance.now() < end; await sleep(10)) {
      const found = look()
      if (found != null) return found
    }
    throw new Error(`waited ${milliseconds} ms in vain; ${this.#told()}`)
  }

  /** A command line of coldpool, with bus and cluster; gives what it prints. */
  async coldpool(...argv: readonly string[]): Promise<Printed> {
    const { exitCode: code, ...printed } = await coldpool(...argv, '--bus', this.server.url, '--cluster', this.name)
    return { code, ...printed }
  }

  /** Whatever is doomed then: tries until somebody hears it. Throws if the run is over already: it is to outlast what is done to it. */
  async pace(pace: string): Promise<void> {
    for (const end = performance.now() + WAIT_MS; performance.now() < end; await sleep(100)) {
      const { code } = await this.coldpool('pace', pace)
      if (code === 0) return
      if (this.status?.state === 'ended') break
    }
    throw new Error(`nobody took the pace; ${this.#told()}`)
  }

  async stop(): Promise<void> {
    await this.#feed?.close()
    await Promise.all(this.#all.map((process) => process.stop()))
  }

  #spawn(name: string, main: string, environment: (life: number) => Environment, failuresMax?: number): Supervised {
    const common = {
      COLDPOOL_BUS: this.server.url,
      COLDPOOL_CLUSTER: this.name,
      COLDPOOL_NAME: name,
      COLDPOOL_TEST_DOOM: this.#doomOf(name),
    }
    const process = new Supervised(name, join(ROOT, main), (life) => ({ ...common, ...environment(life) }), failuresMax)
    this.#processes.set(name, process)
    this.#all.push(process)
    return process
  }

  /** What is worth knowing when something went wrong. */
  #told(): string {
    const logs = [...this.#processes.values()].map(({ name, text }) => `${name}:\n${text.slice(-LOG_CHARACTERS)}`)
    return `last status ${JSON.stringify(this.status)}\n${logs.join('\n')}`
  }

  #doomOf(name: string): string {
    return join(this.#folder, `${name}.doom`)
  }

  async #listen(): Promise<void> {
    if (this.#feed) return
    const dropped = new Dropped()
    const wire = await NatsWire.connect({ servers: this.server.url, name: 'test', dropped })
    this.#feed = new Feed(wire, this.name, dropped)
    await this.#feed.follow({
      status: (status) => void this.statuses.push(status),
      sample: (sample) => void this.samples.push(sample),
    })
  }
}

interface Printed {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export class Run {
  readonly conductor: Supervised
  readonly #out: string
  readonly #told: () => string

  constructor(conductor: Supervised, out: string, told: () => string) {
    this.conductor = conductor
    this.#out = out
    this.#told = told
  }

  get folder(): string {
    const folders = readdirSync(this.#out)
    if (folders.length !== 1) throw new Error(`${folders.length} run folders, expected one; ${this.#told()}`)
    return join(this.#out, folders[0]!)
  }

  /** Resolves with the run folder when the conductor has ended. */
  async ended(): Promise<string> {
    const late = sleep(END_MS, 'late', { ref: false })
    if ((await Promise.race([this.conductor.ended, late])) === 'late') {
      throw new Error(`the run did not end within ${END_MS} ms; ${this.#told()}`)
    }
    return this.folder
  }
}
