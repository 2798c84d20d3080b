/** Where a dashboard listens, and who may come: from options, else from the environment (COLDPOOL_DASHBOARD_…). */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ColdpoolError } from '#shared/errors.ts'
import { isLoopback } from './guard.ts'

export interface DashboardFlags {
  /** true: the option without a port. */
  readonly dashboard?: string | true | undefined
  readonly dashboardHost?: string | undefined
}

export interface DashboardSettings {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  /** Whoever comes without it is turned away. */
  readonly token?: string
  /** Opens /metrics and nothing else, so that who scrapes cannot act. */
  readonly metricsToken?: string
}

const DEFAULT_PORT = 8080
const HOST = /^[A-Za-z0-9.:-]{1,253}$/
const TOKEN = /^[A-Za-z0-9_.~-]{16,128}$/

type Environment = Readonly<Record<string, string | undefined>>

/** Throws CP_OPTION. Beyond loopback there is always a token: made up, if none is given. */
export function dashboardSettings(flags: DashboardFlags = {}, env: Environment = process.env): DashboardSettings {
  const flag = typeof flags.dashboard === 'string' ? flags.dashboard : undefined
  const port = portOf(...named('--dashboard', flag, 'COLDPOOL_DASHBOARD_PORT', env, String(DEFAULT_PORT)))
  const [host, where] = named('--dashboard-host', flags.dashboardHost, 'COLDPOOL_DASHBOARD_HOST', env, '127.0.0.1')
  if (!HOST.test(host)) throw new ColdpoolError('CP_OPTION', where, `got ${shown(host)}`, 'an address, or a name of this machine')
  const given = env['COLDPOOL_DASHBOARD_TOKEN'] ?? ''
  if (given !== '' && !TOKEN.test(given)) {
    throw new ColdpoolError('CP_OPTION', 'COLDPOOL_DASHBOARD_TOKEN', 'got something else', '16 to 128 of A-Z a-z 0-9 _ . ~ -')
  }
  const token = given !== '' ? given : isLoopback(host) ? undefined : randomBytes(24).toString('base64url')
  const metricsToken = tokenIn(env['COLDPOOL_METRICS_TOKEN_FILE'] ?? '')
  return { host, port, ...(token !== undefined && { token }), ...(metricsToken !== undefined && { metricsToken }) }
}

function tokenIn(file: string): string | undefined {
  if (file === '') return undefined
  let got = 'got something else'
  try {
    const token = readFileSync(file, 'utf8').trim()
    if (TOKEN.test(token)) return token
  } catch (error) {
    got = (error as Error).message
  }
  throw new ColdpoolError('CP_OPTION', 'COLDPOOL_METRICS_TOKEN_FILE', got, 'a file with 16 to 128 of A-Z a-z 0-9 _ . ~ -')
}

function named(option: string, flag: string | undefined, name: string, env: Environment, otherwise: string): [string, string] {
  if (flag !== undefined) return [flag, option]
  const value = env[name] ?? ''
  return [value === '' ? otherwise : value, name]
}

function portOf(text: string, where: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN
  if (port <= 65_535) return port
  throw new ColdpoolError('CP_OPTION', where, `got ${shown(text)}`, 'a port from 0 (any that is free) to 65535')
}

function shown(text: string): string {
  return JSON.stringify(text).slice(0, 80)
}
