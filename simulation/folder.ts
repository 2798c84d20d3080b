/**
 * The run folder: scenario.yaml, injections.yaml (if there were commands), metrics/ACTOR.csv (one row a sample),
 * events.ndjson, verdict.json; and, made of these when the run has ended, report.html (report/) and metrics.parquet (parquet/). Written as the run goes on; a run that goes back takes the folder with it.
 */
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ActorEvent, ActorId, Ordinal, Telemetry } from '#shared/actor.ts'
import type { Stamped } from '#shared/command.ts'
import { ColdpoolError } from '#shared/errors.ts'
import type { Scenario } from '#shared/scenario.ts'
import { NS_PER_S } from '#shared/time.ts'
import { formatInjection, INJECTIONS_HEADER } from './injections.ts'
import { guarded, stampedFolder } from './output.ts'
import type { Verdict } from './verdict.ts'

const EVENTS = 'events.ndjson'
const VERDICT = 'verdict.json'
/** Made of all the others. */
export const REPORT = 'report.html'
export const METRICS_TABLE = 'metrics.parquet'
const INJECTIONS = 'injections.yaml'
const METRICS = 'metrics'

/** Lines are gathered up to this many characters before they are written. */
const BUFFER_CHARACTERS_MAX = 1 << 16

/** How the folder stood: what goes on from there needs no more. */
export interface FolderSnapshot {
  /** Bytes of each file that grows. */
  readonly bytes: Readonly<Record<string, number>>
  readonly columns: Readonly<Record<ActorId, readonly string[]>>
}

export class RunFolder {
  readonly path: string
  readonly #quantumNs: number
  /** The columns of each actor's CSV are those of its first sample. */
  readonly #columns = new Map<ActorId, readonly string[]>()
  readonly #pending = new Map<string, string>()

  /** A new folder in `parent`. */
  static create(parent: string, scenario: Scenario, yaml: string): RunFolder {
    const path = stampedFolder(parent, scenario.name)
    guarded(path, () => {
      mkdirSync(join(path, METRICS))
      writeFileSync(join(path, 'scenario.yaml'), yaml)
      writeFileSync(join(path, EVENTS), '')
    })
    return new RunFolder(path, scenario)
  }

  /** A folder that create() made, perhaps in a process that is no more. Before it goes on it is to be restored. */
  static open(path: string, scenario: Scenario): RunFolder {
    guarded(path, () => statSync(join(path, EVENTS)))
    return new RunFolder(path, scenario)
  }

  private constructor(path: string, scenario: Scenario) {
    this.path = path
    this.#quantumNs = scenario.quantum
  }

  event(event: ActorEvent, nameOf: (ordinal: Ordinal) => ActorId): void {
    const { quantum, actor, code, fields } = event
    const named = { ...fields, ...(typeof fields['workload'] === 'number' && { workload: nameOf(fields['workload']) }) }
    this.#append(EVENTS, `${JSON.stringify({ seconds: (quantum * this.#quantumNs) / NS_PER_S, actor, code, ...named })}\n`)
  }

  sample(virtualSeconds: number, telemetry: Readonly<Record<ActorId, Telemetry>>): void {
    for (const [actor, values] of Object.entries(telemetry)) {
      const file = join(METRICS, `${actor}.csv`)
      let columns = this.#columns.get(actor)
      if (columns === undefined) {
        columns = Object.keys(values)
        this.#columns.set(actor, columns)
        this.#append(file, `seconds,${columns.join(',')}\n`)
      }
      this.#append(file, `${virtualSeconds},${columns.map((column) => values[column] ?? '').join(',')}\n`)
    }
  }

  /** Written at once, before it takes effect: a command that was stamped stands, wherever the run goes back to. */
  injection(stamped: Stamped): void {
    const file = join(this.path, INJECTIONS)
    guarded(this.path, () => {
      if (!existsSync(file)) writeFileSync(file, INJECTIONS_HEADER)
      appendFileSync(file, formatInjection(stamped, this.#quantumNs))
    })
  }

  finish(verdict: Verdict, telemetry: Readonly<Record<ActorId, Telemetry>>): void {
    this.sample(verdict.virtualSeconds, telemetry)
    this.#flush()
    guarded(this.path, () => writeFileSync(join(this.path, VERDICT), `${JSON.stringify(verdict, null, 2)}\n`))
  }

  snapshot(): FolderSnapshot {
    this.#flush()
    const bytes = guarded(this.path, () =>
      Object.fromEntries(this.#growing().map((file) => [file, statSync(join(this.path, file)).size])),
    )
    return { bytes, columns: Object.fromEntries(this.#columns) }
  }

  /** Cuts off, and removes, what came after the snapshot. */
  restore(from: FolderSnapshot): void {
    this.#pending.clear()
    this.#columns.clear()
    for (const [actor, columns] of Object.entries(from.columns)) this.#columns.set(actor, columns)
    for (const [file, bytes] of Object.entries(from.bytes)) this.#cut(file, bytes)
    guarded(this.path, () => {
      for (const file of this.#growing()) if (from.bytes[file] === undefined) rmSync(join(this.path, file))
      for (const file of [VERDICT, REPORT, METRICS_TABLE]) rmSync(join(this.path, file), { force: true })
    })
  }

  #cut(file: string, bytes: number): void {
    const path = join(this.path, file)
    const size = guarded(path, () => statSync(path).size)
    if (size < bytes) throw new ColdpoolError('CP_OUTPUT', path, `has ${size} bytes`, `at least the ${bytes} that were written`)
    guarded(path, () => truncateSync(path, bytes))
  }

  /** The files that a run adds to. */
  #growing(): string[] {
    return [EVENTS, ...readdirSync(join(this.path, METRICS)).map((file) => join(METRICS, file))]
  }

  #append(file: string, text: string): void {
    const pending = (this.#pending.get(file) ?? '') + text
    this.#pending.set(file, pending)
    if (pending.length > BUFFER_CHARACTERS_MAX) this.#write(file, pending)
  }

  #flush(): void {
    for (const [file, pending] of this.#pending) if (pending !== '') this.#write(file, pending)
  }

  #write(file: string, text: string): void {
    guarded(this.path, () => appendFileSync(join(this.path, file), text))
    this.#pending.set(file, '')
  }
}
