/** The log of a process: one line a fact, as JSON, or for a person where stderr is a terminal. */
import { pino } from 'pino'
import type { LogLevel } from './log-level.ts'
import { personalLine } from './personal-line.ts'

export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Of a stream, what tells a terminal. */
interface Terminal {
  readonly isTTY?: boolean
  write(text: string): unknown
}

export function openLog(process: string, level: LogLevel, stderr: Terminal = globalThis.process.stderr): Log {
  const options = {
    level,
    base: { process },
    timestamp: pino.stdTimeFunctions.isoTime,
    messageKey: 'message',
    formatters: { level: (label: string) => ({ level: label }) },
  }
  if (stderr.isTTY === true) return pino(options, { write: (line) => stderr.write(`${personalLine(line)}\n`) })
  return pino(options, pino.destination({ dest: 2, sync: true }))
}

/** Binds what all lines are about: an actor, the virtual time. Asked for each line that is written. */
export function about(log: Log, facts: () => object): Log {
  return {
    info: (fields, message) => log.info({ ...facts(), ...fields }, message),
    warn: (fields, message) => log.warn({ ...facts(), ...fields }, message),
    error: (fields, message) => log.error({ ...facts(), ...fields }, message),
  }
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
