/** Who may speak with the dashboard: decided from what a request says of itself. Pure, but for the hash. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'

const COOKIE = 'coldpool-token'
const COOKIES_CHARACTERS_MAX = 8192

/** Whether an address is reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/**
 * Against DNS rebinding: a page of another site can make its own name point here, but then it is that name which the browser
 * sends. So a Host header names an address, localhost, or what the dashboard was told to listen on.
 */
export function isOwnHost(header: string | undefined, listensOn: string): boolean {
  const name = nameIn(header)
  return name !== undefined && (name === 'localhost' || name === listensOn.toLowerCase() || isIP(name) !== 0)
}

/** Against requests from pages of other sites: who posts says from which page, and that is one of ours. */
export function isSameOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined || host === undefined) return false
  return origin === `http://${host}` || origin === `https://${host}`
}

/** In a time that does not tell how much of it is right. */
export function isToken(given: string | undefined, token: string): boolean {
  return given !== undefined && timingSafeEqual(hash(given), hash(token))
}

export function tokenInCookies(header: string | undefined): string | undefined {
  const cookies = (header ?? '').slice(0, COOKIES_CHARACTERS_MAX).split(';')
  const [, value] = cookies.map((cookie) => cookie.trim().split('=')).find(([name]) => name === COOKIE) ?? []
  return value
}

/** Of an Authorization header, as Prometheus's `authorization` sends it. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^bearer +(\S{1,256})$/i.exec(header ?? '')?.[1]
}

export function cookieOf(token: string): string {
  return `${COOKIE}=${token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=604800`
}

function nameIn(header: string | undefined): string | undefined {
  const [, six, name] = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9.-]{1,253}))(?::\d{1,5})?$/i.exec(header ?? '') ?? []
  return (six ?? name)?.toLowerCase()
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
