/**
 * Whether a command may be given to a run, as things stand: names refer to somebody, newcomers fit into the scenario, and
 * what foreign workloads say makes sense. For recorded scripts and for operators of a live run alike.
 */
import type { ActorId, Ordinal } from '#shared/actor.ts'
import type { Command, ForeignKind } from '#shared/command.ts'
import { ColdpoolError } from '#shared/errors.ts'
import type { Scenario } from '#shared/scenario.ts'
import { hostBytesMax } from '#shared/scenario/consistency.ts'
import { enlarged, nameProblems, newcomerProblems } from '#shared/scenario/newcomer.ts'
import { oneOf, type Path, pathText, printable, type Problem, ScenarioError, shown } from '#shared/scenario/problems.ts'
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
  #next: Ordinal

  constructor(scenario: Scenario) {
    const { hosts, devices, promoters, workloads } = scenario
    this.#scenario = scenario
    this.#next = 1 + [hosts, devices, promoters, workloads].reduce((sum, kind) => sum + Object.keys(kind).length, 0)
  }

  /** With the workloads admitted so far. */
  get scenario(): Scenario {
    return this.#scenario
  }

  /** What is wrong with it; nothing if it may be given. Paths of a workload's fields begin at the scenario. */
  problems(request: Request): Problem[] {
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

  /** Throws a ScenarioError, with a line for each problem. From now on what it brings is known. */
  admit(request: Request): Command {
    const problems = this.problems(request)
    if (problems.length > 0) {
      const errors = problems.map(({ code, path, problem, expected }) => errorAt(code, path, problem, expected))
      throw new ScenarioError(errors, request.id)
    }
    switch (request.kind) {
      case 'inject': {
        this.#scenario = enlarged(this.#scenario, request.id, request.workload)
        return { ...request, workload: request.workload as Readonly<Record<string, unknown>>, ordinal: this.#next++ }
      }
      case 'join':
        this.#strangers.set(request.id, { host: request.host, gone: false, classes: undefined })
        return { ...request, ordinal: this.#next++ }
      case 'mail':
        this.#said(request)
        return request
      case 'gone':
        this.#strangers.get(request.id)!.gone = true
        return request
      case 'stop':
        return request
    }
  }

  #said({ id, mail, body }: Extract<Request, { kind: 'mail' }>): void {
    const stranger = this.#strangers.get(id)!
    if (mail === 'profile') stranger.classes ??= checkForeignMail(mail, body, this.#limits(stranger)).share.length
  }

  /** Problems of its name; undefined if it has none. Strangers stand outside the scenario. */
  #newcomer(id: ActorId): Problem[] | undefined {
    if (this.#strangers.has(id)) return [named(id, 'the name is taken', 'a name that is used once')]
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
