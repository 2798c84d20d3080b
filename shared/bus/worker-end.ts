/**
 * A stage's end of the bus between threads: it waits on the barrier, reads the bags for it out of their senders' trays, steps, and
 * lays its own bags into a tray. It has two trays and takes them in turns: what it sent in one step may still be read in its next.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { failureOf } from '../failure.ts'
import { NEVER } from '../time.ts'
import { ASK, Barrier, SAY } from './barrier.ts'
import type { Bag, Grant, Report, StageHandler, StageId } from './bus.ts'
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
  const barrier = new Barrier(post.trays.length, post.barrier)
  for (;;) {
    if (!barrier.untilAsked(post.stage)) continue
    if (!end.step()) return
  }
}

export class WorkerEnd {
  readonly #stage: StageId
  readonly #stages: number
  readonly #barrier: Barrier
  readonly #trays: readonly (readonly [Tray, Tray])[]
  readonly #port: MessagePort
  readonly #handler: StageHandler
  /** Bags to itself never travel. */
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

  /** What was asked for; false: to leave. */
  step(): boolean {
    const { quantum, asks } = this.#barrier.asked(this.#stage)
    if ((asks & ASK.leave) !== 0) return false
    try {
      const rest = (asks & ASK.more) === 0 ? {} : (receiveMessageOnPort(this.#port)!.message as GrantRest)
      const final = (asks & ASK.final) !== 0
      const grant = { quantum, observe: (asks & ASK.observe) !== 0, final, ...rest }
      const { bags, report } = this.#handler.step(grant, final ? [] : this.#inbox(quantum - 1))
      this.#send(bags)
      this.#say(report)
    } catch (error) {
      this.#port.postMessage(failureOf(error))
      this.#barrier.say(this.#stage, SAY.failed, NEVER, 0)
    }
    return true
  }

  #inbox(quantum: number): Bag[] {
    const bags: Bag[] = []
    for (let from = 0; from < this.#stages; from++) {
      const place = this.#barrier.takeBag(this.#stage, from)
      if (place === 0) continue
      if (from === this.#stage) bags.push(this.#own!)
      else {
        const mails = this.#trays[from]![place & 1]!.read((place >>> 1) - 1)
        bags.push({ from, to: this.#stage, quantum, mails })
      }
    }
    this.#own = undefined
    return bags
  }

  #send(bags: readonly Bag[]): void {
    if (bags.length === 0) return
    this.#turn = this.#turn === 0 ? 1 : 0
    const tray = this.#trays[this.#stage]![this.#turn]
    tray.clear()
    for (const bag of bags) {
      if (bag.to === this.#stage) this.#own = bag
      const place = bag.to === this.#stage ? 0 : tray.write(bag.mails)
      this.#barrier.putBag(this.#stage, bag.to, ((place + 1) << 1) | this.#turn)
    }
  }

  #say({ stage: _stage, nextWake, mails, ...rest }: Report): void {
    const more = rest.events.length > 0 || rest.telemetry !== undefined || rest.digests !== undefined || rest.heard !== undefined
    if (more) this.#port.postMessage(rest satisfies ReportRest)
    this.#barrier.say(this.#stage, more ? SAY.more : 0, nextWake, mails)
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
