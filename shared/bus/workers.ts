/**
 * The bus between threads of one process: stages that join live in the thread of the conductor, those that are hired in worker
 * threads. Grants and dones go over a barrier in shared memory, bags lie in shared memory. A stage that has neither mail nor a
 * wake is not asked for a step, so a quantum in which one stage alone has something to do costs no barrier. Where the grant says how
 * far, hired stages step ahead of it, and their reports wait for the grants that they belong to.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { assert } from '../errors.ts'
import { errorOf, type Failure } from '../failure.ts'
import { NEVER, type Quantum } from '../time.ts'
import { ASK, Barrier, SAY } from './barrier.ts'
import { AHEAD_MAX, type Bus, type Grant, type Report, type StageHandler, type StageId } from './bus.ts'
import { newTray } from './shared-bag.ts'
import { type GrantRest, type ReportRest, WorkerEnd, type WorkerPost } from './worker-end.ts'

interface Seat {
  readonly port: MessagePort
  readonly here: WorkerEnd | undefined
  readonly worker: Worker | undefined
  /** When it must step without mail: at once, until it has said. */
  wake: Quantum
  hasMail: boolean
  /** Until this quantum it steps by itself. */
  ahead: Quantum
}

/** What a worker's module finds in `workerData`. */
export interface WorkerHire<T> {
  readonly post: WorkerPost
  readonly data: T
}

export class WorkersBus implements Bus {
  readonly name = 'workers'
  readonly #stages: number
  readonly #barrier: Barrier
  readonly #trays: WorkerPost['trays']
  readonly #seats: (Seat | undefined)[]
  #failure: Error | undefined
  #closing = false
  /** Mail from one stage to another is under way. */
  #crossing = false

  /** For stages 0 … `stages` − 1. */
  constructor(stages: number) {
    this.#stages = stages
    this.#barrier = new Barrier(stages)
    this.#trays = Array.from({ length: stages }, () => [newTray(), newTray()] as const)
    this.#seats = Array.from({ length: stages }, () => undefined)
  }

  /** A stage in this thread. */
  join(stage: StageId, handler: StageHandler): Promise<void> {
    const { port1, port2 } = new MessageChannel()
    this.#take(stage, port1, new WorkerEnd(this.#post(stage, port2), handler), undefined)
    return Promise.resolve()
  }

  /** A stage in a thread of its own: `module` is given a WorkerHire and calls serveStage(). What else it says, `hear` is told. */
  hire(stage: StageId, module: URL, data: unknown, hear: (said: unknown) => void = () => {}): void {
    const { port1, port2 } = new MessageChannel()
    const workerData: WorkerHire<unknown> = { post: this.#post(stage, port2), data }
    const worker = new Worker(module, { workerData, transferList: [port2] })
    this.#take(stage, port1, undefined, worker)
    worker.on('message', hear)
    worker.on('error', (error) => {
      this.#failure ??= error instanceof Error ? error : new Error(String(error))
    })
    worker.on('exit', (code) => {
      if (!this.#closing) this.#failure ??= new Error(`the thread of stage ${stage} ended with ${code}`)
    })
  }

  async grant(grant: Grant): Promise<readonly Report[]> {
    const asked = this.#ask(grant)
    for (const { seat } of asked) seat.here?.step()
    for (const { stage } of asked) {
      while (!this.#barrier.untilDone(stage)) {
        // The thread may have died; this one hears of it, and of signals, only now.
        await this.#barrier.whenDone(stage)
        if (this.#failure) throw this.#failure
      }
    }
    return this.#reports(grant.quantum, asked)
  }

  async close(): Promise<void> {
    this.#closing = true
    for (const [stage, seat] of this.#seats.entries()) {
      if (seat?.worker) this.#barrier.ask(stage, NEVER, NEVER, ASK.leave)
      seat?.port.close()
    }
    await Promise.all(this.#seats.flatMap((seat) => (seat?.worker ? [seat.worker.terminate()] : [])))
  }

  /** All that have a reason to step; whoever lives in another thread is asked before anybody here begins. */
  #ask({ quantum, observe, final, until = quantum, ...rest }: Grant): Asked[] {
    const more = rest.commands !== undefined || rest.mailFrom !== undefined
    const asks = (observe ? ASK.observe : 0) | (final ? ASK.final : 0) | (more ? ASK.more : 0)
    const asked: Asked[] = []
    for (const [stage, seat] of this.#seats.entries()) {
      assert(seat !== undefined, `stage ${stage} has joined`)
      if (asks === 0 && !seat.hasMail && seat.wake > quantum) continue
      if (!final) seat.hasMail = false
      asked.push({ stage, seat })
      if (quantum < seat.ahead) {
        assert(asks === 0, `nothing is asked of stage ${stage} before quantum ${seat.ahead}, to which it has gone ahead`)
        continue
      }
      if (more) seat.port.postMessage(rest satisfies GrantRest)
      // What crosses may be news for the conductor, who then says anew how far all may go.
      seat.ahead = seat.here || this.#crossing ? quantum : Math.min(until, quantum + AHEAD_MAX)
      this.#barrier.ask(stage, quantum, seat.ahead, asks)
    }
    this.#crossing = false
    return asked
  }

  #reports(quantum: Quantum, asked: readonly Asked[]): Report[] {
    const reports: Report[] = this.#seats.map((seat, stage) => ({ stage, nextWake: seat!.wake, mails: 0, events: [] }))
    for (const { stage, seat } of asked) {
      const { quantum: of, says, nextWake, mails } = this.#barrier.said(stage)
      assert(of === quantum, `stage ${stage} has stepped in quantum ${of}, and not in ${quantum}`)
      if ((says & SAY.failed) !== 0) throw errorOf(received(seat.port) as Failure)
      seat.wake = nextWake
      const rest = (says & SAY.more) === 0 ? { events: [] } : (received(seat.port) as ReportRest)
      reports[stage] = { stage, nextWake, mails, ...rest }
      seat.hasMail ||= (says & SAY.kept) !== 0
      // A stage that is ahead may have put bags of a later step already.
      if ((says & SAY.writes) === 0) continue
      this.#barrier.passBags(stage, (to) => {
        seat.ahead = 0
        this.#crossing = true
        this.#seats[to]!.hasMail = true
        assert(this.#seats[to]!.ahead <= quantum + 1, `stage ${stage} writes to ${to}, which has gone ahead`)
      })
    }
    return reports
  }

  #post(stage: StageId, port: MessagePort): WorkerPost {
    return { stage, barrier: this.#barrier.memory, trays: this.#trays, port }
  }

  #take(stage: StageId, port: MessagePort, here: WorkerEnd | undefined, worker: Worker | undefined): void {
    assert(stage < this.#stages, `stage ${stage} is one of ${this.#stages}`)
    assert(this.#seats[stage] === undefined, `stage ${stage} joins once`)
    this.#seats[stage] = { port, here, worker, wake: -1, hasMail: false, ahead: 0 }
  }
}

interface Asked {
  readonly stage: StageId
  readonly seat: Seat
}

/** What was posted before the barrier was reached lies there. */
function received(port: MessagePort): unknown {
  const got = receiveMessageOnPort(port)
  assert(got !== undefined, 'what a stage says it has posted has come')
  return got.message
}
