/**
 * A run in this process, for a dashboard: tells what a conductor of a cluster would broadcast, and takes what an operator would
 * ask it. Commands are stamped between two grants, as there, so that injections.yaml reproduces the run.
 */
import { Dropped } from '#shared/bus/wire.ts'
import type { Report } from '#shared/bus/bus.ts'
import type { Script, Stamped } from '#shared/command.ts'
import { ColdpoolError } from '#shared/errors.ts'
import type { Listener, Status } from '#shared/observe/broadcast.ts'
import { NS_PER_S, type Quantum } from '#shared/time.ts'
import type { Conductor } from '#services/conductor/conductor.ts'
import { FIRST_GRANT, type GrantState } from '#services/conductor/grants.ts'
import type { Cast } from '../actors.ts'
import { Admission } from '../admission.ts'
import type { Pacer } from '../cluster/pacer.ts'
import { statusOf } from '../cluster/status.ts'
import { Desk, type OperatorAnswer, type OperatorRequest, soonest } from '../desk.ts'
import type { RunFolder } from '../folder.ts'
import { tellingOf } from '../telling.ts'
import type { Operator, Source } from './source.ts'

export interface LiveParts {
  readonly cast: Cast
  readonly conductor: Conductor
  readonly pacer: Pacer
  readonly script: Script
  readonly folder: RunFolder | undefined
}

/** While nothing else happens. */
const STATUS_MS = 250

export class LiveRun implements Source, Operator {
  readonly #dropped = new Dropped()
  readonly #listeners: Listener[] = []
  #parts: LiveParts | undefined
  #desk: Desk | undefined
  #admission: Admission | undefined
  #grants: GrantState = FIRST_GRANT
  #state: Status['state'] = 'waiting'
  #ending = false
  #toldMs = -Infinity

  follow(listener: Listener): Promise<void> {
    this.#listeners.push(listener)
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.#listeners.length = 0
    return Promise.resolve()
  }

  async ask(request: OperatorRequest): Promise<OperatorAnswer> {
    if (this.#desk === undefined || this.#state === 'ended') {
      throw new ColdpoolError('CP_COMMAND', 'run', 'it does not go on', 'a run that goes on')
    }
    const answer = await this.#desk.ask(request)
    this.#tellStatus()
    return answer
  }

  begin(parts: LiveParts): void {
    const { cast, pacer, script } = parts
    this.#parts = parts
    // Before anybody comes, so that who comes live does not take the place of who comes later.
    this.#admission = new Admission(cast.scenario)
    for (const stamped of script.commands) this.#know(stamped)
    this.#desk = new Desk({
      admission: this.#admission,
      pacer,
      dropped: this.#dropped,
      seconds: () => this.#seconds,
      quantum: () => this.#grants.quantum,
      end: () => {
        this.#ending = true
      },
    })
    this.#state = 'running'
    this.#tellStatus()
  }

  get ending(): boolean {
    return this.#ending
  }

  /** Whether there is something to carry out. */
  get waiting(): boolean {
    return this.#ending || this.#desk?.waiting === true
  }

  /** Between two grants. */
  async attend(grants: GrantState): Promise<void> {
    this.#grants = grants
    const { pacer, script, folder, cast } = this.#parts!
    await this.#desk!.carryOut(
      (request) => {
        const quantum = soonest(grants, pacer, cast.scenario.quantum)
        const stamped = { quantum, command: this.#admission!.prepare(request, quantum) }
        this.#know(stamped)
        script.add(stamped)
        folder?.injection(stamped)
        return Promise.resolve(stamped)
      },
      (quantum) => this.#secondsOf(quantum),
    )
    this.#state = pacer.paused ? 'paused' : 'running'
    if (performance.now() - this.#toldMs >= STATUS_MS) this.#tellStatus()
  }

  reports(quantum: Quantum, reports: readonly Report[]): void {
    const { events, sample } = tellingOf(quantum, this.#secondsOf(quantum), reports, this.#parts!.cast)
    for (const listener of this.#listeners) {
      if (events) listener.events?.(events)
      if (sample) listener.sample?.(sample)
    }
  }

  end(ended: Quantum): void {
    this.#grants = { ...this.#grants, quantum: ended }
    this.#state = 'ended'
    this.#desk?.close()
    this.#tellStatus()
  }

  get #seconds(): number {
    return this.#secondsOf(this.#grants.quantum)
  }

  #secondsOf(quantum: Quantum): number {
    return (quantum * this.#parts!.cast.scenario.quantum) / NS_PER_S
  }

  #know({ command, quantum }: Stamped): void {
    this.#admission!.take(command, quantum)
    this.#parts!.cast.learn(command)
  }

  #tellStatus(): void {
    if (this.#parts === undefined) return
    this.#toldMs = performance.now()
    const status = this.#status(this.#parts)
    for (const listener of this.#listeners) listener.status?.(status)
  }

  #status({ cast, conductor, pacer }: LiveParts): Status {
    const { quantum, quanta } = this.#grants
    const workloads = this.#admission!.workloads.map(({ id, host, kind, injected, stopped }) => {
      const left = conductor.hasLeft(cast.ordinalOf(id)!)
      return {
        id,
        host,
        kind,
        injected,
        state: left ? ('left' as const) : stopped ? ('stopping' as const) : ('present' as const),
      }
    })
    return {
      ...statusOf(cast.scenario, workloads),
      run: cast.scenario.name,
      cluster: 'memory',
      state: this.#state === 'running' && pacer.paused ? 'paused' : this.#state,
      remark: '',
      quantum,
      quanta,
      virtualSeconds: this.#seconds,
      pace: pacer.pace,
      behindSeconds: this.#state === 'ended' ? 0 : pacer.behindSeconds(this.#seconds),
      generation: 1,
      lastSetSeconds: -1,
      stages: [],
      standby: [],
      dropped: {},
    }
  }
}
