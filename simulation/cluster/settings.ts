/** Where the bus is and who we are on it: from options, else from the environment (COLDPOOL_…). */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { ColdpoolError } from '#shared/errors.ts'

export interface BusFlags {
  /** nats://host:port, several separated by commas. */
  readonly bus?: string | undefined
  readonly cluster?: string | undefined
  /** The level of its log (shared/observe/log.ts). */
  readonly log?: string | undefined
}

export interface BusSettings {
  readonly servers: string
  readonly user?: string
  readonly password?: string
}

const SERVER = /^(nats|tls):\/\/([^@/\s]*@)?[^@/\s,]+$/
const CLUSTER = /^[A-Za-z0-9_-]{1,48}$/
/** As the conductor's roster takes it; a process of another name would say hello in vain. */
const NAME = /^[A-Za-z0-9_-]{1,64}$/
export const DEFAULT_CLUSTER = 'default'

type Environment = Readonly<Record<string, string | undefined>>

/** Throws CP_OPTION if no bus is named, or not in its form. */
export function busSettings(flags: BusFlags, env: Environment = process.env): BusSettings {
  const where = flags.bus === undefined ? 'COLDPOOL_BUS' : '--bus'
  const servers = flags.bus ?? env['COLDPOOL_BUS']
  const expected = 'an address such as nats://127.0.0.1:4222'
  if (servers === undefined || servers === '') throw new ColdpoolError('CP_OPTION', '--bus', 'no bus is named', expected)
  if (!servers.split(',').every((server) => SERVER.test(server.trim()))) {
    throw new ColdpoolError('CP_OPTION', where, 'got something else', expected)
  }
  const user = env['COLDPOOL_NATS_USER']
  const password = env['COLDPOOL_NATS_PASSWORD'] ?? passwordIn(env['COLDPOOL_NATS_PASSWORD_FILE'])
  return { servers, ...(user !== undefined && { user }), ...(password !== undefined && { password }) }
}

/**
 * For a process that has a listener's rights and is to act as well: as COLDPOOL_OPERATOR_USER, with the password of
 * COLDPOOL_OPERATOR_PASSWORD_FILE. Undefined if it has no such password, on a bus where users have one.
 */
export function operatorSettings(flags: BusFlags, env: Environment = process.env): BusSettings | undefined {
  if ((env['COLDPOOL_NATS_USER'] ?? '') === '') return busSettings(flags, env)
  const file = env['COLDPOOL_OPERATOR_PASSWORD_FILE'] ?? ''
  if (file === '') return undefined
  const { COLDPOOL_NATS_PASSWORD: _, ...rest } = env
  const user = env['COLDPOOL_OPERATOR_USER'] ?? 'operator'
  return busSettings(flags, { ...rest, COLDPOOL_NATS_USER: user, COLDPOOL_NATS_PASSWORD_FILE: file })
}

export function clusterName(flags: BusFlags, env: Environment = process.env): string | undefined {
  const name = flags.cluster ?? env['COLDPOOL_CLUSTER']
  if (name === undefined || CLUSTER.test(name)) return name
  throw new ColdpoolError(
    'CP_OPTION',
    '--cluster',
    `got ${JSON.stringify(name).slice(0, 80)}`,
    'at most 48 of A-Z, a-z, 0-9, - and _',
  )
}

/** Unique in the cluster and, where that can be, the same after a restart: a container's host name is. Throws CP_OPTION. */
export function processName(role: string, env: Environment = process.env): string {
  const given = env['COLDPOOL_NAME']
  if (given !== undefined) {
    if (NAME.test(given)) return given
    const got = `got ${JSON.stringify(given).slice(0, 80)}`
    throw new ColdpoolError('CP_OPTION', 'COLDPOOL_NAME', got, '1 to 64 of A-Z, a-z, 0-9, - and _')
  }
  const host = hostname()
    .replaceAll(/[^A-Za-z0-9_-]/g, '-')
    .slice(0, 40)
  return /^[0-9a-f]{12}$/.test(host) ? `${role}-${host}` : `${role}-${host}-${process.pid}`
}

function passwordIn(file: string | undefined): string | undefined {
  if (file === undefined || file === '') return undefined
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new ColdpoolError('CP_OPTION', 'COLDPOOL_NATS_PASSWORD_FILE', (error as Error).message, 'a file with the password')
  }
}
