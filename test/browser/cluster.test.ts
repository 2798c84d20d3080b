/** The dashboard of a cluster's observer: real processes on a real NATS server, acted upon by clicking, and losing nothing. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseScenario } from '#shared/scenario.ts'
import { LiveRun } from '#simulation/dashboard/live-run.ts'
import { parseInjections } from '#simulation/injections.ts'
import { runScenario } from '#simulation/run.ts'
import { amended } from '../amended.fixture.ts'
import { Cluster, type Run } from '../cluster/cluster.fixture.ts'
import { expectAsOnMemory } from '../cluster/reference.fixture.ts'
import { SLOW, STAGES, TROUBLED } from '../cluster/scenario.fixture.ts'
import { NatsServer, noServer } from '../cluster/server.fixture.ts'
import { Browser } from './browser.fixture.ts'
import { noChromium } from './chromium.fixture.ts'

const TOKEN = 'the-token-of-this-test'
/** Soon over when it is let go; until then it lasts 100 s, for all that is done on however busy a machine. */
const SCENARIO = amended(TROUBLED, 'duration=4s')

const absent = [noServer(), noChromium()].includes(true)

describe.skipIf(absent)('the dashboard of a cluster', () => {
  let server: NatsServer
  let cluster: Cluster
  let browser: Browser
  let run: Run

  beforeAll(async () => {
    // First, for it takes seconds on a busy machine, and the run does not wait for it.
    browser = await Browser.open()
    server = await NatsServer.start()
    cluster = new Cluster(server)
    cluster.start(STAGES)
    run = await cluster.conduct(SCENARIO, { paces: [SLOW] })
    cluster.observe({ COLDPOOL_DASHBOARD_PORT: '0', COLDPOOL_DASHBOARD_HOST: '0.0.0.0', COLDPOOL_DASHBOARD_TOKEN: TOKEN })
  })

  afterAll(async () => {
    await browser?.close()
    await cluster?.stop()
    await server?.stop()
  })

  test('opens by the link that the observer’s log shows, and hides the token', async () => {
    const url = await cluster.wait(
      () => cluster.of('observer').log.find(({ message }) => message === 'dashboard')?.['url'] as string,
    )
    expect(url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:\\d+/\\?token=${TOKEN}$`))
    await browser.load(url)
    expect(browser.page.url()).toBe(url.replace(/\?.*/, ''))
    await browser.page.locator('#state[data-state="running"]').waitFor()
    await browser.page.locator('#transport').waitFor()
  })

  test('injects a workload by clicking, and shows that it has come', async () => {
    const { page } = browser
    await page.locator('#act-kind').selectOption('scan')
    await page.locator('#act-host').selectOption('host-2')
    await page.locator('#act-rate').fill('50MB/s')
    await page.locator('#act-size').fill('8MiB')
    await page.locator('#act-for').fill('')
    await page.getByRole('button', { name: 'Inject' }).click()
    await page.locator('.said', { hasText: /^workload-4 starts on host-2 at [\d.]+ s$/ }).waitFor()
    await page.locator('[data-workload="workload-4"]', { hasText: 'injected' }).waitFor()
    await page.locator('#timeline .marks button', { hasText: 'workload-4' }).first().waitFor()
    expect(readFileSync(join(run.folder, 'injections.yaml'), 'utf8')).toMatch(
      /inject: workload-4, workload: \{ host: host-2, kind: scan/,
    )
    await browser.shoot('injected', '#act')
  })

  test('says what is wrong with one that fits nowhere, and stops one that is there', async () => {
    const { page } = browser
    await page.locator('#act-rate').fill('fast')
    await page.getByRole('button', { name: 'Inject' }).click()
    await page.locator('.said[data-state="alarm"]', { hasText: 'expected a data rate such as 20GB/s' }).waitFor()
    await page.getByRole('button', { name: 'Stop workload-4' }).click()
    await page.locator('[data-workload="workload-4"]', { hasText: /stopping|left/ }).waitFor()
    expect(readFileSync(join(run.folder, 'injections.yaml'), 'utf8')).toContain('stop: workload-4')
  })

  test('loses no history when NATS dies and comes back, nor by a reload', async () => {
    const { page } = browser
    const injected = page.locator('#timeline .marks button', { hasText: 'workload-4' }).first()
    /** Of the oldest sample. */
    const since = async (): Promise<string> =>
      /from [\d.]+ s/.exec((await page.locator('canvas.lanes').getAttribute('aria-label'))!)![0]
    const oldest = await since()
    await server.restart()
    const before = cluster.status!.virtualSeconds
    await cluster.until(({ state, virtualSeconds }) => state === 'running' && virtualSeconds > before)
    await injected.waitFor()
    expect(await since()).toBe(oldest)
    await browser.load()
    await injected.waitFor()
    expect(await since()).toBe(oldest)
  })

  test('is told of the end with the run’s own figures, and the run is what it would have been on the memory bus', async () => {
    const { page } = browser
    await page.locator('#pace').selectOption('0')
    const folder = await run.ended()
    await page.locator('#state[data-state="ended"]').waitFor()
    const verdict = JSON.parse(readFileSync(join(folder, 'verdict.json'), 'utf8')) as {
      devices: Record<string, { usedBytes: number }>
    }
    const used = page.locator('[data-device="device-1"] [data-figure="used"]')
    expect(Number(await used.getAttribute('data-value'))).toBe(verdict.devices['device-1']!.usedBytes)
    await expectAsOnMemory(folder, SCENARIO, readFileSync(join(folder, 'injections.yaml'), 'utf8'))
  })

  test('shows the mail around a mark, gathered from all stages, as a run in one process has it', async () => {
    const { page } = browser
    const button = page.locator('#timeline .marks button', { hasText: 'workload-4' }).first()
    const quantum = Number((await button.getAttribute('data-mark'))!.split(' ')[0])
    await button.click()
    const told = await browser.mail()
    expect(told.length).toBeGreaterThan(3)
    const scenario = parseScenario(SCENARIO, 'troubled')
    const injections = readFileSync(join(run.folder, 'injections.yaml'), 'utf8')
    const live = new LiveRun()
    const expected: string[] = []
    await live.follow({
      events: ({ mail = [] }) => {
        for (const heard of mail)
          if (Math.abs(heard.quantum - quantum) <= 2)
            expected.push(...heard.lines.map(({ from, to, kind, mails }) => `${heard.quantum} ${from} ${to} ${kind} ${mails}`))
      },
    })
    const script = parseInjections(injections, 'injections.yaml', scenario)
    await runScenario({ scenario, yaml: SCENARIO, out: undefined, script }, { live })
    expect(told).toEqual(expected)
    expect(browser.troubles).toEqual([])
  })
})
