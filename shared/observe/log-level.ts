/** How much a process says in its log (log.ts). */
import { ColdpoolError } from '../errors.ts'
import { printable } from '../scenario/problems.ts'

/** Each says what those before it say, and more. */
const LOG_LEVELS = ['silent', 'error', 'warn', 'info'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** The option --log, else COLDPOOL_LOG, else what is usual for the process. Throws CP_OPTION. */
export function logLevel(
  option: string | undefined,
  usual: LogLevel,
  env: Readonly<Record<string, string | undefined>> = process.env,
): LogLevel {
  const asked = option ?? (env['COLDPOOL_LOG'] || usual)
  const level = LOG_LEVELS.find((name) => name === asked)
  if (level !== undefined) return level
  const where = option === undefined ? 'COLDPOOL_LOG' : '--log'
  const got = printable(JSON.stringify(asked).slice(0, 80))
  throw new ColdpoolError('CP_OPTION', where, `got ${got}`, `one of ${LOG_LEVELS.join(', ')}`)
}
