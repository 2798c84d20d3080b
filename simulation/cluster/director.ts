/**
 * Conducts a run over a cluster: finds its stages, assigns them, grants quanta, and, whenever a stage is lost, goes back
 * with all of them to the last whole set of snapshots and on from there. Why that is sound stands in ARCHITECTURE.md.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bag, Bus, Grant, Report, StageHandler } from '#shared/bus/bus.ts'
import { ConductorEnd, StageLost } from '#shared/bus/conductor-end.ts'
import { Dropped, type Wire } from '#shared/bus/wire.ts'
import { type Command, Script, type Stamped } from '#shared/command.ts'
import { ColdpoolError } from '#shared/errors.ts'
import type { Status } from '#shared/observe/broadcast.ts'
import { type Store, StoreFull } from '#shared/observe/store.ts'
import { about, type Log, Seldom } from '#shared/observe/log.ts'
import { getSnapshot } from '#shared/observe/snapshots.ts'
import { parseScenario, type Scenario } from '#shared/scenario.ts'
import { Stage } from '#shared/stage.ts'
import { NS_PER_S, quantumAt, type Quantum } from '#shared/time.ts'
import type { Conductor } from '#services/conductor/conductor.ts'
import { conduct, FIRST_GRANT, type GrantOutcome, type GrantState } from '#services/conductor/grants.ts'
import { Cast } from '../actors.ts'
import { Admission, type Request } from '../admission.ts'
import { areApart } from '../apart.ts'
import { soonest } from '../desk.ts'
import type { RunFolder } from '../folder.ts'
import { Ledger, type LedgerSnapshot, type RunResult } from '../ledger.ts'
import type { Progress } from '../progress.ts'
import { AT_END, writeReport } from '../report/report.ts'
import { lookEvery, quantaASecond } from '../telling.ts'
import { Broadcast } from './broadcast.ts'
import { Commands } from './commands.ts'
import { countGrant } from './compile-soon.ts'
import { ForeignGate } from './foreign-gate.ts'
import { paced, Pacer } from './pacer.ts'
import type { PlacedCommand } from './placed-command.ts'
import { placeNewcomer, type Placement } from './placement.ts'
import { Posts } from './posts.ts'
import { Roster } from './roster.ts'
import type { RunJournal, SetRecord } from './run-journal.ts'
import { SetKeeper } from './set-keeper.ts'
import { statusOf } from './status.ts'
import { Trail } from './trail.ts'

/** In the first one workloads say what they are, in the next hosts fill their pages, then devices theirs. */
const GRANTS_TO_BUILD = 4

export interface DirectorOptions {
  readonly cluster: string
  /** Virtual seconds per second of wall time; 0: as fast as possible. */
  readonly pace: number
  readonly log: Log
  /** Counts what is not taken; the wire's own, so that the status tells of both. */
  readonly dropped?: Dropped
  /** So many processes will come to carry stages; default: one for each host, device and promoter. Less do as well, after a while. */
  readonly stages?: number
  /** Sets of snapshots are taken; default true. */
  readonly recoverable?: boolean
  readonly onProgress?: (progress: Progress) => void
  /** Told before what follows is done, and waited for; tests use it to die at a given point. */
  readonly onMoment?: (moment: 'grant' | 'done' | 'set' | 'whole', number: number) => Promise<void> | void
  /** Ends the run early, with a verdict. */
  readonly end?: AbortSignal
  /** Leaves the run as it is, to be resumed by another process. */
  readonly leave?: AbortSignal
}

const LOOK_MS = 20
const FULL_RETRY_MS = 300
const FULL = 'the store has no room for what is to be kept; the run waits until it has'
/** A run behind its pace by more than this is named in the log, this often. */
const BEHIND_SECONDS = 1
const BEHIND_EVERY_MS = 10_000

/** The run was left, not ended. */
class Left extends Error {}

export class Director {
  readonly #wire: Wire
  readonly #store: Store
  readonly #journal: RunJournal
  readonly #options: DirectorOptions
  /** Each line bears the virtual time at which the run stands. */
  readonly #log: Log
  readonly #folder: RunFolder
  readonly #scenario: Scenario
  readonly #end: Quantum
  readonly #cast: Cast
  readonly #admission: Admission
  readonly #ledger: Ledger
  readonly #blank: LedgerSnapshot
  readonly #script: Script
  readonly #dropped: Dropped
  readonly #pacer: Pacer
  readonly #roster: Roster
  readonly #posts: Posts
  readonly #sets: SetKeeper
  readonly #trail: Trail
  readonly #commands: Commands
  readonly #gate: ForeignGate
  readonly #broadcast: Broadcast
  #bus: ConductorEnd | undefined
  #conductor: Conductor | undefined
  #placement: { readonly slots: Placement['slots']; readonly stageOf: number[] } = { slots: [], stageOf: [] }
  #grants: GrantState = FIRST_GRANT
  /** An operator asked for the end. */
  #ending = false
  #state: Status['state'] = 'waiting'
  #remark = ''
  #behindMs = -Infinity

