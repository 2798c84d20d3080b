/**
 * A stage's end of the bus between threads: it waits on the barrier, reads the bags for it out of their senders' trays, steps, and
 * lays its own bags into a tray. Where it is told how far nothing but its own wakes and mail count, it goes on by itself, until it writes
 * to another stage. It has two trays and takes them in turns: what it sent in one step may still be read in its next.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { failureOf } from '../failure.ts'
import { NEVER, type Quantum } from '../time.ts'
import { ASK, Barrier, SAY } from './barrier.ts'
import { type Bag, type Grant, nextAfter, type Report, type StageHandler, type StageId } from './bus.ts'
import { Tray } from './shared-bag.ts'

/** What a thread needs to carry a stage. */
export interface WorkerPost {
  readonly stage: StageId
  readonly barrier: SharedArrayBuffer
  /** Two of each stage. */
  readonly trays: readonly (readonly [SharedArrayBuffer, SharedArrayBuffer])[]
  /** For what is no number: commands come, reports and failures go. */
  readonly port: MessagePort
}

/** What a grant has beside a quantum and flags. */
export type GrantRest = Pick<Grant, 'commands' | 'mailFrom'>

/** What a report has beside numbers. */
export type ReportRest = Pick<Report, 'events' | 'telemetry' | 'digests' | 'heard'>

/** Carries the stage until it is asked to leave. If it cannot be made, its first step fails. */
export function serveStage(post: WorkerPost, make: () => StageHandler): void {
  const end = new WorkerEnd(post, madeOrFailing(make))
  for (;;) if (end.isAsked() && !end.step()) return
}

export class WorkerEnd {
  readonly #stage: StageId
  readonly #stages: number
  readonly #barrier: Barrier
  readonly #trays: readonly (readonly [Tray, Tray])[]
  readonly #port: MessagePort
  readonly #handler: StageHandler
  /** The bag to itself never travels. */
  #own: Bag | undefined
  #turn: 0 | 1 = 0

  constructor({ stage, barrier, trays, port }: WorkerPost, handler: StageHandler) {
    this.#stage = stage
    this.#stages = trays.length
    this.#barrier = new Barrier(trays.length, barrier)
    this.#trays = trays.map(([x, y]) => [new Tray(x), new Tray(y)])
    this.#port = port
    this.#handler = handler
  }

  /** Waits until it is asked; false: not yet, look up. */
  isAsked(): boolean {
    return this.#barrier.untilAsked(this.#stage)
  }

  /** What was asked for; false: to leave. */
  step(): boolean {
    const { quantum, until, asks } = this.#barrier.asked(this.#stage)
    if ((asks & ASK.leave) !== 0) return false
    let now = quantum
    try {
      const rest = (asks & ASK.more) === 0 ? {} : (receiveMessageOnPort(this.#port)!.message as GrantRest)
      const grant = { quantum, observe: (asks & ASK.observe) !== 0, final: (asks & ASK.final) !== 0, ...rest }
      for (let next = this.#carryOut(grant); next < until; next = this.#carryOut({ quantum: now, observe: false, final: false }))
        now = next
    } catch (error) {
      this.#port.postMessage(failureOf(error))
      this.#barrier.say(this.#stage, { quantum: now, says: SAY.failed, nextWake: NEVER, mails: 0 })
    }
    return true
  }

  /** Gives the quantum in which it must step next, if others have no say in that. */
  #carryOut(grant: Grant): Quantum {
    const { quantum } = grant
    const { bags, report } = this.#handler.step(grant, grant.final ? [] : this.#inbox(quantum - 1))
    const writes = this.#send(bags)
    this.#say(quantum, report, writes)
    return writes ? NEVER : nextAfter(quantum, report)
  }

  #inbox(quantum: Quantum): Bag[] {
    const bags: Bag[] = []
    for (let from = 0; from < this.#stages; from++) {
      if (from === this.#stage) {
        if (this.#own) bags.push(this.#own)
        continue
      }
      const place = this.#barrier.takeBag(this.#stage, from)
      if (place === 0) continue
      const mails = this.#trays[from]![place & 1]!.read((place >>> 1) - 1)
      bags.push({ from, to: this.#stage, quantum, mails })
    }
    this.#own = undefined
    return bags
  }

  /** Whether there is mail for others. */
  #send(bags: readonly Bag[]): boolean {
    for (const bag of bags) if (bag.to === this.#stage) this.#own = bag
    const others = bags.filter(({ to }) => to !== this.#stage)
    if (others.length === 0) return false
    this.#turn = this.#turn === 0 ? 1 : 0
    const tray = this.#trays[this.#stage]![this.#turn]
    tray.clear()
    for (const { to, mails } of others) this.#barrier.putBag(this.#stage, to, ((tray.write(mails) + 1) << 1) | this.#turn)
    return true
  }

  #say(quantum: Quantum, { stage: _stage, nextWake, mails, ...rest }: Report, writes: boolean): void {
    const more = rest.events.length > 0 || rest.telemetry !== undefined || rest.digests !== undefined || rest.heard !== undefined
    if (more) this.#port.postMessage(rest satisfies ReportRest)
    const says = (more ? SAY.more : 0) | (this.#own ? SAY.kept : 0) | (writes ? SAY.writes : 0)
    this.#barrier.say(this.#stage, { quantum, says, nextWake, mails })
  }
}

function madeOrFailing(make: () => StageHandler): StageHandler {
  try {
    return make()
  } catch (error) {
    return {
      step: () => {
        throw error
      },
    }
  }
}
