/** What `/metrics` says of a real run, against promtool and against all that is provisioned to read it. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { tiny, TINY_YAML } from '#simulation/cluster/tiny.fixture.ts'
import { type Dashboard, openDashboard } from '#simulation/dashboard/dashboard.ts'
import { type Exposed, readExposition } from '#simulation/dashboard/exposition.fixture.ts'
import { LiveRun } from '#simulation/dashboard/live-run.ts'
import { runScenario } from '#simulation/run.ts'
import type { Verdict } from '#simulation/verdict.ts'
import { isMissing } from './compose/tool.fixture.ts'

interface Panel {
  readonly title: string
  readonly datasource: { readonly uid: string }
  readonly targets: readonly { readonly expr: string }[]
}

const noPromtool = isMissing('promtool', '--version')
const TOKEN = 'a-token-of-this-test'
const DEPLOY = new URL('../deploy/', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, DEPLOY), 'utf8')

let dashboard: Dashboard | undefined
let before = ''
let text = ''
let metrics: ReadonlyMap<string, Exposed>
let verdict: Verdict

beforeAll(async () => {
  const live = new LiveRun()
  dashboard = await openDashboard({ host: '127.0.0.1', port: 0, token: TOKEN }, { source: live })
  before = await scrape()
  verdict = (await runScenario({ scenario: tiny(), yaml: TINY_YAML, out: undefined }, { live })).verdict
  text = await scrape()
  metrics = readExposition(text)
})
afterAll(() => dashboard?.close())

async function scrape(): Promise<string> {
  const answer = await fetch(new URL('/metrics', dashboard!.url), { headers: { authorization: `Bearer ${TOKEN}` } })
  return answer.text()
}

describe('the metrics of a run that has ended', () => {
  test('are what its verdict says', () => {
    expect(metrics.get('coldpool_run_state')!.series.get('state="ended"')).toBe(1)
    expect(metrics.get('coldpool_virtual_seconds')!.series.get('')).toBe(verdict.virtualSeconds)
    for (const [id, figures] of Object.entries(verdict.hosts))
      expect(metrics.get('coldpool_host_demoted_pages_total')!.series.get(`host="${id}"`)).toBe(figures['demoted'])
    for (const [id, figures] of Object.entries(verdict.devices)) {
      const used = Array.from(metrics.get('coldpool_device_used_bytes')!.series).filter(([labels]) => labels.includes(`"${id}"`))
      expect(used.reduce((sum, [, value]) => sum + value, 0)).toBe(figures['usedBytes'])
    }
  })

  test('were no more than that none is heard of, before it began', () => {
    expect(Array.from(readExposition(before).keys())).toEqual(['coldpool_run_heard'])
    expect(metrics.get('coldpool_run_heard')!.series.get('')).toBe(1)
  })

  test.skipIf(noPromtool)('are to promtool’s liking', () => {
    for (const input of [before, text]) {
      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })
      expect([status, stdout, stderr]).toEqual([0, '', ''])
    }
  })
})

describe('Prometheus', () => {
  test('scrapes the observer, with the token that init makes', () => {
    const { scrape_configs: jobs } = parse(read('prometheus/prometheus.yml')) as {
      scrape_configs: { static_configs: unknown; authorization: unknown; metrics_path?: string }[]
    }
    expect(jobs).toHaveLength(1)
    expect(jobs[0]).toMatchObject({
      static_configs: [{ targets: ['observer:8080'] }],
      authorization: { credentials_file: '/run/coldpool-metrics/token' },
    })
    expect(jobs[0]!.metrics_path).toBeUndefined()
  })

  test.skipIf(noPromtool)('takes its configuration', () => {
    const file = new URL('prometheus/prometheus.yml', DEPLOY).pathname
    const checked = spawnSync('promtool', ['check', 'config', '--syntax-only', file], { encoding: 'utf8' })
    expect(checked.status, checked.stderr).toBe(0)
  })
})

describe('Grafana', () => {
  const names = readdirSync(new URL('grafana/dashboards/', DEPLOY))
  const boards = names.map((name) => JSON.parse(read(`grafana/dashboards/${name}`)) as { uid: string; panels: Panel[] })
  const panels = boards.flatMap((board) => board.panels)

  test('is given a data source and the folder of its dashboards', () => {
    const sources = parse(read('grafana/provisioning/datasources/prometheus.yml')) as {
      datasources: { uid: string; url: string }[]
    }
    const providers = parse(read('grafana/provisioning/dashboards/coldpool.yml')) as {
      providers: { options: { path: string } }[]
    }
    expect(names).toEqual(['coldpool.json'])
    expect(sources.datasources).toMatchObject([{ uid: 'coldpool-prometheus', url: 'http://prometheus:9090' }])
    expect(providers.providers[0]!.options.path).toBe('/etc/coldpool-grafana/dashboards')
    for (const { title, datasource } of panels) expect(datasource.uid, title).toBe('coldpool-prometheus')
  })

  test.each(panels.map(({ title, targets }) => [title, targets] as const))('shows in “%s” what there is', (_, targets) => {
    for (const { expr } of targets) {
      const named = expr.match(/coldpool_\w+/g) ?? []
      expect(named.length, expr).toBeGreaterThan(0)
      for (const name of named) expect(metrics.has(name), name).toBe(true)
      // A rate is taken of what only grows.
      for (const [, name] of expr.matchAll(/rate\((\w+)/g)) expect(metrics.get(name!)!.type, name).toBe('counter')
    }
  })

  test.skipIf(noPromtool)('asks in PromQL that Prometheus takes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'coldpool-promql-'))
    const exprs = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '1m')))
    const rules = exprs.map((expr, i) => ({ record: `panel:${i}`, expr }))
    writeFileSync(join(folder, 'rules.json'), JSON.stringify({ groups: [{ name: 'panels', rules }] }))
    const { status, stderr } = spawnSync('promtool', ['check', 'rules', join(folder, 'rules.json')], { encoding: 'utf8' })
    rmSync(folder, { recursive: true })
    expect(status, stderr).toBe(0)
  })
})
