/** A process that is started again when it dies, as a restart policy does, until it ends well or is let go. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

export type Environment = Readonly<Record<string, string>>
/** A line of a process's log. */
export type Line = Readonly<Record<string, unknown>> & { readonly message: string }

const RESTART_MS = 100
/** Of ours, what a process gets (vitest.config.ts). */
const { PATH, NODE_COMPILE_CACHE } = process.env
export const ENVIRONMENT = { PATH, NODE_COMPILE_CACHE }
/** One that ends badly by itself, and not by a signal, is not started again for ever. */
const FAILURES = 5

export class Supervised {
  readonly name: string
  readonly #main: string
  /** Of the first life, the second, … */
  readonly #environment: (life: number) => Environment
  readonly #failuresMax: number
  #child!: ChildProcess
  #text = ''
  #lives = 0
  #failures = 0
  #letGo = false
  #whenDead = Promise.withResolvers<void>()
  readonly #whenOver = Promise.withResolvers<string>()

  constructor(name: string, main: string, environment: (life: number) => Environment, failuresMax = FAILURES) {
    this.name = name
    this.#main = main
    this.#environment = environment
    this.#failuresMax = failuresMax
    // Whoever asks for it hears of it.
    this.#whenOver.promise.catch(() => {})
    void this.#live()
  }

  get lives(): number {
    return this.#lives
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** All that it has written, in all its lives. */
  get text(): string {
    return this.#text
  }

  get log(): Line[] {
    const lines = this.#text.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'))
    return lines.map((line) => JSON.parse(line) as Line)
  }

  /** Resolves when it has died the next time. */
  get death(): Promise<void> {
    return this.#whenDead.promise
  }

  /** Resolves with what it wrote to its standard output when it has ended well. */
  get ended(): Promise<string> {
    return this.#whenOver.promise
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    this.#child.kill(signal)
  }

  /** Kills it, when it lives; resolves when it is dead. */
  async killLiving(): Promise<void> {
    while (isOver(this.#child)) await sleep(RESTART_MS / 10)
    const { death } = this
    this.#child.kill('SIGKILL')
    await death
  }

  /** For good. */
  async stop(): Promise<void> {
    this.#letGo = true
    const child = this.#child
    if (isOver(child)) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  async #live(): Promise<void> {
    while (!this.#letGo) {
      const child = spawn(process.execPath, [this.#main], {
        env: { ...ENVIRONMENT, ...this.#environment(++this.#lives) },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      this.#child = child
      let output = ''
      child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()))
      child.stderr.on('data', (bytes: Buffer) => (this.#text += bytes.toString()))
      const [code] = (await once(child, 'close')) as [number | null]
      this.#whenDead.resolve()
      this.#whenDead = Promise.withResolvers()
      if (code === 0) return this.#whenOver.resolve(output)
      if (code !== null && ++this.#failures >= this.#failuresMax) {
        return this.#whenOver.reject(new Error(`${this.name} ended with ${code}:\n${this.#text.slice(-4000)}`))
      }
      await sleep(RESTART_MS)
    }
  }
}

function isOver({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}
