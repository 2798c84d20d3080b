/** A run folder read back: everything is checked as it is read. Throws CP_RUN_FOLDER for what is missing or damaged. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { z } from 'zod'
import type { ActorId } from '#shared/actor.ts'
import { ColdpoolError } from '#shared/errors.ts'
import { parseScenario, type Scenario } from '#shared/scenario.ts'
import { printable } from '#shared/scenario/problems.ts'
import { NS_PER_S } from '#shared/time.ts'
import type { Figures, Verdict } from '../verdict.ts'
import { Metrics } from './series.ts'

/** What a run told, with the fields of its own that the event has. */
export interface RunEvent {
  readonly seconds: number
  readonly actor: string
  readonly code: string
  readonly fields: Readonly<Record<string, string | number>>
}

export class RunRecord {
  readonly path: string
  /** Of the folder: `NAME-STAMP`. */
  readonly name: string
  readonly verdict: Verdict
  readonly scenario: Scenario
  readonly scenarioText: string
  /** In the order in which they were told; what operators asked for is among them, as told by `operator`. */
  readonly events: readonly RunEvent[]
  readonly hasInjections: boolean
  readonly #metrics = new Map<ActorId, Metrics | undefined>()

  static read(path: string): RunRecord {
    return new RunRecord(path)
  }

  private constructor(path: string) {
    this.path = path
    this.name = basename(resolve(path))
    if (!statOf(path)?.isDirectory()) fail(path, 'is no folder', 'the folder of a run, such as runs/quickstart-20260101T120000')
    this.verdict = verdictOf(this.#read('verdict.json'), join(path, 'verdict.json'))
    this.scenarioText = this.#read('scenario.yaml')
    this.scenario = scenarioOf(this.scenarioText, join(path, 'scenario.yaml'))
    const injections = join(path, 'injections.yaml')
    this.hasInjections = existsSync(injections)
    const quantumSeconds = this.scenario.quantum / NS_PER_S
    const commands = this.hasInjections ? commandsOf(this.#read('injections.yaml'), quantumSeconds) : []
    const told = eventsOf(this.#read('events.ndjson'), join(path, 'events.ndjson'))
    // A command that the run did not live to see did not happen.
    const given = commands.filter(({ seconds }) => seconds <= this.verdict.virtualSeconds)
    this.events = [...given, ...told].toSorted((x, y) => x.seconds - y.seconds)
  }

  /** Undefined for one that the run took no sample of. */
  metrics(actor: ActorId): Metrics | undefined {
    if (!this.#metrics.has(actor)) this.#metrics.set(actor, this.#readMetrics(actor))
    return this.#metrics.get(actor)
  }

  /** Of all actors together. */
  get metricsBytes(): number {
    const folder = join(this.path, 'metrics')
    const files = existsSync(folder) ? readdirSync(folder) : []
    return files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)
  }

  #readMetrics(actor: ActorId): Metrics | undefined {
    const file = join('metrics', `${actor}.csv`)
    // Names of actors come from the folder too: none may lead out of it.
    if (!/^[\w-]+$/.test(actor) || !existsSync(join(this.path, file))) return undefined
    const text = this.#read(file)
    try {
      return Metrics.parse(text)
    } catch (error) {
      return fail(join(this.path, file), (error as Error).message, 'a row of numbers for each sample')
    }
  }

  #read(file: string): string {
    const path = join(this.path, file)
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return fail(path, 'there is no such file', 'the folder of a run that has ended')
      return fail(path, error instanceof TypeError ? 'is no UTF-8 text' : `cannot be read (${code})`, 'what a run wrote')
    }
  }
}

/** JSON has no infinity and no NaN: a figure without a value is null there. */
const figure = z.number().or(z.null().transform(() => NaN))
const figures: z.ZodType<Figures> = z.lazy(() => z.record(z.string(), figure.or(figures)))
const actors = z.record(z.string(), figures)
const verdict = z.object({
  scenario: z.string(),
  seed: z.number(),
  digest: z.string(),
  bus: z.string(),
  interrupted: z.boolean(),
  virtualSeconds: z.number(),
  wallSeconds: z.number(),
  pages: z.number(),
  transitions: z.number(),
  quanta: z.number(),
  hosts: actors,
  devices: actors,
  promoters: actors,
  workloads: actors,
  bear: z.object({ outrun: z.boolean(), closestHeadroomBytes: figure, atSeconds: z.number() }),
  story: z.array(z.string()),
})

function verdictOf(text: string, path: string): Verdict {
  const result = verdict.safeParse(jsonOf(text))
  if (result.success) return result.data
  const { path: at = [] } = result.error.issues[0] ?? {}
  return fail(path, at.length === 0 ? 'is no verdict' : `its ${at.join('.')} is missing or wrong`, 'a verdict as a run writes it')
}

function scenarioOf(text: string, path: string): Scenario {
  try {
    return parseScenario(text, path)
  } catch (error) {
    const [line = ''] = (error as Error).message.split('\n')
    return fail(path, `does not hold (${line})`, 'the scenario as a run writes it')
  }
}

const event = z
  .object({ seconds: z.number(), actor: z.string(), code: z.string() })
  .catchall(z.union([z.string(), z.number()]))
  .transform(({ seconds, actor, code, ...fields }): RunEvent => ({ seconds, actor, code, fields }))

function eventsOf(text: string, path: string): RunEvent[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines.map((line, i) => {
    const result = event.safeParse(jsonOf(line))
    return result.success ? result.data : fail(path, `line ${i + 1} is no event`, 'an event as a run writes it, on each line')
  })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** As a run writes its commands (injections.ts), one a line; a foreign workload's mail is no news. */
const COMMAND = /^- \{ quantum: (\d+), (?:at: [\d.e-]+s, )?(inject|stop|join|gone): ("(?:[^"\\]|\\.)*"|[\w-]+)/gm

function commandsOf(text: string, quantumSeconds: number): RunEvent[] {
  return Array.from(text.matchAll(COMMAND), ([, quantum, verb, id]) => ({
    seconds: Number(quantum) * quantumSeconds,
    actor: 'operator',
    code: verb!,
    fields: { workload: id!.startsWith('"') ? (JSON.parse(id!) as string) : id! },
  }))
}

function statOf(path: string) {
  return statSync(path, { throwIfNoEntry: false })
}

function fail(where: string, problem: string, expected: string): never {
  throw new ColdpoolError('CP_RUN_FOLDER', where === '' ? '""' : printable(where), printable(problem), expected)
}
