/**
 * Whether a command may be given to a run, as things stand: names refer to somebody, newcomers fit into the scenario, and
 * what foreign workloads say makes sense. For recorded scripts and for operators of a live run alike.
 */
import type { ActorId, Ordinal } from '#shared/actor.ts'
import type { Command, ForeignKind } from '#shared/command.ts'
import { ColdpoolError } from '#shared/errors.ts'
import type { Scenario } from '#shared/scenario.ts'
import { hostBytesMax } from '#shared/scenario/consistency.ts'
import { enlarged, NAME_TAKEN, nameProblems, newcomerProblems } from '#shared/scenario/newcomer.ts'
import { oneOf, type Path, pathText, printable, type Problem, ScenarioError, shown } from '#shared/scenario/problems.ts'
import { NEVER, type Quantum } from '#shared/time.ts'
import { checkForeignMail } from './foreign-mail.ts'

/** A command before it is checked; newcomers get their ordinal when they are admitted. */
export type Request =
  | { readonly kind: 'inject'; readonly id: ActorId; readonly workload: unknown }
  | { readonly kind: 'stop'; readonly id: ActorId }
  | { readonly kind: 'join'; readonly id: ActorId; readonly host: ActorId }
  | { readonly kind: 'mail'; readonly id: ActorId; readonly mail: ForeignKind; readonly body: Uint8Array }
  | { readonly kind: 'gone'; readonly id: ActorId }

interface Stranger {
  readonly host: ActorId
  gone: boolean
  /** Classes of its first profile. */
  classes: number | undefined
}

export class Admission {
  #scenario: Scenario
  readonly #strangers = new Map<ActorId, Stranger>()
  readonly #original: ReadonlySet<ActorId>
  readonly #stopped = new Set<ActorId>()
  /** Of newcomers: when they come, or, of strangers, when the last thing they say is heard. */
  readonly #since = new Map<ActorId, Quantum>()
  #next: Ordinal

  constructor(scenario: Scenario) {
    const { hosts, devices, promoters, workloads } = scenario
    this.#scenario = scenario
    this.#original = new Set(Object.keys(workloads))
    this.#next = 1 + [hosts, devices, promoters, workloads].reduce((sum, kind) => sum + Object.keys(kind).length, 0)
  }

  /** With the workloads admitted so far. */
  get scenario(): Scenario {
    return this.#scenario
  }

  /**
   * What is wrong with it; nothing if it may be given. Paths of a workload's fields begin at the scenario. `quantum`: when it is
   * to take effect, if that may be before what was admitted already; default: it may not.
   */
  problems(request: Request, quantum: Quantum = NEVER): Problem[] {
    const since = this.#since.get(request.id) ?? 0
    if (quantum < since && request.kind !== 'inject' && request.kind !== 'join')
      return [named(request.id, `got quantum ${quantum}`, `${since} or later, when what is known of ${request.id} has happened`)]
    switch (request.kind) {
      case 'inject':
        return this.#newcomer(request.id) ?? newcomerProblems(this.#scenario, request.id, request.workload)
      case 'join':
        return this.#newcomer(request.id) ?? this.#hostProblems(request)
      case 'stop':
        return this.#stopProblems(request.id)
      case 'mail':
      case 'gone':
        return this.#strangerProblems(request)
    }
  }