  /** The folder is new, or open and as the last process left it. */
  constructor(wire: Wire, store: Store, journal: RunJournal, folder: RunFolder, options: DirectorOptions) {
    const { order } = journal
    const { cluster, dropped = new Dropped() } = options
    const log = about(options.log, () => ({ seconds: this.#secondsOf(this.#grants.quantum) }))
    const refusals = new Seldom()
    this.#wire = wire
    this.#store = store
    this.#journal = journal
    this.#options = options
    this.#log = log
    this.#dropped = dropped
    this.#folder = folder
    this.#scenario = parseScenario(order.scenario, 'the scenario of the run')
    this.#end = quantumAt(this.#scenario.duration, this.#scenario.quantum)
    this.#cast = new Cast(this.#scenario)
    this.#admission = new Admission(this.#scenario)
    this.#blank = new Ledger(this.#cast).snapshot()
    this.#script = new Script([...order.script, ...journal.commands])
    this.#pacer = new Pacer(options.pace, () => wire.now())
    this.#ledger = new Ledger(this.#cast, folder, paced(this.#pacer, options.onProgress))
    this.#roster = new Roster(wire, cluster, this.#dropped, {
      came: (hand, before) => this.#posts.came(hand, before),
      refused: (name, reason) => refusals.say((held) => log.warn({ name, reason, held }, 'refused a process')),
    })
    this.#posts = new Posts(wire, this.#roster, order, this.#dropped, log, (lost) => this.#bus?.abandon(lost), options.stages)
    this.#sets = new SetKeeper(wire, store, journal, this.#dropped, log, {
      wanted: options.recoverable ?? true,
      onWhole: (first) => void options.onMoment?.('whole', first),
    })
    this.#trail = new Trail(journal, () => wire.now())
    const { run, secret } = order
    this.#commands = new Commands({
      wire,
      cluster,
      admission: this.#admission,
      pacer: this.#pacer,
      dropped: this.#dropped,
      seconds: () => this.#secondsOf(this.#grants.quantum),
      quantum: () => this.#grants.quantum,
      end: () => {
        this.#ending = true
      },
    })
    const freeName = (): string => this.#commands.freeName()
    this.#gate = new ForeignGate({ wire, cluster, run, secret, cast: this.#cast, dropped: this.#dropped, freeName })
    this.#broadcast = new Broadcast(wire, run, this.#cast, () => this.#status())
    for (const stamped of this.#script.commands) this.#know(stamped)
  }

  /** Gives the verdict; undefined if the run was left to be resumed. Throws what the run failed of. */
  async direct(): Promise<RunResult | undefined> {
    const parts = [this.#posts, this.#broadcast, this.#commands, this.#gate, this.#sets]
    for (const part of parts) part.open()
    await this.#roster.open()
    const { leave } = this.#options
    // Also while a grant waits for a stage that is away.
    const abandon = (): void => this.#bus?.abandon(new Left())
    leave?.addEventListener('abort', abandon)
    try {
      const result = await this.#untilTheEnd()
      await this.#close('ended', 'the run is over')
      return result
    } catch (error) {
      if (error instanceof Left) return undefined
      // Somebody else conducts the run now: it is his to close.
      if (error instanceof ColdpoolError && error.code === 'CP_SUPERSEDED') throw error
      this.#remark = (error as Error).message.slice(0, 1000)
      // What failed would fail again: nothing is left to resume.
      await this.#close('failed', 'the run failed')
      throw error
    } finally {
      leave?.removeEventListener('abort', abandon)
      for (const part of [...parts, this.#roster]) part.close()
    }
  }

  async #untilTheEnd(): Promise<RunResult> {
    for (;;) {
      try {
        const outcome = await this.#generation()
        await this.#journal.stillOurs()
        const wallSeconds = (Date.now() - this.#journal.order.openedMs) / 1000
        const result = this.#ledger.finish(outcome, 'nats', wallSeconds)
        // Before the run is closed: whoever finds it closed finds its folder whole.
        if (result.folder !== undefined) await writeReport(result.folder, AT_END)
        this.#broadcast.reports(outcome.ended, this.#secondsOf(outcome.ended), outcome.final)
        return result
      } catch (error) {
        if (!(error instanceof StageLost)) throw error
        this.#state = 'recovering'
        this.#log.warn({ why: error.message }, 'a stage was lost; all go back to the last set of snapshots')
      }
    }
  }

  /** From the last whole set, or the start, to the end. Throws StageLost. */
  async #generation(): Promise<GrantOutcome> {
    this.#sets.drop()
    await this.#sets.settled()
    const generation = await this.#whenThereIsRoom(() => this.#journal.nextGeneration())
    const { set, order } = this.#journal
    const from = set?.state ?? FIRST_GRANT
    const first = set?.first ?? 1
    this.#grants = from
    const given = set?.placement ?? this.#journal.placement
    const placement = await this.#posts.fill(given, this.#cast.members, () => this.#leaving())
    if (!given) await this.#whenThereIsRoom(() => this.#journal.placed(placement))
    this.#placement = { slots: placement.slots, stageOf: [...placement.stageOf] }
    const roles = placement.slots.map((slot) => slot.roles[0]!)
    const bus = new ConductorEnd(
      this.#wire,
      { run: order.run, generation, roles, first },
      { dropped: this.#dropped, onTrail: (mark) => this.#trail.take(mark) },
    )
    this.#bus = bus
    await bus.open()
    try {
      const commands = this.#placed(this.#script.before(from.last + 1))
      const conductor = await this.#joinOwnStage(bus, set)
      this.#conductor = conductor
      const orders = { generation, placement: this.#placement, commands, first, stages: set?.stages }
      await this.#posts.assign(orders, () => {
        this.#leaving()
        // A stage may fail before it is ready, or be lost before anybody was assigned.
        if (bus.failure) throw bus.failure
      })
      await this.#restoreLedger(set)
      this.#trail.forget(from.last + 1)
      this.#pacer.anchor(this.#secondsOf(from.quantum))
      this.#state = 'running'
      this.#log.info({ generation }, 'granting')
      return await this.#conduct(bus, conductor, from)
    } finally {
      await bus.close()
    }
  }

  /** A full journal holds up what must be written into it. */
  async #whenThereIsRoom<T>(write: () => Promise<T>): Promise<T> {
    for (;;) {
      this.#leaving()
      try {
        return await write()
      } catch (error) {
        if (!(error instanceof StoreFull)) throw error
        this.#state = 'full'
        await sleep(FULL_RETRY_MS)
      }
    }
  }

  #conduct(bus: ConductorEnd, conductor: Conductor, from: GrantState): Promise<GrantOutcome> {
    const { onMoment } = this.#options
    let buildMs = 0
    let grants = 0
    let apart = this.#areApart()
    const placing: Bus = {
      name: bus.name,
      join: (stage, handler) => bus.join(stage, handler),
      close: () => bus.close(),
      grant: async (grant: Grant): Promise<readonly Report[]> => {
        if (onMoment) await onMoment('grant', bus.number + 1)
        const grantedMs = this.#wire.now()
        countGrant()
        const reports = await bus.grant(grant.commands ? { ...grant, commands: this.#placed(grant.commands) } : grant)
        if (grant.commands) apart = this.#areApart()
        if (++grants <= GRANTS_TO_BUILD) buildMs += this.#wire.now() - grantedMs
        if (grants === GRANTS_TO_BUILD) this.#sets.begun(buildMs)
        if (onMoment) await onMoment('done', bus.number)
        return reports
      },
    }
    return conduct(placing, {
      from,
      end: this.#end,
      sampleEvery: this.#scenario.sample / this.#scenario.quantum,
      lookEvery: lookEvery(this.#scenario),
      attentive: quantaASecond(this.#scenario),
      // Where there is a pace somebody watches, and what he asks for should be done at once.
      mayStepAhead: () => apart && this.#pacer.pace === 0 && !this.#pacer.paused && !conductor.anyLeft,
      script: this.#script,
      proceed: (state) => this.#proceed(state, bus),
      onReports: (quantum, reports, sample) => {
        const told = this.#ledger.reports(quantum, reports, sample)
        this.#broadcast.reports(quantum, this.#secondsOf(quantum), told)
        return !conductor.allLeft || this.#script.nextFrom(quantum + 1) < this.#end
      },
    })
  }

  #areApart(): boolean {
    return areApart(this.#cast.members, (ordinal) => this.#placement.stageOf[ordinal])
  }

  /** Between two grants: everything that comes from outside, and the pace. */
  #proceed(state: GrantState, bus: ConductorEnd): Promise<boolean> | boolean {
    this.#grants = state
    const quiet = !this.#commands.waiting && !this.#gate.waiting && !this.#sets.isDue(bus, state) && !this.#sets.overdue
    const { leave } = this.#options
    if (quiet && this.#waitMs(state) === 0 && !this.#endsEarly && leave?.aborted !== true) return true
    return this.#attend(state, bus)
  }

  async #attend(state: GrantState, bus: ConductorEnd): Promise<boolean> {
    const secondsOf = (quantum: Quantum): number => this.#secondsOf(quantum)
    for (;;) {
      this.#leaving()
      if (this.#endsEarly) return false
      // The next grant will tell.
      if (bus.failure) return true
      await this.#commands.carryOut((request) => this.#stamp(request, state), secondsOf)
      const journalled = await this.#gate.carryOut((request) => this.#stamp(request, state), secondsOf)
      const full = !journalled || this.#sets.overdue
      const waitMs = full ? FULL_RETRY_MS : this.#waitMs(state)
      this.#state = full ? 'full' : this.#pacer.paused ? 'paused' : 'running'
      if (waitMs === 0) break
      await sleep(Math.min(waitMs, full ? FULL_RETRY_MS : LOOK_MS))
    }
    this.#sayIfBehind(state)
    if (this.#sets.isDue(bus, state)) {
      // From here on what was gathered goes to the run folder, which may be another's by now.
      await this.#journal.stillOurs()
      this.#sets.begin(bus, state, this.#placement, this.#ledger.snapshot())
      await this.#options.onMoment?.('set', bus.number + 1)
    }
    return true
  }

  /** Until the next quantum that will be granted may be. */
  #waitMs(state: GrantState): number {
    const next = Math.min(state.quantum, this.#script.nextFrom(state.last + 1))
    return this.#pacer.waitMs(this.#secondsOf(next))
  }

  /** The command takes effect in the quantum that the pace has reached, and never in one that was ever granted. */
  async #stamp(request: Request, state: GrantState): Promise<Stamped> {
    const soon = soonest(state, this.#pacer, this.#scenario.quantum)
    // What was seen to happen stands: a run that repeats itself after a recovery takes nothing new before it has caught up.
    const quantum = Math.max(soon, this.#trail.furthest + 1, this.#bus!.furthest + 1)
    const stamped: Stamped = { quantum, command: this.#admission.prepare(request, quantum) }
    this.#checkRoom(stamped.command)
    // What the journal has no room for does not take effect.
    await this.#journal.command(stamped)
    this.#know(stamped)
    this.#script.add(stamped)
    this.#folder.injection(stamped)
    this.#log.info({ ...namedOf(stamped.command), quantum, seconds: this.#secondsOf(quantum) }, 'a command was stamped')
    return stamped
  }

  /** From now on names and ordinals count it, and a stranger may speak. */
  #know({ command, quantum }: Stamped): void {
    this.#admission.take(command, quantum)
    this.#cast.learn(command)
    this.#gate.know(command)
  }

  /** With the stage of each newcomer: decided once, and the same again after a recovery. */
  #placed(commands: readonly Command[], placement = this.#placement): PlacedCommand[] {
    const { stageOf } = placement
    return commands.map((command) => {
      if (command.kind !== 'inject' && command.kind !== 'join') return command
      const { ordinal } = command
      // A stranger's actor lives with the conductor, who speaks with the stranger.
      const stage = (stageOf[ordinal] ??= command.kind === 'join' ? 0 : this.#findPlace(command, placement))
      return { ...command, stage }
    })
  }

  /** Throws CP_COMMAND if all stages that take workloads are full. */
  #findPlace({ id, workload }: Extract<Command, { kind: 'inject' }>, placement: Placement): number {
    const stage = placeNewcomer(placement, 'workload', this.#cast.ordinalOf(String(workload['host'])))
    if (stage >= 0) return stage
    const expected = 'room for one more workload (coldpool stage --capacity)'
    throw new ColdpoolError('CP_COMMAND', `workloads.${id}`, 'the stages of this run are full', expected)
  }

  /** Before the command is journaled: with it and all that were stamped before and have not come yet. */
  #checkRoom(command: Command): void {
    const { slots, stageOf } = this.#placement
    this.#placed([...this.#script.added.map((stamped) => stamped.command), command], { slots, stageOf: [...stageOf] })
  }

  /** The conductor's actor and the strangers', in this process. */
  async #joinOwnStage(bus: ConductorEnd, set: SetRecord | undefined): Promise<Conductor> {
    const { stageOf } = this.#placement
    const conductor = this.#cast.conductor()
    const actors = stageOf.flatMap((at, ordinal) =>
      at !== 0 ? [] : [ordinal === conductor.ordinal ? conductor : this.#cast.actor(ordinal)],
    )
    const stage = new Stage(
      0,
      actors,
      (ordinal) => stageOf[ordinal]!,
      (command) => (command.kind === 'join' ? this.#cast.actor(command.ordinal) : undefined),
    )
    const saved = set && ((await this.#fetch(set, 0)) as { state: ReturnType<Stage['snapshot']>; inbox: readonly Bag[] })
    if (saved) stage.restore(saved.state)
    const handler: StageHandler = {
      step: (grant, bags) => {
        this.#gate.pass(grant.quantum, bags)
        return stage.step(grant, bags)
      },
    }
    await bus.join(0, handler, {
      dropped: this.#dropped,
      onSet: (name, inbox) => this.#sets.keepOwn(name, { state: stage.snapshot(), inbox }),
      ...(saved && { inbox: saved.inbox }),
    })
    return conductor
  }

  async #restoreLedger(set: SetRecord | undefined): Promise<void> {
    const saved = set ? ((await this.#fetch(set, 'ledger')) as LedgerSnapshot) : { ...this.#blank, folder: EMPTY_FOLDER }
    this.#ledger.restore(saved)
  }

  #fetch(set: SetRecord, part: number | 'ledger'): Promise<unknown> {
    const place = { run: this.#journal.order.run, role: 'conductor' }
    const located = part === 'ledger' ? set.ledger : set.stages[part]!
    return getSnapshot(this.#store, place, located, this.#options.leave ?? new AbortController().signal)
  }

  async #close(state: 'ended' | 'failed', reason: string): Promise<void> {
    this.#state = state
    this.#broadcast.status()
    this.#posts.dismiss(reason)
    this.#gate.dismiss()
    await this.#wire.flush()
    await this.#journal.close()
  }

  #workloads(): Status['workloads'] {
    return this.#admission.workloads.map(({ id, host, kind, injected, stopped }) => {
      const left = this.#conductor?.hasLeft(this.#cast.ordinalOf(id)!) === true
      return { id, host, kind, injected, state: left ? 'left' : stopped ? 'stopping' : 'present' }
    })
  }

  get #endsEarly(): boolean {
    return this.#ending || this.#options.end?.aborted === true
  }

  #leaving(): void {
    if (this.#options.leave?.aborted === true) throw new Left()
  }

  #secondsOf(quantum: Quantum): number {
    return (quantum * this.#scenario.quantum) / NS_PER_S
  }

  #sayIfBehind(state: GrantState): void {
    const behindSeconds = this.#pacer.behindSeconds(this.#secondsOf(state.quantum))
    if (behindSeconds < BEHIND_SECONDS || this.#wire.now() - this.#behindMs < BEHIND_EVERY_MS) return
    this.#behindMs = this.#wire.now()
    this.#log.warn({ behindSeconds, pace: this.#pacer.pace }, 'the run is behind its pace')
  }

  #status(): Status {
    const { run } = this.#journal.order
    const { quantum, quanta } = this.#grants
    const virtualSeconds = this.#secondsOf(quantum)
    return {
      ...statusOf(this.#scenario, this.#workloads()),
      run,
      cluster: this.#options.cluster,
      state: this.#state,
      remark: this.#remark === '' ? (this.#state === 'full' ? FULL : this.#posts.remark) : this.#remark,
      quantum,
      quanta,
      virtualSeconds,
      pace: this.#pacer.pace,
      behindSeconds: this.#pacer.behindSeconds(virtualSeconds),
      generation: this.#journal.generation,
      lastSetSeconds: this.#journal.set ? this.#secondsOf(this.#journal.set.state.quantum) : -1,
      stages: this.#posts.status((stage) =>
        this.#cast.members.filter(({ ordinal }) => this.#placement.stageOf[ordinal] === stage).map(({ id }) => id),
      ),
      standby: this.#posts.standby(),
      dropped: this.#posts.dropped(this.#dropped.counts),
    }
  }
}

function namedOf(command: Command): object {
  return { actor: command.id, command: command.kind }
}

/** As a new run folder is. */
const EMPTY_FOLDER = { bytes: { 'events.ndjson': 0 }, columns: {} }
