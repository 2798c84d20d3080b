/** Addresses of servers as people write them, `nats://user:password@host:port`, several separated by commas: what the client needs of them. */
import { ColdpoolError } from '../errors.ts'

export interface Target {
  /** `host:port` each. */
  readonly servers: string[]
  /** Given apart, or in the first address. */
  readonly user?: string
  readonly pass?: string
  /** Some address says `tls://`: then nothing is said in clear. */
  readonly tls: boolean
}

const ADDRESS = /^(?:(nats|tls):\/\/)?(?:([^@/]*)@)?([^@/]+)$/

/** Throws CP_BUS. */
export function targetOf(given: { readonly servers: string; readonly user?: string; readonly password?: string }): Target {
  const addresses = given.servers.split(',').map(partsOf)
  const [name, word] = addresses[0]!.credentials
  const user = given.user ?? name
  const pass = given.password ?? word
  return {
    servers: addresses.map(({ server }) => server),
    tls: addresses.some(({ scheme }) => scheme === 'tls'),
    ...(user !== undefined && { user }),
    ...(pass !== undefined && { pass }),
  }
}

/** Without what nobody should read. */
export function shownServers(servers: string): string {
  return servers.replace(/[^,@/]*@/g, '')
}

function partsOf(address: string): { scheme: string | undefined; credentials: readonly (string | undefined)[]; server: string } {
  const [, scheme, inline, server] = ADDRESS.exec(address.trim()) ?? []
  try {
    if (server === undefined) throw new Error('got no address')
    const [name, ...word] = inline?.split(':') ?? []
    const credentials = inline?.includes(':') === true ? [name, word.join(':')].map((text) => decodeURIComponent(text!)) : []
    return { scheme, credentials, server }
  } catch (error) {
    throw new ColdpoolError('CP_BUS', shownServers(address), (error as Error).message, 'nats://user:password@host:port')
  }
}