  /** As a command, with the ordinal of a newcomer. Throws a ScenarioError, with a line for each problem. */
  prepare(request: Request, quantum?: Quantum): Command {
    const problems = this.problems(request, quantum)
    if (problems.length > 0) {
      const errors = problems.map(({ code, path, problem, expected }) => errorAt(code, path, problem, expected))
      throw new ScenarioError(errors, request.id)
    }
    if (request.kind === 'join') return { ...request, ordinal: this.#next }
    if (request.kind !== 'inject') return request
    return { ...request, workload: request.workload as Readonly<Record<string, unknown>>, ordinal: this.#next }
  }

  /** A command that was prepared: from now on what it brings is known. */
  take(command: Command, quantum: Quantum = 0): void {
    if (command.kind !== 'stop') this.#since.set(command.id, Math.max(quantum, this.#since.get(command.id) ?? 0))
    switch (command.kind) {
      case 'inject':
        this.#scenario = enlarged(this.#scenario, command.id, command.workload)
        this.#next++
        return
      case 'join':
        this.#strangers.set(command.id, { host: command.host, gone: false, classes: undefined })
        this.#next++
        return
      case 'mail':
        return this.#said(command)
      case 'gone':
        this.#strangers.get(command.id)!.gone = true
        return
      case 'stop':
        this.#stopped.add(command.id)
    }
  }

  /** Both at once. */
  admit(request: Request, quantum?: Quantum): Command {
    const command = this.prepare(request, quantum)
    this.take(command, quantum)
    return command
  }

  /** Whether somebody has this name, or had it. */
  knows(id: ActorId): boolean {
    return this.#newcomer(id)?.some(({ problem }) => problem === NAME_TAKEN) === true
  }

  /** All workloads there are or were: the scenario's, the injected, the strangers. */
  get workloads(): readonly { id: ActorId; host: ActorId; kind: string; injected: boolean; stopped: boolean }[] {
    const own = Object.entries(this.#scenario.workloads).map(([id, { host, kind }]) => ({
      id,
      host,
      kind,
      injected: !this.#original.has(id),
      stopped: this.#stopped.has(id),
    }))
    const strangers = Array.from(this.#strangers, ([id, { host, gone }]) => ({
      id,
      host,
      kind: 'foreign',
      injected: true,
      stopped: gone || this.#stopped.has(id),
    }))
    return [...own, ...strangers]
  }

  #said({ id, mail, body }: Extract<Command, { kind: 'mail' }>): void {
    const stranger = this.#strangers.get(id)!
    if (mail === 'profile') stranger.classes ??= checkForeignMail(mail, body, this.#limits(stranger)).share.length
  }

  /** Problems of its name; undefined if it has none. Strangers stand outside the scenario. */
  #newcomer(id: ActorId): Problem[] | undefined {
    if (this.#strangers.has(id)) return [named(id, NAME_TAKEN, 'a name that is used once')]
    const problems = nameProblems(this.#scenario, id, this.#strangers.size)
    return problems.length > 0 ? problems : undefined
  }

  #hostProblems({ id, host }: { id: ActorId; host: ActorId }): Problem[] {
    const hosts = Object.keys(this.#scenario.hosts)
    return hosts.includes(host) ? [] : [named(id, `got host ${shown(host)}`, oneOf(hosts, host))]
  }

  #stopProblems(id: ActorId): Problem[] {
    const known = [...Object.keys(this.#scenario.workloads), ...this.#strangers.keys()]
    return known.includes(id) ? [] : [named(id, `no workload ${shown(id)} to stop`, oneOf(known, id))]
  }

  #strangerProblems(request: Extract<Request, { kind: 'mail' | 'gone' }>): Problem[] {
    const { id } = request
    const stranger = this.#strangers.get(id)
    const known = [...this.#strangers.keys()]
    if (stranger === undefined) return [named(id, `no foreign workload ${shown(id)} has joined`, oneOf(known, id))]
    if (stranger.gone) return [named(id, `the foreign workload ${shown(id)} has gone`, 'nothing more of it')]
    if (request.kind === 'gone') return []
    try {
      checkForeignMail(request.mail, request.body, this.#limits(stranger))
      return []
    } catch (error) {
      if (!(error instanceof ColdpoolError)) throw error
      return [{ code: error.code, path: [id], problem: `${error.where}: ${error.problem}`, expected: error.expected }]
    }
  }

  #limits({ host, classes }: Stranger) {
    return { bytesMax: hostBytesMax(this.#scenario, host), ...(classes !== undefined && { classesMax: classes }) }
  }
}

/**
 * Whether a workload's plain data, as YAML gives it, makes a workload that the scenario has room for. Throws a ScenarioError
 * with a line for each problem. It knows nothing of foreign workloads: for a live run keep an Admission.
 */
export function checkWorkload(scenario: Scenario, id: ActorId, given: unknown): void {
  new Admission(scenario).admit({ kind: 'inject', id, workload: given })
}

function named(id: ActorId, problem: string, expected: string): Problem {
  return { code: 'CP_INJECTION', path: [id], problem, expected }
}

function errorAt(code: Problem['code'], path: Path, problem: string, expected: string): ColdpoolError {
  return new ColdpoolError(code, pathText(path), printable(problem), printable(expected))
}
