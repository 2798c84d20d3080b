import { once } from 'node:events'
import { type IncomingMessage, request, type RequestOptions, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import { ColdpoolError } from '#shared/errors.ts'
import type { OperatorRequest } from '../desk.ts'
import { dashboardServer } from './server.ts'

const TOKEN = 'a-token-of-this-test'
const INJECT = { command: 'inject', workload: { host: 'host-1', kind: 'bear' } } as const

let server: Server | undefined
let port = 0
const asked: OperatorRequest[] = []

afterEach(() => {
  server?.close()
  asked.length = 0
})

async function serve(token?: string, metricsToken?: string): Promise<void> {
  server = dashboardServer({
    settings: {
      host: '127.0.0.1',
      port: 0,
      ...(token !== undefined && { token }),
      ...(metricsToken !== undefined && { metricsToken }),
    },
    stream: () => false,
    mail: (quantum) => [{ quantum, lines: [], more: 0 }],
    metrics: () => Promise.resolve('coldpool_run_heard 0\n'),
    act: (given) => {
      asked.push(given)
      if (given.command === 'end') throw new ColdpoolError('CP_BUS', 'bus', 'nobody answers', 'an answer')
      return Promise.resolve({ id: 'x', quantum: 1, seconds: 0.001 })
    },
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
}

/** As no fetch would let us: with any Host and Origin. */
async function ask(path: string, options: RequestOptions = {}, body?: string) {
  const sent = request({ host: '127.0.0.1', port, path, ...options })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return { code: response.statusCode, headers: response.headers, text: await text(response) }
}

function act(body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const own = { host: `127.0.0.1:${port}`, origin: `http://127.0.0.1:${port}`, 'content-type': 'application/json', ...headers }
  return ask('/act', { method: 'POST', headers: own }, typeof body === 'string' ? body : JSON.stringify(body))
}

describe('the page', () => {
  test('is served with a strict policy, and its scripts as JavaScript under their own paths', async () => {
    await serve()
    const page = await ask('/')
    expect(page.code).toBe(200)
    expect(page.headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'self' 'sha256-[^']+' 'sha256-[^']+'; style-src 'self'/,
    )
    expect(page.headers['x-content-type-options']).toBe('nosniff')
    expect(page.text).not.toMatch(/https?:\/\//)
    for (const path of ['/web/page.ts', '/shared/units.ts', '/simulation/dashboard/history.ts', '/uplot/uplot.js']) {
      const script = await ask(path)
      expect([path, script.code, script.headers['content-type']]).toEqual([path, 200, 'text/javascript; charset=utf-8'])
      expect(script.text).not.toMatch(/\binterface \w+ \{/)
    }
  })

  test.each([
    '/web/tsconfig.json',
    '/package.json',
    '/web/../package.json',
    '/web/run.test.ts',
    '/simulation/run.ts',
    '/%2e%2e/etc/passwd',
  ])('%s is no part of it', async (path) => {
    await serve()
    expect((await ask(path)).code).toBe(404)
  })

  test('is not given to who comes by another name, or with another method', async () => {
    await serve()
    expect((await ask('/', { headers: { host: 'evil.example' } })).code).toBe(421)
    expect((await ask('/', { method: 'DELETE' })).code).toBe(405)
    expect((await ask('/events')).code).toBe(503)
  })
})

describe('mail around a quantum', () => {
  test('is told to who asks for one, and to no other', async () => {
    await serve()
    expect(await ask('/mail?quantum=12')).toMatchObject({
      code: 200,
      text: '[{"quantum":12,"lines":[],"more":0}]',
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    })
    for (const query of [
      '',
      '?quantum=',
      '?quantum=-1',
      '?quantum=1.5',
      '?quantum=1e3',
      `?quantum=${'9'.repeat(40)}`,
      '?quantum=__proto__',
    ])
      expect((await ask(`/mail${query}`)).code, query).toBe(400)
    expect((await ask('/mail?quantum=1', { headers: { host: 'evil.example' } })).code).toBe(421)
    expect((await ask('/mail?quantum=1', { method: 'POST' })).code).toBe(405)
  })
})

describe('with a token', () => {
  test('nothing is given without it but health; the link sets a cookie once, and that opens', async () => {
    await serve(TOKEN)
    expect((await ask('/health')).code).toBe(200)
    for (const path of ['/', '/events', '/mail?quantum=1', '/web/page.ts', '/?token=wrong', '/act'])
      expect((await ask(path)).code, path).toBe(401)
    const opened = await ask(`/?token=${TOKEN}`)
    expect([opened.code, opened.headers.location]).toEqual([303, '/'])
    const cookie = opened.headers['set-cookie']![0]!.split(';')[0]!
    expect((await ask('/', { headers: { cookie } })).code).toBe(200)
    expect((await act(INJECT)).code).toBe(401)
    expect((await act(INJECT, { cookie })).code).toBe(200)
  })
})

describe('metrics', () => {
  const SCRAPE = 'a-token-for-metrics'
  const bearing = (token: string, host?: string) => ({
    headers: { authorization: `Bearer ${token}`, ...(host !== undefined && { host }) },
  })

  test('are text of version 0.0.4, open where the page is', async () => {
    await serve()
    expect(await ask('/metrics')).toMatchObject({
      code: 200,
      text: 'coldpool_run_heard 0\n',
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' },
    })
    expect((await ask('/metrics', { method: 'HEAD' })).text).toBe('')
    expect((await ask('/metrics', { method: 'POST' })).code).toBe(405)
    expect((await ask('/metrics', { headers: { host: 'evil.example' } })).code).toBe(421)
  })

  test('need a bearer of the token where the page needs it, who may come by any name', async () => {
    await serve(TOKEN)
    const refused = await ask('/metrics')
    expect([refused.code, refused.headers['www-authenticate']]).toEqual([401, 'Bearer'])
    for (const path of ['/metrics', `/metrics?token=${TOKEN}`]) expect((await ask(path, bearing('wrong'))).code, path).toBe(401)
    expect((await ask('/metrics', { headers: { authorization: TOKEN } })).code).toBe(401)
    expect((await ask('/metrics', bearing('wrong', 'observer:8080'))).code).toBe(421)
    expect((await ask('/metrics', bearing(TOKEN))).code).toBe(200)
    expect((await ask('/metrics', bearing(TOKEN, 'observer:8080'))).code).toBe(200)
  })

  test('have a token of their own, which opens nothing else', async () => {
    await serve(TOKEN, SCRAPE)
    expect((await ask('/metrics', bearing(SCRAPE, 'observer:8080'))).code).toBe(200)
    for (const path of ['/', '/events', '/act', `/?token=${SCRAPE}`])
      expect((await ask(path, bearing(SCRAPE))).code, path).toBe(401)
    expect((await act(INJECT, { authorization: `Bearer ${SCRAPE}`, cookie: `coldpool-token=${SCRAPE}` })).code).toBe(401)
    expect(asked).toEqual([])
  })
})

describe('to act', () => {
  test('is for the page alone: same origin, JSON, POST', async () => {
    await serve()
    expect((await act(INJECT, { origin: 'http://evil.example' })).code).toBe(403)
    expect((await act(INJECT, { 'sec-fetch-site': 'cross-site' })).code).toBe(403)
    expect((await act(INJECT, { 'content-type': 'text/plain' })).code).toBe(415)
    expect((await ask('/act', { method: 'POST' }, JSON.stringify(INJECT))).code).toBe(403)
    expect((await ask('/act')).code).toBe(405)
    expect(asked).toEqual([])
    expect(await act(INJECT)).toMatchObject({ code: 200, text: '{"id":"x","quantum":1,"seconds":0.001}' })
    expect(asked).toEqual([INJECT])
  })

  test.each([
    '',
    'null',
    '[]',
    '{',
    '{"command":"reboot"}',
    '{"command":"pace","pace":-1}',
    '{"command":"pause","more":1}',
    '{"command":"inject"}',
  ])('takes no %s', async (body) => {
    await serve()
    expect((await act(body)).code).toBe(400)
    expect(asked).toEqual([])
  })

  test('is bounded, and says what is wrong when nobody answers', async () => {
    await serve()
    expect((await act({ command: 'stop', id: 'x'.repeat(1 << 17) })).code).toBe(413)
    expect(await act({ command: 'end' })).toMatchObject({ code: 502, text: expect.stringContaining('nobody answers') })
  })
})
