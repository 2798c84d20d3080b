/** A real Prometheus, by the configuration that compose mounts, scrapes a dashboard; every panel of ours then has something to show. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { tiny, TINY_YAML } from '#simulation/cluster/tiny.fixture.ts'
import { type Dashboard, openDashboard } from '#simulation/dashboard/dashboard.ts'
import { LiveRun } from '#simulation/dashboard/live-run.ts'
import { runScenario } from '#simulation/run.ts'
import { isMissing } from './compose/tool.fixture.ts'

const missing = isMissing('prometheus', '--version')
const DEPLOY = new URL('../deploy/', import.meta.url)
const METRICS_TOKEN = 'a-scraper-of-this-test'
const folder = mkdtempSync(join(tmpdir(), 'coldpool-prometheus-'))

let dashboard: Dashboard | undefined
let prometheus: ChildProcess | undefined
let url = ''

beforeAll(async () => {
  if (missing) return
  const live = new LiveRun()
  const settings = { host: '127.0.0.1', port: 0, token: 'not-known-to-the-scraper', metricsToken: METRICS_TOKEN }
  dashboard = await openDashboard(settings, { source: live })
  await runScenario({ scenario: tiny(), yaml: TINY_YAML, out: undefined }, { live })
  url = `http://127.0.0.1:${await freePort()}`
  writeFileSync(join(folder, 'token'), METRICS_TOKEN)
  const mounted = readFileSync(new URL('prometheus/prometheus.yml', DEPLOY), 'utf8')
  const here = mounted
    .replace('observer:8080', new URL(dashboard.url).host)
    .replace('/run/coldpool-metrics/token', join(folder, 'token'))
    .replace('scrape_interval: 5s', 'scrape_interval: 500ms')
    .replace('scrape_timeout: 4s', 'scrape_timeout: 500ms')
  writeFileSync(join(folder, 'prometheus.yml'), here)
  const options = {
    'config.file': join(folder, 'prometheus.yml'),
    'storage.tsdb.path': join(folder, 'data'),
    'web.listen-address': new URL(url).host,
  }
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  prometheus = spawn('prometheus', args, { stdio: 'ignore' })
})

afterAll(async () => {
  await dashboard?.close()
  if (prometheus?.kill() === true) await once(prometheus, 'exit')
  rmSync(folder, { recursive: true })
})

test.skipIf(missing)('Prometheus finds a series for every panel', { timeout: 60_000 }, async () => {
  const board = JSON.parse(readFileSync(new URL('grafana/dashboards/coldpool.json', DEPLOY), 'utf8')) as {
    panels: { title: string; targets: { expr: string }[] }[]
  }
  const asked = board.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr })))
  expect(asked.length).toBeGreaterThan(board.panels.length / 2)
  await vi.waitFor(
    async () => {
      const found = await Promise.all(asked.map(({ expr }) => seriesOf(expr.replaceAll('$__rate_interval', '1m'))))
      expect(asked.filter((_, i) => found[i] === 0).map(({ title }) => title)).toEqual([])
    },
    { timeout: 50_000, interval: 250 },
  )
})

/** How many the answer to a question in PromQL holds. */
async function seriesOf(expr: string): Promise<number> {
  const answer = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expr }).toString()}`)
  const { status, data } = (await answer.json()) as { status: string; data: { result: unknown[] } }
  expect(status, expr).toBe('success')
  return data.result.length
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
