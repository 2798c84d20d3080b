/** The cluster's real processes, on a server with the cluster's own rights, watched as an administrator would: log, memory, exit. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Verdict } from '#simulation/verdict.ts'
import type { ConfiguredServer } from '../compose/nats-server.fixture.ts'

const ROOT = new URL('../../', import.meta.url).pathname
const MIB = 1 << 20

interface Plan {
  readonly scenario: string
  readonly pace: string
  /** Processes that are to have a stage each. */
  readonly stages: number
}

export class Processes {
  readonly #server: ConfiguredServer
  readonly #plan: Plan
  readonly #folder = mkdtempSync(join(tmpdir(), 'coldpool-hostile-'))
  readonly #running = new Map<string, Watched>()

  constructor(server: ConfiguredServer, plan: Plan) {
    this.#server = server
    this.#plan = plan
    writeFileSync(this.#scenario, plan.scenario)
  }

  /** `host-1` is a host. */
  start(name: string): void {
    const role = name.split('-')[0]!
    const env = {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      COLDPOOL_BUS: this.#server.url,
      COLDPOOL_NATS_USER: role,
      COLDPOOL_NATS_PASSWORD: this.#server.passwordOf(role),
      COLDPOOL_NAME: name,
      COLDPOOL_SCENARIO: this.#scenario,
      COLDPOOL_PACE: this.#plan.pace,
      COLDPOOL_STAGES: String(this.#plan.stages),
      COLDPOOL_OUT: this.#runs,
      COLDPOOL_DASHBOARD_PORT: '0',
    }
    this.#running.set(name, new Watched(name, join(ROOT, `services/${role}/main.ts`), env))
  }

  of(name: string): Watched {
    return this.#running.get(name)!
  }

  get all(): readonly Watched[] {
    return [...this.#running.values()]
  }

  async verdict(): Promise<Verdict> {
    await this.of('conductor').ended
    const [run] = readdirSync(this.#runs)
    return JSON.parse(readFileSync(join(this.#runs, run!, 'verdict.json'), 'utf8')) as Verdict
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((one) => one.kill()))
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #scenario(): string {
    return join(this.#folder, 'scenario.yaml')
  }

  get #runs(): string {
    return join(this.#folder, 'runs')
  }
}

export class Watched {
  readonly name: string
  readonly ended: Promise<unknown>
  readonly #process: ChildProcess
  readonly #startedMs = performance.now()
  #log = ''

  constructor(name: string, main: string, env: NodeJS.ProcessEnv) {
    this.name = name
    this.#process = spawn(process.execPath, [main], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    this.#process.stderr!.on('data', (bytes: Buffer) => {
      this.#log += bytes.toString()
    })
    this.ended = once(this.#process, 'close')
  }

  /** Undefined as long as it runs. */
  get exitCode(): number | undefined {
    return this.#process.exitCode ?? undefined
  }

  get runs(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** As the log is: JSON, a line each. What is no JSON is a crash's last words. */
  get lines(): readonly Readonly<Record<string, unknown>>[] {
    return this.#log
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (line.startsWith('{') ? (JSON.parse(line) as Record<string, unknown>) : { crash: line }))
  }

  hasSaid(message: string): boolean {
    return this.lines.some((line) => line['message'] === message)
  }

  get aliveSeconds(): number {
    return (performance.now() - this.#startedMs) / 1000
  }

  /** The most that it ever held; 0 where the system does not tell. */
  get peakMemoryMiB(): number {
    if (process.platform !== 'linux' || !this.runs) return 0
    const status = readFileSync(`/proc/${this.#process.pid}/status`, 'utf8')
    return (Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) * 1024) / MIB
  }

  async kill(): Promise<void> {
    if (!this.runs) return
    this.#process.kill('SIGKILL')
    await this.ended
  }
}
