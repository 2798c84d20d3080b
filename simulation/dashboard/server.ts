/**
 * The dashboard's HTTP server: the page's files, the stream of events, POST /act, /mail, and /metrics. Plain node:http, for there
 * are five things to serve; a framework would be more code than this file. Whoever may not is turned away before anything is read.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { ColdpoolError } from '#shared/errors.ts'
import type { Heard } from '#shared/observe/broadcast.ts'
import { type OperatorAnswer, operatorRequest, type OperatorRequest } from '../desk.ts'
import { bearerToken, cookieOf, isOwnHost, isSameOrigin, isToken, tokenInCookies } from './guard.ts'
import { METRICS_TYPE } from './metrics.ts'
import { contentPolicy, pageFiles } from './page-files.ts'
import type { DashboardSettings } from './settings.ts'

export interface ServerParts {
  readonly settings: DashboardSettings
  /** A page opens its stream; false if there are too many. */
  readonly stream: (response: ServerResponse) => boolean
  /** In Prometheus's text format. */
  readonly metrics: () => Promise<string>
  /** What mail was delivered around a quantum. */
  readonly mail: (quantum: number) => readonly Heard[]
  readonly act: (request: OperatorRequest) => Promise<OperatorAnswer>
}

const BODY_BYTES_MAX = 64 << 10
const CONNECTIONS_MAX = 256
/** Asked for by pages and not answered yet. */
const ACTS_MAX = 16

const COMMON = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
}

export function dashboardServer({ settings, stream, metrics, mail, act }: ServerParts): Server {
  const { host, token, metricsToken } = settings
  const files = pageFiles()
  const headers = { ...COMMON, 'content-security-policy': contentPolicy(files.get('/')!.bytes.toString()) }
  let acts = 0

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://dashboard')
    // Comes by whatever name it finds the dashboard under: no page of another site knows what it bears.
    if (pathname === '/metrics' && isScraper(request)) return scrape(request, response)
    if (!isOwnHost(request.headers.host, host)) return say(response, 421, 'This dashboard does not go by that name.')
    if (pathname === '/health') return say(response, 200, 'ok')
    if (token !== undefined && !isToken(tokenInCookies(request.headers.cookie), token)) {
      if (pathname === '/metrics') return say(response, 401, NO_BEARER, { 'www-authenticate': 'Bearer' })
      if (!isToken(searchParams.get('token') ?? undefined, token)) return say(response, 401, NO_TOKEN)
      // From now on the cookie speaks, and the address no longer tells the token.
      return void response.writeHead(303, { location: '/', 'set-cookie': cookieOf(token) }).end()
    }
    if (pathname === '/act') return answer(request, response)
    if (pathname === '/metrics') return scrape(request, response)
    if (request.method !== 'GET' && request.method !== 'HEAD') return say(response, 405, 'GET only.', { allow: 'GET, HEAD' })
    if (pathname === '/events') return void (stream(response) || say(response, 503, 'Too many pages are open.'))
    if (pathname === '/mail') return tellMail(searchParams.get('quantum') ?? '', response)
    const file = files.get(pathname)
    if (file === undefined) return say(response, 404, 'There is no such page.')
    response.writeHead(200, { 'content-type': file.type, 'cache-control': 'no-cache', 'content-length': file.bytes.length })
    response.end(request.method === 'HEAD' ? undefined : file.bytes)
  }

  const isScraper = ({ headers: { authorization } }: IncomingMessage): boolean => {
    const bears = bearerToken(authorization)
    return [token, metricsToken].some((wanted) => wanted !== undefined && isToken(bears, wanted))
  }

  const scrape = async ({ method }: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (method !== 'GET' && method !== 'HEAD') return say(response, 405, 'GET only.', { allow: 'GET, HEAD' })
    const text = await metrics()
    response
      .writeHead(200, { 'content-type': METRICS_TYPE, 'cache-control': 'no-store' })
      .end(method === 'HEAD' ? undefined : text)
  }

  const tellMail = (asked: string, response: ServerResponse): void => {
    if (!/^\d{1,15}$/.test(asked)) return say(response, 400, 'Ask for ?quantum=, a whole number.')
    tell(response, mail(Number(asked)))
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { origin, host: own, 'content-type': type, 'sec-fetch-site': site } = request.headers
    if (request.method !== 'POST') return say(response, 405, 'POST only.', { allow: 'POST' })
    if (!isSameOrigin(origin, own) || (site !== undefined && site !== 'same-origin')) return say(response, 403, 'Not from here.')
    if (type !== 'application/json') return say(response, 415, 'JSON only.')
    if (acts >= ACTS_MAX) return say(response, 429, 'Too much is asked at a time.')
    acts++
    try {
      const asked = await read(request)
      if (asked === undefined) return say(response, 413, `At most ${BODY_BYTES_MAX} bytes.`)
      const { data } = operatorRequest.safeParse(asked)
      if (data === undefined) return tell(response, { error: 'CP_COMMAND act: not a request; expected what the page sends' }, 400)
      tell(response, await act(data))
    } catch (error) {
      if (!(error instanceof ColdpoolError)) throw error
      tell(response, { error: error.message }, 502)
    } finally {
      acts--
    }
  }

  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5000, maxHeaderSize: 16 << 10 }, (request, response) => {
    serve(request, response).catch(() => {
      if (!response.headersSent) say(response, 500, 'The dashboard failed.')
      else response.destroy()
    })
  })
  server.maxConnections = CONNECTIONS_MAX
  return server
}

const NO_BEARER = 'Send Authorization: Bearer with the token of the dashboard, or with that for metrics.'
const NO_TOKEN = 'Open the link with ?token=… that the dashboard has written when it started.'

function say(response: ServerResponse, code: number, text: string, more: Readonly<Record<string, string>> = {}): void {
  response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8', ...more }).end(`${text}\n`)
}

function tell(response: ServerResponse, answer: OperatorAnswer | readonly Heard[], code = 200): void {
  response.writeHead(code, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(answer))
}

/** Undefined if it is too long; null if it is no JSON. */
async function read(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > BODY_BYTES_MAX) return undefined
    parts.push(part)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString()) as unknown
  } catch {
    return null
  }
}
