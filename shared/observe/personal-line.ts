/** A line of the log as a person reads it on a terminal: when, how bad, who and at which virtual time, what, and the rest. */
import { styleText } from 'node:util'
import { printable } from '../scenario/problems.ts'

const COLOURS = { error: 'red', warn: 'yellow', info: 'green' } as const

interface Line {
  readonly level: keyof typeof COLOURS
  readonly time: string
  readonly process: string
  readonly message: string
  readonly actor?: string
  /** Virtual time. */
  readonly seconds?: number
}

/** `17:14:08.123 warn conductor device-1 31.24 s  a stage is silent  stage=3`; `json` is what pino writes. */
export function personalLine(json: string): string {
  const { level, time, process, message, actor, seconds, ...rest } = JSON.parse(json) as Line
  const about = [process, actor, seconds === undefined ? undefined : `${seconds} s`].filter((part) => part !== undefined)
  const more = Object.entries(rest).map(([key, value]) => `${key}=${wordOf(value)}`)
  const parts = [
    `${styleText('dim', time.slice(11, 23))} ${styleText(COLOURS[level], level.padEnd(5))} ${printable(about.join(' '))}`,
    printable(message),
    ...(more.length > 0 ? [styleText('dim', printable(more.join(' ')))] : []),
  ]
  return parts.join('  ')
}

function wordOf(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
}
