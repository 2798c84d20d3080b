/** What a dashboard needs of a run, whether it goes on in this process or in a cluster. */
import type { Listener } from '#shared/observe/broadcast.ts'
import type { OperatorAnswer, OperatorRequest } from '../desk.ts'

/** Where it hears of runs. */
export interface Source {
  /** Resolves when the listener will hear all that is told. */
  follow(listener: Listener): Promise<void>
  close(): Promise<void>
}

/** Whom it asks to act. Rejects with a ColdpoolError if nobody answers. */
export interface Operator {
  ask(request: OperatorRequest): Promise<OperatorAnswer>
}
