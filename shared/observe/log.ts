/** The log of a process: one line a fact, as JSON, or for a person where stderr is a terminal. */
import { pino } from 'pino'

export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export const LOG_LEVELS = ['error', 'warn', 'info', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** The level is that of COLDPOOL_LOG, if it names one. */
export function openLog(who: Readonly<Record<string, string>>, otherwise: LogLevel = 'info'): Log {
  const level = LOG_LEVELS.find((name) => name === process.env['COLDPOOL_LOG']) ?? otherwise
  const destination = pino.destination({ dest: 2, sync: true })
  return pino({ level, base: who, timestamp: pino.stdTimeFunctions.isoTime, messageKey: 'message' }, destination)
}

/** What honest processes never send: worth a line, and no more than one a second. */
const SUSPICIOUS: ReadonlySet<string> = new Set(['malformed', 'stranger', 'overflow'])

/** For a `Dropped`: names what was not taken, once a second. */
export function sayDropped(log: Log): (cause: string, problem: string) => void {
  const seldom = new Seldom()
  return (cause, problem) => {
    if (SUSPICIOUS.has(cause)) seldom.say((held) => log.warn({ cause, problem, held }, 'dropped a message'))
  }
}

/** Lets a warning pass once a second, with how many were held back. */
export class Seldom {
  #lastMs = -Infinity
  #held = 0
  readonly #nowMs: () => number

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  say(tell: (heldBack: number) => void): void {
    const now = this.#nowMs()
    if (now - this.#lastMs < 1000) {
      this.#held++
      return
    }
    tell(this.#held)
    this.#lastMs = now
    this.#held = 0
  }
}
