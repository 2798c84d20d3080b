/** A cluster in containers, brought up with docker-compose from the repository's own files, and everything of it gone at the end. */
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { runVerdict } from '#cli/coldpool.fixture.ts'

const run = promisify(execFile)
const OUTPUT_MAX = 64 << 20
/** A look is a process, which the containers need the processor for as well. */
const LOOK_MS = 500

export interface Ended {
  readonly digest: string
  readonly exitCode: number
}

export class Composed {
  readonly project: string
  readonly #files: readonly string[]
  /** Scenarios of the tests; mounted into the conductor. */
  readonly #folder: string

  constructor(project: string, files: readonly string[] = ['docker-compose.yml']) {
    this.project = `${project}${process.pid}`
    this.#folder = mkdtempSync(join(tmpdir(), 'coldpool-compose-'))
    chmodSync(this.#folder, 0o755)
    const mount = join(this.#folder, 'scenarios.yml')
    writeFileSync(mount, JSON.stringify({ services: { conductor: { volumes: [`${this.#folder}:/given:ro`] } } }))
    this.#files = [...files, mount]
  }

  /** Resolves when the command has ended well. Gives its stdout. */
  async compose(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const files = this.#files.flatMap((file) => ['-f', file])
    const { stdout } = await run('docker-compose', ['--project-directory', '.', '-p', this.project, ...files, ...args], {
      env: { ...process.env, ...this.#environment, ...env },
      maxBuffer: OUTPUT_MAX,
    })
    return stdout
  }

  /** Begins a run of this scenario, given as its text, with a new conductor; the other services are brought up where they are named. */
  async begin(yaml: string, pace: string, services: readonly string[] = ['--no-deps', 'conductor']): Promise<void> {
    const file = join(this.#folder, 'scenario.yaml')
    writeFileSync(file, yaml)
    chmodSync(file, 0o644)
    await this.compose(['up', '-d', '--no-build', '--force-recreate', ...services], {
      COLDPOOL_SCENARIO: '/given/scenario.yaml',
      COLDPOOL_PACE: pace,
    })
  }

  /** Waits for the run's end. */
  async end(): Promise<Ended> {
    const container = await this.container('conductor')
    for (;;) {
      // Until it does not run; it may be about to come back.
      await docker('wait', container)
      const exitCode = await this.exitCode(container)
      if (exitCode !== undefined) {
        const digest = /digest\s+([0-9a-f]{32})/.exec(await docker('logs', container))?.[1] ?? ''
        return { digest, exitCode }
      }
      await sleep(LOOK_MS)
    }
  }

  /** Undefined while it runs, or is about to come back. */
  async exitCode(container: string): Promise<number | undefined> {
    const [status, code] = (await docker('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', container)).trim().split(' ')
    return status === 'exited' ? Number(code) : undefined
  }

  async container(service: string, index = 1): Promise<string> {
    return `${this.project}_${service}_${index}`
  }

  /** Resolves when a line of the conductor's log holds this. Throws if the conductor has ended without. */
  async logged(text: string): Promise<string> {
    const container = await this.container('conductor')
    for (;;) {
      const exitCode = await this.exitCode(container)
      const { stdout, stderr } = await run('docker', ['logs', container], { maxBuffer: OUTPUT_MAX })
      const line = `${stdout}${stderr}`.split('\n').find((candidate) => candidate.includes(text))
      if (line !== undefined) return line
      if (exitCode !== undefined)
        throw new Error(`the conductor ended with ${exitCode} and never logged ${text}:\n${stdout}${stderr}`)
      await sleep(LOOK_MS)
    }
  }

  /** The folder of the last run, copied to this machine. */
  async runFolder(): Promise<string> {
    const target = join(this.#folder, 'runs')
    rmSync(target, { recursive: true, force: true })
    await docker('cp', `${await this.container('conductor')}:/runs`, target)
    const line = await this.logged('"folder"')
    return join(target, /"folder":"\/runs\/([^"]+)"/.exec(line)![1]!)
  }

  /** Gives what is left of it: containers, volumes, networks. */
  async down(): Promise<string[]> {
    await this.compose(['down', '-v', '--remove-orphans', '-t', '3'])
    rmSync(this.#folder, { recursive: true, force: true })
    const label = ['--filter', `label=com.docker.compose.project=${this.project}`, '-q']
    const left = await Promise.all([
      docker('ps', '-a', ...label),
      docker('volume', 'ls', ...label),
      docker('network', 'ls', ...label),
    ])
    return left.flatMap((lines) => lines.split('\n').filter((line) => line !== ''))
  }

  /** As a crash: the process dies by a signal that nobody asked for, so that the restart policy applies. */
  async crash(service: string, index = 1): Promise<void> {
    const pid = await docker('inspect', '-f', '{{.State.Pid}}', await this.container(service, index))
    process.kill(Number(pid), 'SIGKILL')
  }

  get #environment(): Record<string, string> {
    return {
      DOCKER_BUILDKIT: '0',
      COMPOSE_DOCKER_CLI_BUILD: '0',
      COMPOSE_HTTP_TIMEOUT: '180',
      COLDPOOL_IMAGE: `coldpool:test${process.pid}`,
      COLDPOOL_NATS_PORT: '0',
      COLDPOOL_MONITOR_PORT: '0',
      COLDPOOL_DASHBOARD_PORT: '0',
    }
  }
}

export async function docker(...args: readonly string[]): Promise<string> {
  return (await run('docker', [...args], { maxBuffer: OUTPUT_MAX })).stdout
}

/** The verdict's digest of the memory bus, by the command line. */
export async function memoryDigest(...args: readonly string[]): Promise<string> {
  return (await runVerdict(...args, '--out', tmpdir())).digest
}
