/** Ctrl-C (and SIGTERM): the first asks the run to end soon, the second ends the process at once. */
import type { Io } from './io.ts'

export const EXIT_INTERRUPTED = 130

/** What is thrown where an interrupt leaves nothing to tell. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted')
    this.name = 'Interrupted'
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

export interface Interrupt extends Disposable {
  readonly signal: AbortSignal
}

/** `soon` says what the first one leads to. */
export function listenForInterrupt(io: Io, soon = 'the run ends now and its folder stays'): Interrupt {
  const controller = new AbortController()
  const onSignal = (): void => {
    // The terminal's line may hold a progress bar, hence the line break.
    if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED)
    io.stderr.write(`\ninterrupted: ${soon}; once more to quit at once\n`)
    controller.abort(new Interrupted())
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const signal of SIGNALS) process.off(signal, onSignal)
    },
  }
}
