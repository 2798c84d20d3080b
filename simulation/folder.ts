/** The run folder: scenario.yaml, metrics/ACTOR.csv (one row a sample), events.ndjson, verdict.json. Written as the run goes on. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ActorEvent, ActorId, Ordinal, Telemetry } from '#shared/actor.ts'
import { ColdpoolError } from '#shared/errors.ts'
import type { Scenario } from '#shared/scenario.ts'
import { NS_PER_S } from '#shared/time.ts'
import type { Verdict } from './verdict.ts'

/** Lines are gathered up to this many characters before they are written. */
const BUFFER_CHARACTERS_MAX = 1 << 16

export class RunFolder {
  readonly path: string
  readonly #quantumNs: number
  /** The columns of each actor's CSV are those of its first sample. */
  readonly #columns = new Map<ActorId, readonly string[]>()
  readonly #pending = new Map<string, string>()

  constructor(parent: string, scenario: Scenario, yaml: string) {
    this.#quantumNs = scenario.quantum
    const stamp = new Date().toISOString().replace(/[-:]/g, '').replace(/\..*/, '')
    this.path = this.#guard(() => fresh(parent, `${scenario.name}-${stamp}`))
    this.#guard(() => mkdirSync(join(this.path, 'metrics')))
    this.#guard(() => writeFileSync(join(this.path, 'scenario.yaml'), yaml))
    this.#append('events.ndjson', '')
  }

  event(event: ActorEvent, nameOf: (ordinal: Ordinal) => ActorId): void {
    const { quantum, actor, code, fields } = event
    const named = { ...fields, ...(typeof fields['workload'] === 'number' && { workload: nameOf(fields['workload']) }) }
    this.#append(
      'events.ndjson',
      `${JSON.stringify({ seconds: (quantum * this.#quantumNs) / NS_PER_S, actor, code, ...named })}\n`,
    )
  }

  sample(virtualSeconds: number, telemetry: Readonly<Record<ActorId, Telemetry>>): void {
    for (const [actor, values] of Object.entries(telemetry)) {
      const file = join('metrics', `${actor}.csv`)
      let columns = this.#columns.get(actor)
      if (columns === undefined) {
        columns = Object.keys(values)
        this.#columns.set(actor, columns)
        this.#append(file, `seconds,${columns.join(',')}\n`)
      }
      this.#append(file, `${virtualSeconds},${columns.map((column) => values[column] ?? '').join(',')}\n`)
    }
  }

  finish(verdict: Verdict, telemetry: Readonly<Record<ActorId, Telemetry>>): void {
    this.sample(verdict.virtualSeconds, telemetry)
    for (const file of this.#pending.keys()) this.#flush(file)
    this.#guard(() => writeFileSync(join(this.path, 'verdict.json'), `${JSON.stringify(verdict, null, 2)}\n`))
  }

  #append(file: string, text: string): void {
    const pending = (this.#pending.get(file) ?? '') + text
    this.#pending.set(file, pending)
    if (pending.length > BUFFER_CHARACTERS_MAX) this.#flush(file)
  }

  #flush(file: string): void {
    this.#guard(() => appendFileSync(join(this.path, file), this.#pending.get(file) ?? ''))
    this.#pending.set(file, '')
  }

  #guard<T>(write: () => T): T {
    try {
      return write()
    } catch (error) {
      throw new ColdpoolError('CP_OUTPUT', this.path ?? 'run folder', (error as Error).message, 'a folder that can be written')
    }
  }
}

/** Makes a folder of this name, or name-2, name-3, … if it is there already: nothing is overwritten. */
function fresh(parent: string, name: string): string {
  mkdirSync(parent, { recursive: true })
  for (let attempt = 1; ; attempt++) {
    const path = join(parent, attempt === 1 ? name : `${name}-${attempt}`)
    try {
      mkdirSync(path)
      return path
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt >= 1000) throw error
    }
  }
}
